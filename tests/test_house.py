"""The conventions of the house, as tests: docs/design.md and the changelog may be out of date, these cannot be."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

import joulehash
from joulehash.hw.boards.row import Row
from joulehash.hw.boards.table import BOARDS
from joulehash.hw.boards.usb_ids import ROWS as USB_ROWS
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.sim.faults import FAULTS
from joulehash.hw.sim.table import SIMULATORS
from tests.support.project import HOUSE, project_files

ROOMS = ("app", "bench", "hw", "engine", "ext")  # from the top down: each may import itself and those after it
LONGEST = 400  # lines of a source file

# Test folders that follow a subject and not one module.
BY_SUBJECT = ("complaints", "contract", "e2e", "long", "speed", "packaging")
ALSO_BY_SUBJECT = ("tests/test_house.py", "tests/engine/chain/test_kat.py")


def sources(*suffixes: str) -> list[PurePosixPath]:
    return [
        path for file in project_files() if (path := PurePosixPath(file)).parts[0] in ROOMS and path.suffix in suffixes
    ]


def tree(path: PurePosixPath) -> ast.Module:
    return ast.parse((HOUSE / path).read_text(encoding="utf-8"), str(path))


def module_name(path: PurePosixPath) -> str:
    parts = path.parts[2:] if path.parts[:2] == ("app", "root") else path.parts
    names = [part.removesuffix(path.suffix) for part in parts]
    return ".".join(["joulehash", *(names[:-1] if names[-1] == "__init__" else names)])


def imported(path: PurePosixPath, module: ast.Module) -> Iterator[str]:
    """Every module that a file imports by an import statement, anywhere in it, by its full name.

    Of `from . import x` and the like the names count too: x may be a module.
    """
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room_of(name: str) -> str | None:
    """The room of a module's full name: the root package counts as app; None is not ours."""
    parts = name.split(".")
    if parts[0] != "joulehash":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "app"


def upward(path: PurePosixPath, module: ast.Module) -> list[str]:
    own = ROOMS.index(path.parts[0])
    rooms = ((name, room_of(name)) for name in imported(path, module))
    return [f"{path} imports {name}" for name, room in rooms if room is not None and ROOMS.index(room) < own]


def test_imports_go_strictly_down() -> None:
    assert [line for path in sources(".py", ".pyi") for line in upward(path, tree(path))] == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("ext/kernels.py", "from ..engine import errors"),
        ("ext/kernels.py", "from .. import engine"),
        ("ext/kernels.py", "from .. import __version__"),
        ("engine/chain/header.py", "from ...hw.board import Board"),
        ("engine/chain/__init__.py", "from ... import bench"),
        ("engine/scan.py", "import joulehash.app.cli"),
        ("engine/scan.py", "if TYPE_CHECKING:\n    from ..hw.board import Board"),
        ("hw/board.py", "def late():\n    import joulehash"),
    ],
)
def test_an_upward_import_is_seen(path: str, line: str) -> None:
    assert len(upward(PurePosixPath(path), ast.parse(line))) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("app/root/__init__.py", "from .ext.kernels import KERNELS"),
        ("app/cli.py", "from .. import __version__"),
        ("engine/scan.py", "from ..ext.kernels import choose"),
        ("engine/scan.py", "import asyncio, numpy.random"),
        ("bench/check/steps.py", "from ...hw import board"),
    ],
)
def test_a_downward_import_is_none(path: str, line: str) -> None:
    assert upward(PurePosixPath(path), ast.parse(line)) == []


def test_cython_imports_nothing_of_the_house() -> None:
    """Only ext has Cython, and ext is the lowest room."""
    above = re.compile(r"^\s*(?:from|import|cimport)\s+(?:joulehash|\.\.)", re.MULTILINE)
    paths = sources(".pyx", ".pxd")
    assert {path.parts[0] for path in paths} <= {"ext"}
    assert [str(path) for path in paths if above.search((HOUSE / path).read_text(encoding="utf-8"))] == []


