"""The command line: one typer application, one module a command, one place where errors become a line and a code.

Exit codes: 0 done or pass, 1 fail, 2 could not run. What a command needs is imported when it runs, so that
`joulehash --help` is quick.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Annotated, NoReturn, cast

import typer

from ..engine.errors import JoulehashError
from ..ext.kernels import KernelError
from .commands import bench, blocks, boards, check, doctor, mine, patterns, pool, scan, sim, sweep
from .output import discard_stdout, output_failure

EXIT_ERROR = 2
_UsageError = cast("type[Exception]", typer.BadParameter.__bases__[0])  # typer has no public name for it

app = typer.Typer(
    name="joulehash",
    help="A SHA-256 mining engine and hardware bridge.",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("mine")(mine.mine)
app.command("pool")(pool.pool)
app.command("blocks")(blocks.blocks)
app.command("scan")(scan.scan)
app.command("sim")(sim.sim)
app.command("check")(check.check)
app.command("sweep")(sweep.sweep)
app.command("bench")(bench.bench)
app.add_typer(boards.app, name="boards")
app.command("patterns")(patterns.patterns)
app.command("doctor")(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"joulehash {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A SHA-256 mining engine and hardware bridge."""


def main() -> None:
    """Run the command line and exit."""
    if sys.stdout is None or sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]  # closed by >&-
        nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    code = run(sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM):  # all is said and done: nothing is left to end
        signal.signal(number, signal.SIG_IGN)
    if threading.active_count() > 1:
        _leave(code)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run it with these arguments: the exit code. Expected failures are one line on stderr."""
    try:
        code = app(arguments or ["--help"], prog_name="joulehash", standalone_mode=False)
    except (JoulehashError, KernelError) as error:
        return _fail(str(error))
    except _UsageError as error:
        message = cast("str", getattr(error, "format_message", error.__str__)())
        return _fail(f"{message.rstrip('.')}{_given(error, arguments)}; see {_command(error)} --help")
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        discard_stdout()
        return 141
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        discard_stdout()
        return _fail(f"stdout: {error.strerror}")
    if (failure := output_failure()) is not None:
        return _fail(failure)
    return code if isinstance(code, int) else 0


def _given(error: Exception, arguments: list[str]) -> str:
    """The value that an option was refused with, which typer does not tell."""
    for name in cast("list[str]", getattr(getattr(error, "param", None), "opts", [])):
        for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
            value = following if argument == name else argument.removeprefix(f"{name}=")
            if argument == name or value != argument:
                return f", not {value[:40]!r}"
    return ""


def _command(error: Exception) -> str:
    return cast("str", getattr(getattr(error, "ctx", None), "command_path", "joulehash"))


def _leave(code: int) -> NoReturn:
    """Exit without taking the interpreter down under threads that cannot be stopped: Numba's compiler would crash."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


def _fail(message: str) -> int:
    typer.echo(f"joulehash: {' '.join(message.split())}", err=True)
    return EXIT_ERROR
