"""`joulehash doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from ..units import rate_text

if TYPE_CHECKING:
    from ...ext.kernels import Choice

OPTIONAL = {
    "numba": "the numba kernel",
    "aiohttp": "joulehash pool --node",
    "embit": "payout addresses",
    "rich": "the live screen",
}
CPU_FLAGS = ("avx512f", "sha_ni", "avx2", "sha2")  # what hash kernels are written for, as Linux calls it
REMEDIES = {"numba": "pip install numba"}


_MARKS = {True: "ok", False: "missing", None: "-"}


class Finding(msgspec.Struct, frozen=True):
    """One line. `ok` is None for what this machine cannot have; `remedy` is empty when there is none, or no need."""

    topic: str
    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    install_udev: Annotated[
        bool, typer.Option("--install-udev", help="Linux: let users open boards; prints the rules if not root.")
    ] = False,
    install_service: Annotated[
        bool,
        typer.Option("--install-service", help="Linux: mine as a service of systemd; prints the unit if not root."),
    ] = False,
) -> int:
    """Look at CPU, kernels, libraries, and permission to use boards. Exit code 1: something is missing."""
    if install_udev:
        return _install_udev(as_json)
    if install_service:
        return _install_service(as_json)
    findings = list(examine())
    for finding in findings:
        if as_json:
            typer.echo(msgspec.json.encode(finding))
            continue
        remedy = f"; {finding.remedy}" if finding.remedy else ""
        typer.echo(f"{_MARKS[finding.ok]:<7} {finding.topic:<7} {finding.name:<9} {finding.detail}{remedy}")
    return 1 if any(finding.ok is False for finding in findings) else 0


def _install_udev(as_json: bool) -> int:
    from ..udev import COMMAND, RULES_PATH, install, rules, serial_group

    return _install(RULES_PATH, install, rules(serial_group()), COMMAND, as_json)


def _install_service(as_json: bool) -> int:
    from ..udev import serial_group
    from ..unit import COMMAND, UNIT_PATH, install, unit

    return _install(UNIT_PATH, install, unit(group=serial_group()), COMMAND, as_json)


def _install(path: Path, install: Callable[[], list[str]], text: str, command: str, as_json: bool) -> int:
    """Where this user may not, the file goes to stdout, and what to run to stderr."""
    try:
        said, installed = install(), True
    except PermissionError:
        said, installed = [f"{path} takes root to write; run: {command}"], False
    if as_json:
        told = {"path": str(path), "installed": installed, "said": said, "command": command, "text": text}
        typer.echo(msgspec.json.encode(told))
        return 0 if installed else 1
    if not installed:
        typer.echo(text, nl=False)
    for line in said:
        typer.echo(line, err=not installed)
    return 0 if installed else 1


def examine() -> Iterator[Finding]:
    yield from _machine()
    yield from _kernels()
    yield from _libraries()
    yield from _boards()
    yield from _meters()


def _machine() -> Iterator[Finding]:
    from ... import __version__
    from ...engine.cpu import available_cpus

    yield Finding("version", "joulehash", True, f"{__version__}, Python {platform.python_version()}, {sys.platform}")
    model, flags = _cpu()
    yield Finding("cpu", "cores", True, f"{len(available_cpus())} of {os.cpu_count()} usable, {model}")
    known = [flag for flag in CPU_FLAGS if flag in flags]
    yield Finding("cpu", "features", True, ", ".join(known) or "none that a kernel here is written for")


def _kernels() -> Iterator[Finding]:
    """Each, with its rate where it was measured; then the one that is taken where none is named."""
    from ...ext.kernels import KERNELS, KernelError, choose, measured

    try:
        choice = measured()
    except KernelError:
        choice = None  # each row says why
    rates_hps: Mapping[str, float] = choice.rates_hps if choice else {}
    for kernel in KERNELS.values():
        reason, remedy = kernel.missing(), ""
        ok = True if reason is None else None if reason.startswith("this CPU") else False
        if ok is False:
            remedy = REMEDIES.get(kernel.name, "build joulehash with a newer gcc or clang")
        if ok and kernel.candidate != "last resort":  # that would compile for seconds
            try:
                choose(kernel.name)
            except KernelError as error:
                ok, reason = False, str(error)
        rate = f"{rate_text(rates_hps[kernel.name])}; " if kernel.name in rates_hps else ""
        yield Finding("kernel", kernel.name, ok, reason or f"{rate}{kernel.about}", remedy)
    yield _default(choice)


def _default(choice: Choice | None) -> Finding:
    from ...ext.kernels import ENVIRONMENT, KernelError, row

    try:
        forced = row(None)
    except KernelError as error:
        return Finding("kernel", "default", False, str(error))
    if forced is not None:
        return Finding("kernel", "default", True, f"{forced.name}, which {ENVIRONMENT} forces")
    if choice is None:
        return Finding("kernel", "default", False, "none can be used here")
    return Finding("kernel", "default", True, f"{choice.kernel.name}, the fastest here, measured on one core")


def _libraries() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version
    from importlib.util import find_spec

    for name, use in OPTIONAL.items():
        if find_spec(name) is None:
            yield Finding("library", name, False, f"for {use}", f"pip install {name}")
            continue
        try:
            yield Finding("library", name, True, f"{version(name)}, for {use}")
        except PackageNotFoundError:
            yield Finding("library", name, True, f"for {use}")


def _boards() -> Iterator[Finding]:
    from ...hw.find import plugged_in
    from ...hw.ports.libusb import REMEDY, default_backend

    there = default_backend() is not None
    yield Finding("usb", "libusb", there, "for GekkoScience's sticks", "" if there else REMEDY)
    for found in plugged_in():
        for file in found.files:
            allowed = os.access(file, os.R_OK | os.W_OK)
            detail = f"{file} may {'' if allowed else 'not '}be opened"
            remedy = "" if allowed else "joulehash doctor --install-udev"
            yield Finding(
                "board", found.board or "unknown", allowed or (None if found.board is None else False), detail, remedy
            )


def _meters() -> Iterator[Finding]:
    """What this machine has in itself, and the libraries that others need. Nothing that is not there is amiss: whoever
    gives no --meter needs none."""
    from ...hw.meters.extra import REMEDY, is_there
    from ...hw.meters.rapl import problem, zones

    detail, remedy = problem()
    packages = f"{len(zones())} package{'s' if len(zones()) > 1 else ''} of this CPU"
    yield Finding("meter", "rapl", None if detail else True, detail or packages, remedy)
    for name, module in (("scpi", "pyvisa"), ("modbus", "pymodbus"), ("nvml", "pynvml")):
        there = is_there(module)
        yield Finding(
            "meter", name, there or None, module if there else f"{module} is not installed", "" if there else REMEDY
        )


def _cpu() -> tuple[str, set[str]]:
    """(model, features) as the system tells them; empty where it does not."""
    model, flags = platform.processor() or platform.machine(), set[str]()
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as info:
            for line in info:
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    model = value.strip()
                elif key.strip() in ("flags", "Features"):
                    flags = set(value.split())
                    break
    except OSError:
        pass
    return model, flags
