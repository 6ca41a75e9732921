"""How many frames of chips one core decodes, and how many nonces it takes the whole way to a judged claim.

Processor time is counted and not the clock's, as a machine may be shared. The whole way is the product's own: the
port's inbox, the chain's reader, the feeder that finds the work, the device, the judge; left out are the system's part
of a port (host_share.py has it) and the pool. A simulated Bitaxe Gamma is brought up for it on virtual time. Then its
driver is told things that no silicon said: in a row whose hashes need no zero bits every nonce is a true one, so that
nothing has to be hashed to have as many of them as are wanted.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from time import thread_time
from typing import Literal

from ..engine.chain.target import bits_from_target
from ..engine.clock import run_virtual
from ..engine.errors import InputError
from ..engine.judge import Fate, Judge, Quality
from ..engine.space import HeaderSpace
from ..engine.work import Assignment, Job
from ..hw.boards.row import Row
from ..hw.boards.table import board_row
from ..hw.make import Connection, board_device
from ..hw.sim.board import CHIPS
from ..hw.sim.table import simulate, simulator
from ..hw.spec import parse_spec
from ..hw.wire.bm13xx import Garbage, ResponseDecoder, nonce_response, register_response

FRAMES = 2048  # made at once, before the clock runs
MANY = 32  # of them in one read: what has gathered while the host did something else
_COUNTER, _ID_BYTE = 0x8C, 7
_BOARD = "bitaxe-gamma"
_MASK = 0x1FFFE000
_SIM_SCALE = "25"  # so small that its own hashing does not matter here


def measure_decoder(size: Literal[9, 11], seconds: float, in_a_read: int = 1) -> float:
    """Frames of so many bytes decoded per second of processor time; one in a hundred is a counter, the rest nonces.

    Raises InputError for a time that is not above 0.
    """
    _check(seconds, in_a_read)
    frames = _frames(Random(size), size)
    reads = [b"".join(frames[at : at + in_a_read]) for at in range(0, len(frames), in_a_read)]
    decoder, decoded, took_s = ResponseDecoder(size), 0, 0.0
    while took_s < seconds:
        began_s = thread_time()
        values = [value for data in reads for value in decoder.feed(data)]
        took_s += thread_time() - began_s
        assert not any(isinstance(value, Garbage) for value in values)
        decoded += len(values)
    return decoded / took_s


def measure_claims(seconds: float, in_a_read: int = 1) -> float:
    """Nonces of a chip, from bytes at its port to fresh claims, per second of processor time.

    Raises InputError for a time that is not above 0.
    """
    _check(seconds, in_a_read)
    return run_virtual(_claims(seconds, in_a_read))


def effortless(row: Row) -> Row:
    """The row with as many nonces a second, each of them true whatever it is."""
    assert row.chip is not None
    bits = row.chip.zero_bits
    return replace(row, chip=replace(row.chip, zero_bits=0, slice_bits=row.chip.slice_bits - bits))


async def _claims(seconds: float, in_a_read: int) -> float:
    simulated = simulate(simulator(_BOARD), {"scale": _SIM_SCALE})
    device = board_device(
        effortless(board_row(_BOARD)),
        Connection(simulated.ports, guarded=False),
        parse_spec(f"sim:{_BOARD}"),
        unguarded=True,
    )
    cable, loop = simulated.cables[CHIPS], asyncio.get_running_loop()
    job, judge, draw = _job(loop.time()), Judge(), Random(1)
    judge.accept(job)
    async with simulated.running():
        await device.start()
        device.give(Assignment(job, HeaderSpace(job.extranonce2_size), loop.time, job.target), clean=True)
        claims = device.found()
        id = (await anext(claims)).raw[_ID_BYTE]  # of the work that it has
    # The simulator is silent; from here on no time passes, as there is always something to do.
    last = _nonce(draw, 11, id)
    cable.send(last, cable.baud)
    while (await anext(claims)).raw != last:
        pass
    took_s, judged = 0.0, 0
    while took_s < seconds:
        frames = [_nonce(draw, 11, id) for _ in range(FRAMES)]
        began_s = thread_time()
        for at in range(0, FRAMES, in_a_read):
            read = frames[at : at + in_a_read]
            cable.send(b"".join(read), cable.baud)
            for _ in read:
                verdict = judge.judge(await anext(claims), loop.time())
                assert verdict.fate is Fate.FRESH
                assert verdict.quality is not Quality.FALSE
        took_s += thread_time() - began_s
        judged += FRAMES
    async with simulated.running():
        await device.stop()
    return judged / took_s


def _job(now_s: float) -> Job:
    """A plain one, whose target few hashes meet."""
    return Job(
        id="bench",
        session=1,
        prev_hash=bytes(32),
        coinb1=b"",
        coinb2=b"",
        branches=(),
        version=0x20000000,
        nbits=bits_from_target(1 << 200),
        ntime=1_700_000_000,
        clean=True,
        extranonce1=bytes(4),
        extranonce2_size=8,
        target=1 << 240,
        given_target=1 << 240,
        version_mask=_MASK,
        received_s=now_s,
    )


def _frames(draw: Random, size: Literal[9, 11]) -> list[bytes]:
    return [
        _nonce(draw, size) if at % 100 else register_response(draw.getrandbits(32), 0, _COUNTER, size)
        for at in range(FRAMES)
    ]


def _nonce(draw: Random, size: Literal[9, 11], id: int = 0) -> bytes:
    return nonce_response(draw.getrandbits(32), 0, id, draw.getrandbits(16) if size == 11 else None)


def _check(seconds: float, in_a_read: int) -> None:
    if not seconds > 0:
        raise InputError(f"seconds: {seconds}; takes more than 0")
    if in_a_read < 1:
        raise InputError(f"frames in a read: {in_a_read}; takes 1 or more")
