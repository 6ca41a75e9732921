"""`joulehash mine`: devices, a pool, and a face to watch them by."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from signal import SIGHUP
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ...engine.errors import InputError
from .mineoptions import (
    Affinity,
    AsJson,
    BlockEvery,
    Config,
    Device,
    Difficulty,
    Duration,
    Failback,
    Journal,
    Kernel,
    Meter,
    Passport,
    Password,
    PaysMe,
    Picture,
    Quota,
    Record,
    Shares,
    Stay,
    Supply,
    Threads,
    Unguarded,
    Url,
    User,
    VersionRolling,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ...engine.events import Summary
    from ..faces import Face
    from ..options import MineOptions
    from ..signals import Signals


def mine(
    url: Url = None,
    user: User = None,
    password: Password = None,
    quota: Quota = None,
    failback: Failback = None,
    stay: Stay = None,
    device: Device = None,
    unguarded: Unguarded = None,
    meter: Meter = None,
    supply: Supply = None,
    kernel: Kernel = None,
    threads: Threads = None,
    affinity: Affinity = None,
    record: Record = None,
    duration: Duration = None,
    passport: Passport = None,
    journal: Journal = None,
    pays_me: PaysMe = None,
    shares: Shares = None,
    block_every: BlockEvery = None,
    difficulty: Difficulty = None,
    version_rolling: VersionRolling = None,
    config: Config = None,
    picture: Picture = None,
    as_json: AsJson = False,
) -> int:
    """Mine with the CPU or with boards, on a pool or, without -o, on an embedded one that needs nothing."""
    from ..faces import choose_face
    from ..options import MineOptions, check_writable, load_options, merge
    from ..signals import noted_signals

    given = MineOptions(
        url=url or None,
        user=user or None,
        password=password or None,
        quota=quota,
        failback=failback,
        stay=stay,
        device=device,
        unguarded=unguarded,
        meter=meter,
        supply=supply,
        record=record,
        passport=passport,
        journal=journal,
        pays_me=pays_me,
        kernel=kernel,
        threads=threads,
        affinity=affinity,
        duration=duration,
        shares=shares,
        block_every=block_every,
        difficulty=[*difficulty] if difficulty else None,
        version_rolling=version_rolling,
    )
    with noted_signals() as signals:
        options = merge(given, load_options(config))
        options.check()
        if picture is not None and as_json:
            raise InputError("--picture: is of the screen; leave it out with --json")
        if picture is not None:
            check_writable("--picture", picture)
        reloads = None if config is None else (config, given)
        asyncio.run(_mine(options, reloads, choose_face(as_json=as_json, picture=picture), signals))
    return 0


async def _mine(options: MineOptions, reloads: tuple[Path, MineOptions] | None, face: Face, signals: Signals) -> None:
    """`reloads`: the configuration's file, and what the command line says."""
    from ... import __version__
    from ...engine.errors import DeviceError
    from ...engine.events import Started
    from ...engine.journal import Journal, journal_path
    from ...engine.miner import Miner
    from ...hw.passport.where import passport_path
    from ..devices import Devices
    from ..energy import meter_of, metered_miner, used
    from ..hand import Hand
    from ..keeper import Keeper
    from ..lines import counts_line, rates_line
    from ..pools import Pools
    from ..reload import Reload
    from ..running import Attending, Running
    from ..systemd import Systemd

    systemd = Systemd.of()
    summary: Summary | None = None
    try:
        devices = Devices(options)
        async with AsyncExitStack() as stack:
            stack.enter_context(devices.files)
            attending = await stack.enter_async_context(Attending())
            for named in devices.each.values():
                await attending.enter(named)
            meter = None if options.meter is None else meter_of(options.meter, devices.sensing)
            keeper = Keeper(passport_path(options.passport), devices.claims, face.event)
            journal = await stack.enter_async_context(Journal(journal_path(options.journal), face.event))
            pools = Pools(options, face.event, journal, changeable=reloads is not None)
            miner = Miner(pools.pool, devices.all, keeper.event)
            metered = await stack.enter_async_context(metered_miner(meter, miner, face.event))
            face.event(Started(__version__, miner.pool.name, [device.name for device in devices.all]))
            running = asyncio.create_task(miner.run(options.duration, options.shares))
            await stack.enter_async_context(keeper.keeping(miner, metered))
            hand = None if pools.group is None else Hand(pools.group, face.event)
            with signals.tell(miner.stop, running.cancel):
                watching = [
                    asyncio.create_task(face.watch(miner, metered, hand)),
                    asyncio.create_task(systemd.beat(lambda: f"{rates_line(miner)} | {counts_line(miner)}")),
                ]
                if reloads is not None:
                    whole = Running(options, miner, pools, devices, attending, keeper, face.event)
                    reload = Reload(*reloads, options, whole.change, face.event, systemd)
                    stack.enter_context(signals.others({SIGHUP: reload.hurry}))
                    watching.append(asyncio.create_task(reload.watch()))
                if hand is not None:
                    stack.enter_context(signals.others(hand.signals))
                systemd.ready()
                try:
                    await asyncio.wait([running])
                finally:
                    systemd.stopping()
                    for task in watching:
                        task.cancel()
                    await asyncio.wait(watching)
            summary = miner.summary() if running.cancelled() else running.result()
            if metered is not None:
                summary = replace(summary, energy=used(metered.over(None)))
    finally:
        face.close(summary)
    if miner.why_idle:
        raise DeviceError(f"no device has worked: {miner.why_idle}")
