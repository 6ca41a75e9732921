"""Chips from the release of reset to where they take work, and from one frequency to another: steps carried out.

Which steps, and where they come from, stands in chips/init.py. What a chip must answer on the way is counted and
compared. None of them hashes when they are through: the time of a sweep (HCN) is told with the first work.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .chips.init import domain_ends, relays
from .chips.partition import addresses, hcn, offsets
from .chips.pll import pll, ramp
from .chips.steps import (
    Addresses,
    Baud,
    BlankJob,
    Count,
    Each,
    Hcn,
    Inactive,
    Offsets,
    Pause,
    Ramp,
    Relay,
    Step,
    Ticket,
    Versions,
    Write,
)
from .errors import AddressStuck, ChipsMissing, NoChips, WrongChips
from .wire.bm13xx import HeaderJob

if TYPE_CHECKING:
    from .chain import Chain

_OFFSET, _HCN, _RELAY = 0x0C, 0x10, 0x2C
_OFFSET_ON = 0x80000000
_TRIES = 3


async def carry_out(chain: Chain, steps: Iterable[Step], mhz: float) -> None:
    """`mhz` is where a ramp leads. Raises DeviceError when chips are missing, others, or without an address."""
    for step in steps:
        await _carry_out(chain, step, mhz)


async def _carry_out(chain: Chain, step: Step, mhz: float) -> None:
    match step:
        case Write():
            await _write(chain, step)
        case Each():
            await _each(chain, step)
        case Pause():
            await chain.pause(step.seconds)
        case Inactive():
            for _ in range(step.times):
                chain.make_inactive()
                await chain.pause(step.pause_s)
        case Count():
            await _count(chain, step)
        case Addresses():
            await _address(chain, step)
        case Ticket():
            chain.set_ticket(chain.ticket)
            await chain.pause(step.pause_s)
        case Ramp():
            await _ramp(chain, step, mhz)
        case Hcn():
            if chain.hashing:
                chain.write(_HCN, hcn(chain.chip, chain.n_chips, mhz))
                await chain.pause(step.pause_s)
        case Versions():
            chain.set_mask(chain.mask)
            await chain.pause(step.pause_s)
        case Baud():
            await _baud(chain, step)
        case Relay():
            for chip, value in relays(chain.n_chips, chain.row.domains):
                chain.write(_RELAY, value, addresses(chain.n_chips)[chip])
                await chain.pause(step.pause_s)
        case BlankJob():
            chain.send(HeaderJob(0, 0, 0, bytes(32), bytes(32), 0))
            await chain.pause(step.pause_s)
        case Offsets():
            for address, offset in zip(addresses(chain.n_chips), offsets(chain.n_chips), strict=True):
                chain.write(_OFFSET, _OFFSET_ON | offset, address)
                await chain.pause(step.pause_s)


async def _write(chain: Chain, step: Write) -> None:
    targets: list[int | None] = [None]
    if step.to == "first":
        targets = [0]
    elif step.to == "domain ends":
        every = addresses(chain.n_chips)
        targets = [every[chip] for chip in domain_ends(chain.n_chips, chain.row.domains)]
    for address in targets:
        for _ in range(step.times):
            chain.write(step.register, step.value, address)
            await chain.pause(step.pause_s)


async def _each(chain: Chain, step: Each) -> None:
    for address in addresses(chain.n_chips):
        for write in step.writes:
            chain.write(write.register, write.value, address)
            await chain.pause(write.pause_s)
        await chain.pause(step.pause_s)


async def _baud(chain: Chain, step: Baud) -> None:
    for write in step.writes:
        await _write(chain, write)
    await chain.set_baud(step.baud)
    await chain.pause(step.pause_s)
    for write in step.then:
        await _write(chain, write)
    chain.take_errors()  # what was said meanwhile could not be understood


async def _ramp(chain: Chain, step: Ramp, mhz: float) -> None:
    if chain.before_ramp is not None:
        await chain.before_ramp()
        chain.before_ramp = None
    for next_mhz in ramp(chain.chip, chain.mhz, mhz):
        for write in step.before:
            await _write(chain, write)
        setting = pll(chain.chip, next_mhz)
        for address in addresses(chain.n_chips) if step.each else [None]:
            for _ in range(step.times):
                chain.write(chain.chip.pll.register, setting.register, address)
                await chain.pause(step.gap_s)
        chain.mhz = setting.mhz
        await chain.pause(step.pause_s)


async def _count(chain: Chain, step: Count) -> None:
    """Every chip answers, each with its own name."""
    before = chain.broken
    found = await chain.ask_ids(step.size, step.quiet_s)
    broken = chain.broken - before
    if not found:
        raise NoChips(
            f"{chain.name}: no chip answers; is it powered, and the line whole?", found, chain.n_chips, broken
        )
    if others := set(found) - {chain.chip.id}:
        raise WrongChips(
            f"{chain.name}: a chip says that it is a BM{min(others):04X}; {chain.row.title} has {chain.chip.name}",
            found,
            chain.n_chips,
            broken,
        )
    if len(found) != chain.n_chips:
        raise ChipsMissing(
            f"{chain.name}: {len(found)} of {chain.n_chips} chips answer; the fault is at the one after the last",
            found,
            chain.n_chips,
            broken,
        )
    chain.ids = tuple(found)
    chain.tell("counted")


async def _address(chain: Chain, step: Addresses) -> None:
    """Chips that do not take theirs would all hash the same (ESP-Miner, issue 56)."""
    wanted = addresses(chain.n_chips)
    for address in wanted:
        chain.set_address(address)
        await chain.pause(step.pause_s)
    if not chain.tells_addresses:
        chain.tell("addressed")
        return
    missing = set(wanted)
    for _ in range(_TRIES):
        missing -= set(await chain.read_all(0))
        if not missing:
            chain.tell("addressed")
            return
    raise AddressStuck(
        f"{chain.name}: no chip has taken the address {min(missing):02X}; they would all hash the same: "
        "switch it off and on again",
        len(wanted) - len(missing),
        len(wanted),
    )
