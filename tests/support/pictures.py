"""The pictures of README and docs, made by the program itself: `make pictures`.

Reports of simulated boards are shown by a browser, live screens leave their own picture; the life of a board in
docs/passport.svg is made up. It leaves out docs/kernels.svg, which belongs to `make bench` as its figures do.

    python -m tests.support.pictures docs [check.png …]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from .browser import Browser, browser
from .command import run
from .passports import an_eventful_life, fill

HEX = "sim:bitaxe-hex?fault=dead-core:2.17,dead-core:4.90"
GRID = ("--mhz", "350..625:25", "--volts", "1.0..1.2:0.025")  # of the whole map what is of interest
_COLOURS = 64
MINED_S = 75  # so that every figure of the screen is there


def check(target: Path, folder: Path, shown: Browser) -> None:
    page = folder / "check.html"
    _run("check", HEX, "--html", str(page), codes=(1,))
    shown.picture(page, target, 1000, 1600)


def sweep(target: Path, folder: Path, shown: Browser) -> None:
    page = folder / "sweep.html"
    kept = ("--passport", str(folder / "passport.sqlite3"))
    _run("sweep", "sim:bitaxe-gamma", *GRID, "--report", str(page), *kept)
    shown.picture(page, target, 1000, 1220)


def mine(target: Path, folder: Path, shown: Browser) -> None:
    del folder, shown
    _run("mine", "--duration", str(MINED_S), "--picture", str(target))


def boards(target: Path, folder: Path, shown: Browser) -> None:
    del shown
    devices = ("-d", "sim:bitaxe-gamma", "-d", "sim:compac-f", "-d", "cpu")
    kept = ("--passport", str(folder / "passport.sqlite3"))
    _run("mine", *devices, "--duration", str(MINED_S), "--picture", str(target), *kept)


def passport(target: Path, folder: Path, shown: Browser) -> None:
    del shown
    kept, key = folder / "life.sqlite3", "osmu:1a2b3c4d"
    fill(kept, key, an_eventful_life())
    _run("boards", "show", key, "--plot", str(target), "--passport", str(kept))


PICTURES: dict[str, Callable[[Path, Path, Browser], None]] = {
    "check.png": check,
    "sweep.png": sweep,
    "mine.svg": mine,
    "boards.svg": boards,
    "passport.svg": passport,
}


def few_colours(picture: Path) -> None:
    """A third of its bytes, and nobody sees it."""
    with Image.open(picture) as whole:
        whole.convert("RGB").quantize(_COLOURS).save(picture, optimize=True)


def main(docs: Path, names: list[str]) -> None:
    with TemporaryDirectory() as folder:
        shown = browser(Path(folder))
        for name in names or PICTURES:
            print(docs / name, flush=True)
            made = Path(folder) / name
            PICTURES[name](made, Path(folder), shown)
            if made.suffix == ".png":
                few_colours(made)
            (docs / name).write_bytes(made.read_bytes())


def _run(*arguments: str, codes: tuple[int, ...] = (0,)) -> None:
    done = run(*arguments, timeout_s=600)
    if done.returncode not in codes:
        raise SystemExit(f"joulehash {' '.join(arguments)}: {done.stderr or done.stdout}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
