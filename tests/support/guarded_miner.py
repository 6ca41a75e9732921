"""A miner that does nothing but hold a board under guard: PORT, and how it ends. It says its guard's process id.

done: tells the guard that the board is safe, and ends. error: an exception. alive: until it is killed. watch: says
what it is alarmed about, and what error the guard ends it with. The off bytes are "of" and, after a pause, "f".
"""

from __future__ import annotations

import asyncio
import sys

from joulehash.engine.errors import DeviceError
from joulehash.hw.guard.guarded import guarded
from joulehash.hw.guard.plan import LineOff
from joulehash.hw.ports.serial import SerialPort


def say(text: object) -> None:
    print(text, flush=True)


async def main(path: str, end: str, silence_s: float) -> None:
    port = SerialPort(path, 115200)
    await port.open()
    port.write(b"on")
    try:
        async with guarded(LineOff("board", port, [(b"of", 0.05), (b"f", 0.0)]), say, silence_s) as guard:
            say(guard.pid)
            if end == "error":
                raise ZeroDivisionError
            if end == "alive":
                await asyncio.sleep(60)
            await guard.done()
    except (ZeroDivisionError, DeviceError) as error:
        say(repr(error))
    await port.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