def test_no_module_imports_a_room_by_its_bare_name() -> None:
    """`import engine` works from the project's folder and nowhere else."""
    python = [path for file in project_files() if (path := PurePosixPath(file)).suffix in (".py", ".pyi")]
    bare = [f"{path}: {name}" for path in python for name in imported(path, tree(path)) if name.split(".")[0] in ROOMS]
    assert bare == []


def speech(module: ast.Module) -> Iterator[str]:
    """What only the faces of the program do: print, write to the standard streams, draw, choose exit codes."""
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and node.id in ("print", "input", "SystemExit"):
            yield f"line {node.lineno}: {node.id}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            if name in ("sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__", "sys.exit", "os._exit"):
                yield f"line {node.lineno}: {name}"
        elif isinstance(node, ast.ImportFrom) and node.module == "sys":
            names = {alias.name for alias in node.names} & {"stdout", "stderr", "exit"}
            yield from (f"line {node.lineno}: sys.{name}" for name in sorted(names))
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            faces = [name for name in modules if name.split(".")[0] in ("rich", "typer", "click")]
            yield from (f"line {node.lineno}: {name}" for name in faces)


def test_only_app_prints_and_exits() -> None:
    below = [path for path in sources(".py") if path.parts[0] != "app"]
    assert [f"{path}, {found}" for path in below for found in speech(tree(path))] == []


@pytest.mark.parametrize(
    "line",
    [
        "print(1)",
        "import sys\nsys.stdout.write('')",
        "from sys import exit",
        "from rich.live import Live",
        "raise SystemExit(2)",
    ],
)
def test_printing_and_exiting_are_seen(line: str) -> None:
    assert len(list(speech(ast.parse(line)))) == 1


