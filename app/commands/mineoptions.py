"""The options of `joulehash mine`, as the command line takes them; what they mean is in app/options.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Url = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--url",
        metavar="URL",
        help="Pool, as stratum+tcp://HOST:PORT, or node, as http://USER:PASS@HOST:PORT; several, the best first.",
    ),
]
User = Annotated[
    list[str] | None,
    typer.Option(
        "-u",
        "--user",
        metavar="USER",
        help="User name at the pool, often ADDRESS.WORKER; the n-th for the n-th -o.",
    ),
]
Password = Annotated[
    list[str] | None,
    typer.Option(
        "-p",
        "--password",
        "--pass",
        metavar="PASS",
        help="Password at the pool; the n-th is for the n-th -o.",
        show_default="x",
    ),
]
Quota = Annotated[
    str | None,
    typer.Option(
        metavar="2:1",
        help="Share the work between the pools in these parts; a pool without one, or with 0, is a backup.",
    ),
]
Failback = Annotated[
    float | None,
    typer.Option(
        metavar="S",
        help="Return to a better pool when it has had work for so many seconds.",
        show_default="60",
    ),
]
Stay = Annotated[bool | None, typer.Option("--stay", help="Stay with a pool that works, though a better one is back.")]
Device = Annotated[
    list[str] | None,
    typer.Option(
        "-d",
        "--device",
        metavar="DEVICE",
        help="What to mine with: cpu[:KERNEL], [BOARD:]PORT, or a simulated sim:BOARD; several times for several.",
        show_default="cpu",
    ),
]
Unguarded = Annotated[
    bool | None,
    typer.Option("--unguarded", help="Run boards that have no sensors to watch, at their lowest frequency."),
]
Meter = Annotated[
    str | None,
    typer.Option(metavar="METER", help="What tells the energy, for J/TH: rapl:, board, shelly:HOST and others."),
]
Supply = Annotated[
    str | None,
    typer.Option(metavar="SUPPLY", help="Bench supply that feeds the board: scpi:ADDRESS?volts=V&amps=A."),
]
Kernel = Annotated[
    str | None,
    typer.Option(
        "-k",
        "--kernel",
        metavar="KERNEL",
        help="Hash kernel, as joulehash doctor lists them; short for -d cpu:KERNEL.",
    ),
]
Threads = Annotated[
    int | None, typer.Option("-t", "--threads", metavar="N", help="CPU threads.", show_default="one for each core")
]
Affinity = Annotated[
    bool | None, typer.Option("--affinity/--no-affinity", help="Bind each thread to its core.", show_default="bind")
]
Record = Annotated[
    str | None, typer.Option(metavar="FILE", help="Write what goes over the boards' lines, as JSON lines.")
]
Duration = Annotated[float | None, typer.Option(metavar="S", help="Stop so many seconds after all devices are up.")]
Passport = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Where boards' passports are kept.",
        show_default="JOULEHASH_PASSPORT, or the user's data folder",
    ),
]
Journal = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Where found blocks are written down before they are sent.",
        show_default="JOULEHASH_JOURNAL, or the user's data folder",
    ),
]
PaysMe = Annotated[
    float | None,
    typer.Option(metavar="PERCENT", help="Refuse a pool whose coinbase pays the address of -u less than that."),
]
Shares = Annotated[int | None, typer.Option(metavar="N", help="Stop after so many accepted shares.")]
BlockEvery = Annotated[
    float | None,
    typer.Option(metavar="S", help="Embedded pool: seconds between blocks, on average.", show_default="60"),
]
Difficulty = Annotated[
    list[str] | None,
    typer.Option(
        metavar="D",
        help="Share difficulty to suggest to the pool, 0 for none; the n-th is for the n-th -o.",
        show_default="by rate",
    ),
]
VersionRolling = Annotated[
    bool | None,
    typer.Option("--version-rolling/--no-version-rolling", help="Ask the pool for version bits to roll."),
]
Config = Annotated[
    Path | None, typer.Option("-c", "--config", metavar="FILE", help="TOML file with the same names under [mine].")
]
Picture = Annotated[Path | None, typer.Option(metavar="FILE", help="Leave the last screen as an SVG picture.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")]
