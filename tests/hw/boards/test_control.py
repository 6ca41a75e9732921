"""The control port: its format found out, one request at a time, and a line that loses, garbles and keeps silent."""

from __future__ import annotations

import asyncio
import os
import pty
import threading
import time
import tty
from collections.abc import Awaitable, Callable

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError
from joulehash.hw.boards.control import ANSWER_S, ATTEMPTS, Control
from joulehash.hw.parts.bus import I2C, NoAnswer
from joulehash.hw.ports.serial import SerialPort
from joulehash.hw.wire.bitaxe_answers import Format, answer
from joulehash.hw.wire.bitaxe_raw import Bridge, Gpio, I2CWriteRead, Request, RequestDecoder
from tests.support.bitaxe_firmware import FakeFirmware
from tests.support.i2c import Bytes, FakeBus

Test = Callable[[Control, FakeFirmware], Awaitable[None]]
formats = pytest.mark.parametrize("answers_in", list(Format))


def on_a_line(test: Test, answers_in: Format = Format.V1, registers: dict[int, int] | None = None) -> None:
    async def main() -> None:
        firmware = FakeFirmware(FakeBus({0x4C: Bytes(registers or {0xFE: 0x5D, 0x46: 0xB0, 0x47: 0x04})}), answers_in)
        serving = asyncio.create_task(firmware.serve())
        await firmware.cable.host.open()
        await test(Control(firmware.cable.host), firmware)
        await firmware.cable.host.close()
        serving.cancel()

    run_virtual(main())


@formats
def test_finds_the_format_and_does_what_it_is_for(answers_in: Format) -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        bus: I2C = control
        assert await bus.write_read(0x4C, b"\xfe", 1) == b"\x5d"
        assert control.format is answers_in
        await bus.write(0x4C, b"\x4c\x3f")
        assert await bus.write_read(0x4C, b"\x4c", 1) == b"\x3f"
        assert await bus.read(0x4C, 2) == b"\x00\x00"
        assert await control.gpio(0) is True
        assert await control.gpio(0, False) is False
        assert firmware.pins == {0: False}
        assert await control.adc() == 0x1234
        assert firmware.served[0] == Gpio(0)  # a look at the reset pin, which changes nothing
        assert bus.name == "fake board"

    on_a_line(test, answers_in)


@formats
def test_a_part_that_does_not_answer_is_named_by_its_address(answers_in: Format) -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        with pytest.raises(NoAnswer, match="fake board: no part answers at I2C address 24"):
            await control.write(0x24, b"\x01\x00")
        with pytest.raises(NoAnswer, match="I2C address 24"):
            await control.write_read(0x24, b"\xad", 7)
        with pytest.raises(DeviceError, match="refused Bridge") as caught:
            await control.request(Bridge(1))
        assert not isinstance(caught.value, NoAnswer)

    on_a_line(test, answers_in)


def test_v0_errors_that_look_like_the_beginning_of_data_are_no_silence() -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        with pytest.raises(NoAnswer):  # 4 bytes are asked for, and the error says 4
            await control.write_read(0x24, b"\x00", 4)
        assert firmware.served.count(I2CWriteRead(0x24, b"\x00", 4)) == 1
        assert await control.write_read(0x4C, b"\xfe", 1) == b"\x5d"

    on_a_line(test, Format.V0)


@formats
@pytest.mark.parametrize("value", [0x10, 0x11, 0x12, 0x13, 0xFF])
def test_a_byte_that_equals_an_error_code_is_a_byte(answers_in: Format, value: int) -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        assert await control.write_read(0x4C, b"\x00", 1) == bytes((value,))
        with pytest.raises(NoAnswer):
            await control.write_read(0x24, b"\x00", 1)

    on_a_line(test, answers_in, {0x00: value, 0x01: 0x77})