def listed(module: ast.Module) -> list[str] | None:
    """The names in a module's `__all__`, or None."""
    for node in module.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def test_all_is_true() -> None:
    """Every name in an `__all__` is there, once; every public function and class defined beside it is in it."""
    wrong: list[str] = []
    for path in sources(".py"):
        parsed = tree(path)
        names = listed(parsed)
        if names is None:
            continue
        module = importlib.import_module(module_name(path))
        wrong += [f"{path}: {name} is twice in __all__" for name in set(names) if names.count(name) > 1]
        wrong += [f"{path}: __all__ has {name}, the module has not" for name in names if not hasattr(module, name)]
        defined = [n.name for n in parsed.body if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
        public = [name for name in defined if not name.startswith("_")]
        wrong += [f"{path}: {name} is public and not in __all__" for name in public if name not in names]
    assert wrong == []
    assert set(joulehash.__all__) >= {"KERNELS", "__version__", "scan", "scan_iter", "verify"}


def test_every_folder_of_modules_is_a_package() -> None:
    """A folder without __init__.py works in an editable installation and is missing from the wheel."""
    files = sources(".py", ".pyi", ".pyx")
    folders = {folder for path in files for folder in path.parents if folder != PurePosixPath(".")}
    assert [f"{folder}/__init__.py" for folder in sorted(folders) if folder / "__init__.py" not in files] == []


def test_every_test_is_named_after_a_module() -> None:
    """tests/engine/test_x.py and test_x_more.py are for engine/x.py or the folder engine/x; others for the root."""
    homeless: list[str] = []
    for file in project_files():
        path = PurePosixPath(file)
        if not (path.parts[0] == "tests" and path.name.startswith("test_") and path.suffix == ".py"):
            continue
        folder, name = path.parent.relative_to("tests"), path.stem.removeprefix("test_")
        if str(path) in ALSO_BY_SUBJECT or folder.parts[:1] in [(subject,) for subject in BY_SUBJECT]:
            continue
        home = HOUSE / ("app/root" if folder == PurePosixPath(".") else folder)
        homes = {found.stem for found in home.glob("*.*")} | {found.parent.name for found in home.glob("*/__init__.py")}
        if not any(name == one or name.startswith(f"{one}_") for one in homes):
            homeless.append(file)
    assert homeless == []


def test_no_source_is_longer_than_a_reader_can_hold() -> None:
    lengths = {
        path: (HOUSE / path).read_bytes().count(b"\n") for path in sources(".py", ".pyi", ".pyx", ".pxd", ".c", ".h")
    }
    assert {str(path): lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_every_kernel_is_documented() -> None:
    text = (HOUSE / "docs/kernels.md").read_text(encoding="utf-8")
    assert [name for name in joulehash.KERNELS if f"`{name}`" not in text] == []


def described(text: str, name: str) -> list[str]:
    """The lines of tables that begin with that name; an argument may follow it."""
    return [line for line in text.splitlines() if re.match(rf"\| `?{re.escape(name)}(\[?:[^`]*)?`? \|", line)]


@pytest.mark.parametrize("row", BOARDS.values(), ids=lambda row: row.name)
def test_every_board_is_documented_as_it_is(row: Row) -> None:
    what, has = described((HOUSE / "docs/boards.md").read_text(encoding="utf-8"), row.name)
    assert f"| {row.chips} × {row.chip.name} |" in what if row.chip is not None else f"| {row.chips} unit" in what
    if row.watched:
        assert f"| {row.mhz.least:g} {row.mhz.usual:g} {row.mhz.most:g} |" in what
    if row.volts is not None:
        assert f"| {row.volts.least:g} {row.volts.usual:g} {row.volts.most:g} |" in what
    assert ("| needed |" in has) is not row.watched
    limits = row.limits
    for limit, unit in ((limits.chip_c, "°C"), (limits.vr_c, "°C"), (limits.watts, "W"), (limits.input_v, "V")):
        text = f"{limit[0]:g}–{limit[1]:g}" if isinstance(limit, tuple) else f"{limit:g}" if limit is not None else ""
        assert not text or f"{text} {unit}" in has, text


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_has_a_simulator_and_can_be_recognised(name: str) -> None:
    assert name in SIMULATORS
    assert any(name == row.board or name in row.maybe for row in USB_ROWS)


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.name)
def test_every_chip_is_documented_as_it_is(chip: Chip) -> None:
    figures, _proofs = described((HOUSE / "docs/boards.md").read_text(encoding="utf-8"), chip.name)
    assert f"| {chip.cores} | {chip.small_cores} |" in figures
    assert f"| {chip.mhz.least:g}–{chip.mhz.most:g} | {chip.volts.least:.2f}–{chip.volts.most:.2f} |" in figures
    assert ("yes, register" in figures) is (chip.counters.total is not None)


def test_every_fault_is_documented() -> None:
    text = (HOUSE / "docs/boards.md").read_text(encoding="utf-8")
    assert [name for name in FAULTS if len(described(text, name)) != 1] == []


@pytest.mark.parametrize(
    "file", [file for file in project_files() if file.endswith(".md") and file.startswith(("docs/", "README"))]
)
def test_links_between_documents_lead_somewhere(file: str) -> None:
    text = (HOUSE / file).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert [link for link in links if not (HOUSE / file).parent.joinpath(link).exists()] == []


def test_no_file_names_a_place_on_one_machine() -> None:
    place = re.compile(rb"(?<![\w.*)}\]-])/(?:work|root|home/\w+|Users/\w+)/|[A-Z]:\\\\?Users", re.ASCII)
    found = [
        f"{file}: {match[0].decode()}"
        for file in project_files()
        if (HOUSE / file).is_file() and (match := place.search((HOUSE / file).read_bytes()))
    ]
    assert found == []


HEAVY = ("numba", "numpy", "aiohttp", "scipy")
HELP = """
import sys
sys.argv = ['joulehash', '--help']
from joulehash.app.cli import main
try:
    main()
except SystemExit:
    pass
"""


@pytest.mark.parametrize("code", ["import joulehash", pytest.param(HELP, id="--help")])
def test_starting_is_light(code: str, tmp_path: Path) -> None:
    """`import joulehash` and `joulehash --help` import nothing that takes a second."""
    code += f"\nimport sys; sys.stderr.write(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""
