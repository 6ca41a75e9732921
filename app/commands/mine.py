"""`joulehash mine`: devices, a pool, and a face to watch them by."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from signal import SIGHUP
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from ...engine.errors import InputError

if TYPE_CHECKING:
    from ...engine.events import Summary
    from ..faces import Face
    from ..options import MineOptions
    from ..signals import Signals


def mine(
    url: Annotated[
        list[str] | None,
        typer.Option(
            "-o",
            "--url",
            metavar="URL",
            help="Pool, as stratum+tcp://HOST:PORT, or node, as http://USER:PASS@HOST:PORT; several, the best first.",
        ),
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(
            "-u",
            "--user",
            metavar="USER",
            help="User name at the pool, often ADDRESS.WORKER; the n-th for the n-th -o.",
        ),
    ] = None,
    password: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--password",
            "--pass",
            metavar="PASS",
            help="Password at the pool; the n-th is for the n-th -o.",
            show_default="x",
        ),
    ] = None,
    quota: Annotated[
        str | None,
        typer.Option(
            metavar="2:1",
            help="Share the work between the pools in these parts; a pool without one, or with 0, is a backup.",
        ),
    ] = None,
    failback: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help="Return to a better pool when it has had work for so many seconds.",
            show_default="60",
        ),
    ] = None,
    stay: Annotated[
        bool | None, typer.Option("--stay", help="Stay with a pool that works, though a better one is back.")
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option(
            "-d",
            "--device",
            metavar="DEVICE",
            help="What to mine with: cpu[:KERNEL], [BOARD:]PORT, or a simulated sim:BOARD; several times for several.",
            show_default="cpu",
        ),
    ] = None,
    unguarded: Annotated[
        bool | None,
        typer.Option("--unguarded", help="Run boards that have no sensors to watch, at their lowest frequency."),
    ] = None,
    meter: Annotated[
        str | None,
        typer.Option(metavar="METER", help="What tells the energy, for J/TH: rapl:, board, shelly:HOST and others."),
    ] = None,
    supply: Annotated[
        str | None,
        typer.Option(metavar="SUPPLY", help="Bench supply that feeds the board: scpi:ADDRESS?volts=V&amps=A."),
    ] = None,
    kernel: Annotated[
        str | None,
        typer.Option(
            "-k",
            "--kernel",
            metavar="KERNEL",
            help="Hash kernel, as joulehash doctor lists them; short for -d cpu:KERNEL.",
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("-t", "--threads", metavar="N", help="CPU threads.", show_default="one for each core")
    ] = None,
    affinity: Annotated[
        bool | None, typer.Option("--affinity/--no-affinity", help="Bind each thread to its core.", show_default="bind")
    ] = None,
    record: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write what goes over the boards' lines, as JSON lines.")
    ] = None,
    duration: Annotated[
        float | None, typer.Option(metavar="S", help="Stop so many seconds after all devices are up.")
    ] = None,
    passport: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Where boards' passports are kept.",
            show_default="JOULEHASH_PASSPORT, or the user's data folder",
        ),
    ] = None,
    journal: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Where found blocks are written down before they are sent.",
            show_default="JOULEHASH_JOURNAL, or the user's data folder",
        ),
    ] = None,
    pays_me: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", help="Refuse a pool whose coinbase pays the address of -u less than that."),
    ] = None,
    shares: Annotated[int | None, typer.Option(metavar="N", help="Stop after so many accepted shares.")] = None,
    block_every: Annotated[
        float | None,
        typer.Option(metavar="S", help="Embedded pool: seconds between blocks, on average.", show_default="60"),
    ] = None,
    difficulty: Annotated[
        list[str] | None,
        typer.Option(
            metavar="D",
            help="Share difficulty to suggest to the pool, 0 for none; the n-th is for the n-th -o.",
            show_default="by rate",
        ),
    ] = None,
    version_rolling: Annotated[
        bool | None,
        typer.Option("--version-rolling/--no-version-rolling", help="Ask the pool for version bits to roll."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("-c", "--config", metavar="FILE", help="TOML file with the same names under [mine].")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Leave the last screen as an SVG picture.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")] = False,
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