@formats
@pytest.mark.parametrize("fault", ["deaf", "garble", "lose", "late"])
def test_one_mishap_is_healed(answers_in: Format, fault: str) -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        for _ in range(3):
            setattr(firmware, fault, 1)
            assert await control.write_read(0x4C, b"\x46", 2) == b"\xb0\x04"
        await asyncio.sleep(1.0)
        assert await control.write_read(0x4C, b"\xfe", 1) == b"\x5d"

    on_a_line(test, answers_in)


@formats
def test_the_format_is_found_though_the_first_answer_is_lost(answers_in: Format) -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        firmware.lose = 1
        assert await control.write_read(0x4C, b"\xfe", 1) == b"\x5d"
        assert control.format is answers_in

    on_a_line(test, answers_in)


@formats
def test_a_host_that_was_busy_reads_what_has_come_meanwhile(answers_in: Format) -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        firmware.busy_s = 1.0
        for _ in range(3):
            assert await control.write_read(0x4C, b"\xfe", 1) == b"\x5d"
        assert len(firmware.served) == 4  # each once, and the look at the pin

    on_a_line(test, answers_in)


def test_so_it_does_on_a_real_line() -> None:
    """The loop blocks for a second while the board, which another thread is, answers by its pseudo-terminal."""
    board, host = pty.openpty()
    tty.setraw(board)
    asked: list[int] = []

    def answers() -> None:
        requests = RequestDecoder()
        while data := _read(board):
            for request in requests.feed(data):
                assert isinstance(request, Request)
                asked.append(request.id)
                os.write(board, answer(Format.V1, request.id, b"\x01"))

    async def main() -> None:
        port = SerialPort(os.ttyname(host), 115200)
        await port.open()
        control = Control(port, Format.V1)
        asking = asyncio.create_task(control.gpio(0))
        await asyncio.sleep(0)  # it has asked
        time.sleep(1.0)  # noqa: ASYNC251
        assert await asking is True
        await port.close()

    serving = threading.Thread(target=answers)
    serving.start()
    try:
        asyncio.run(main())
    finally:
        os.close(host)
        serving.join()
        os.close(board)
    assert len(asked) == 1


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 4096)
    except OSError:  # the other end is closed
        return b""


def test_a_dead_board_is_one_error_in_bounded_time_and_may_come_back() -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        clock = asyncio.get_running_loop()
        await control.gpio(0)
        firmware.deaf = 3
        for attempts in (ATTEMPTS, 1):  # the second is quick about it
            begun = clock.time()
            with pytest.raises(DeviceError, match="gave no answer to Gpio") as caught:
                await control.gpio(0)
            assert not isinstance(caught.value, NoAnswer)
            assert attempts * ANSWER_S <= clock.time() - begun < attempts * (ANSWER_S + 0.02)
        assert await control.gpio(0) is True
        firmware.deaf = 1
        assert await control.gpio(0) is True

    on_a_line(test)


def test_what_is_no_bitaxe_raw_is_told_so() -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        firmware.deaf = 10
        with pytest.raises(DeviceError, match="does not answer as bitaxe-raw firmware does; give the first"):
            await control.gpio(0)
        firmware.deaf = 0
        assert await control.gpio(0) is True

    on_a_line(test)


def test_requests_of_many_come_one_at_a_time() -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        answers = await asyncio.gather(*(control.write_read(0x4C, bytes((i,)), 1) for i in (0xFE, 0x46, 0x47) * 100))
        assert answers == [b"\x5d", b"\xb0", b"\x04"] * 100  # more than there are ids, too
        assert firmware.cable.waiting == 0

    on_a_line(test)


def test_unplugging_is_one_error_at_once() -> None:
    async def test(control: Control, firmware: FakeFirmware) -> None:
        await control.gpio(0)
        firmware.deaf = 1
        waiting = asyncio.create_task(control.gpio(0))
        await asyncio.sleep(0.01)
        begun = asyncio.get_running_loop().time()
        firmware.cable.unplug()
        with pytest.raises(DeviceError, match="was unplugged"):
            await waiting
        with pytest.raises(DeviceError, match="was unplugged"):
            await control.gpio(0)
        assert asyncio.get_running_loop().time() == begun

    on_a_line(test)
