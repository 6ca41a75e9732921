"""`joulehash doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from typing import Annotated

import msgspec
import typer

OPTIONAL = {
    "numba": "the numba kernel",
    "aiohttp": "joulehash pool --node",
    "embit": "payout addresses",
    "rich": "the live screen",
}
CPU_FLAGS = ("sse2", "avx2", "avx512f", "avx512bw", "sha_ni", "sha2")  # what hash kernels are written for


class Finding(msgspec.Struct, frozen=True):
    """One line. `remedy` is empty when all is well."""

    topic: str
    name: str
    ok: bool
    detail: str
    remedy: str = ""


def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> int:
    """Look at CPU, kernels and libraries. Exit code 1: something is missing."""
    findings = list(examine())
    for finding in findings:
        if as_json:
            typer.echo(msgspec.json.encode(finding))
            continue
        mark = "ok     " if finding.ok else "missing"
        remedy = f"; {finding.remedy}" if finding.remedy else ""
        typer.echo(f"{mark} {finding.topic:<8} {finding.name:<12} {finding.detail}{remedy}")
    return 0 if all(finding.ok for finding in findings) else 1


def examine() -> Iterator[Finding]:
    yield from _machine()
    yield from _kernels()
    yield from _libraries()


def _machine() -> Iterator[Finding]:
    from ... import __version__
    from ...engine.cpu import available_cpus

    yield Finding("version", "joulehash", True, f"{__version__}, Python {platform.python_version()}, {sys.platform}")
    model, flags = _cpu()
    yield Finding("cpu", "cores", True, f"{len(available_cpus())} of {os.cpu_count()} usable, {model}")
    known = [flag for flag in CPU_FLAGS if flag in flags]
    yield Finding("cpu", "features", True, ", ".join(known) or "none that a kernel here is written for")


def _kernels() -> Iterator[Finding]:
    from ...ext.kernels import KERNELS, KernelError, choose

    for kernel in KERNELS.values():
        reason = kernel.missing()
        if reason is None and kernel.name != "numba":  # which would compile for seconds
            try:
                choose(kernel.name)
            except KernelError as error:
                reason = str(error)
        remedy = "pip install numba" if kernel.name == "numba" and reason else ""
        yield Finding("kernel", kernel.name, reason is None, reason or kernel.about, remedy)


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
