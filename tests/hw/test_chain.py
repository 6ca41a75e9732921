"""The line of chips, on a host that stands still while their answers come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from joulehash.engine.clock import run_virtual
from joulehash.hw.boards.gekko_telemetry import Telemetry
from joulehash.hw.boards.table import board_row
from joulehash.hw.chain import Chain
from joulehash.hw.ports.pipe import Cable
from joulehash.hw.wire.bm13xx import Nonce, nonce_response, register_response
from tests.support.standstill import still_then

BUSY_S = 1.0


def on_a_line(test: Callable[[Chain, Cable], Awaitable[None]]) -> None:
    """Of one BM1370. Each command of the host's is answered with register 8C, once the host has stood still."""

    async def main() -> None:
        cable = Cable("line")
        await cable.host.open()
        chain = Chain(cable.host, board_row("chain:bm1370x1"), "line")

        async def answer() -> None:
            while True:
                _, baud = await cable.receive()
                still_then(BUSY_S, cable.send, register_response(0x1234, 0, 0x8C, 9), baud)

        tasks = [asyncio.create_task(chain.run()), asyncio.create_task(answer())]
        await test(chain, cable)
        for task in tasks:
            task.cancel()

    run_virtual(main())


def test_registers_that_came_meanwhile_are_read() -> None:
    async def test(chain: Chain, cable: Cable) -> None:
        assert await chain.read(0x8C, 0) == 0x1234
        assert await chain.read_all(0x8C) == {0: 0x1234}

    on_a_line(test)


def test_a_nonce_whose_second_half_came_meanwhile_is_whole() -> None:
    async def test(chain: Chain, cable: Cable) -> None:
        nonces: list[Nonce] = []
        chain.on_nonce = nonces.append
        frame = nonce_response(0x12345678, 0, 0x18, None)
        cable.send(frame[:4], cable.baud)
        await asyncio.sleep(0.01)
        still_then(BUSY_S, cable.send, frame[4:], cable.baud)
        await asyncio.sleep(0.1)
        assert [nonce.nonce for nonce in nonces] == [0x12345678]
        assert chain.broken == 0

    on_a_line(test)


def test_so_it_is_with_the_micro_of_a_stick() -> None:
    async def main() -> None:
        cable, asked = Cable("telemetry"), list[bytes]()

        async def answer() -> None:
            while True:
                data, baud = await cable.receive()
                asked.append(data)
                still_then(BUSY_S, cable.send, b"\x20", baud)

        await cable.host.open()
        answering = asyncio.create_task(answer())
        telemetry = Telemetry(cable.host)
        await telemetry.switch(True)
        answering.cancel()
        assert asked == [b"BO"]

    run_virtual(main())
