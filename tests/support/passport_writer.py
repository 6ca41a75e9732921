"""A process that does nothing but write into a passport: PATH KEY NAME COUNT. It says each number once that is kept."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from joulehash.hw.passport.records import Energy, Fault, Hours, Service, now
from joulehash.hw.passport.store import Passport


async def main(path: str, key: str, name: str, count: int) -> None:
    async with Passport(Path(path)) as passport:
        print("open", flush=True)
        for number in range(count):
            hours = Hours(now(), 1.0, 1 << 40, energy=Energy(2.0, 1.0, 1 << 40, place="wall", meter=name))
            await passport.add(key, [Service(now(), f"{name} {number}"), hours, Fault(now(), f"{name} {number}")])
            print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
