"""What boards ask of their host: all of it measured in one go, and as lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal, TypeVar

from ..engine.errors import DeviceError
from .frames import MANY, measure_claims, measure_decoder
from .host_share import HostShare, measure_host_shares
from .pipeline import Latencies
from .throughput import measure_hashlib
from .wire_latency import WireLatency, measure_wire_latency

T = TypeVar("T")

_ROUND_S, _ROUNDS = 0.25, 5
# Several of one kind, one whose chips want a job every 20 ms, and a hash board of an S19j Pro behind a serial adapter.
_BOARDS = (("bitaxe-gamma", 3), ("bitaxe-max", 1), ("chain:bm1362x126", 1))
_SHARE_S = 8.0
_SHARES = 2000
_QUANTILES = (0.5, 0.9, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Frames decoded per second of processor time; the median of rounds in turns."""

    bytes: Literal[9, 11]
    in_a_read: int
    frames_per_cpu_s: float


@dataclass(frozen=True, slots=True)
class Claimed:
    """Nonces brought to judged claims per second of processor time; likewise."""

    in_a_read: int
    claims_per_cpu_s: float


@dataclass(frozen=True, slots=True)
class Boards:
    hashlib_per_cpu_s: float  # double hashes of a header, in turns with the next two
    decoded: list[Decoded]
    claimed: list[Claimed]
    host: list[HostShare]  # empty: see failures
    latency: WireLatency | None  # None: see failures
    failures: list[str]  # boards that did not bear the machine's load: what could not be measured, and why


def measure_boards(kernel: str | None, progress: Callable[[str], None]) -> Boards:
    """A board is switched off when its sensors are silent for two seconds, which a machine with much else to do may
    bring about: then what it was for is not measured, and the rest is."""
    progress("frames decoded, and claims")
    hashlib, decoded, claimed = _in_turns(_ROUND_S, _ROUNDS)
    failures: list[str] = []
    progress("what boards cost the host: simulated ones are brought up, about a minute")
    host = _or_failure("host", lambda: measure_host_shares(_BOARDS, _SHARE_S), failures)
    progress("latency from wire to wire")
    latency = _or_failure("latency", lambda: measure_wire_latency(_SHARES, kernel), failures)
    return Boards(hashlib, decoded, claimed, host or [], latency, failures)


def _or_failure(what: str, measure: Callable[[], T], failures: list[str]) -> T | None:
    try:
        return measure()
    except DeviceError as error:
        failures.append(f"{what}: {error}")
        return None


def _in_turns(seconds: float, rounds: int) -> tuple[float, list[Decoded], list[Claimed]]:
    kinds: list[tuple[Literal[9, 11], int]] = [(9, 1), (9, MANY), (11, 1), (11, MANY)]
    taken = [
        (
            measure_hashlib(seconds),
            [measure_decoder(size, seconds, reads) for size, reads in kinds],
            [measure_claims(seconds, reads) for reads in (1, MANY)],
        )
        for _ in range(rounds)
    ]
    frames = [median(each[1][i] for each in taken) for i in range(len(kinds))]
    claims = [median(each[2][i] for each in taken) for i in range(2)]
    return (
        median(each[0] for each in taken),
        [Decoded(*kind, rate) for kind, rate in zip(kinds, frames, strict=True)],
        [Claimed(reads, rate) for reads, rate in zip((1, MANY), claims, strict=True)],
    )


def boards_lines(boards: Boards) -> Iterator[tuple[str, str]]:
    """(what, figure) each."""
    yield "double hashes by hashlib per second of CPU time", f"{boards.hashlib_per_cpu_s:.0f}"
    for d in boards.decoded:
        yield f"frames decoded, {d.bytes} bytes, {_reads(d.in_a_read)}", f"{d.frames_per_cpu_s:.0f}"
    for c in boards.claimed:
        yield f"nonces to judged claims, {_reads(c.in_a_read)}", f"{c.claims_per_cpu_s:.0f}"
    for h in boards.host:
        yield f"{h.board}, {h.boards} at once: part of a core, each", f"{h.board_part:.2%}"
        yield "the same: nonces a second, and reads, of each", f"{h.nonces_per_s:.0f}, {h.reads_per_s:.0f}"
        bears = "too many to tell" if h.boards_a_core is None else f"{h.boards_a_core:.0f}"
        yield "the same: boards a core would bear, reckoned", bears
    if boards.host:
        yield "part of a core of a miner without a board", f"{boards.host[0].alone_part:.2%}"
    if boards.latency is not None:
        yield from _latency_lines(boards.latency)
    for failure in boards.failures:
        yield "not measured", failure


def _latency_lines(latency: WireLatency) -> Iterator[tuple[str, str]]:
    busy = f"{latency.threads} threads of {latency.kernel} beside it"
    for beside, found in (("nothing beside it", latency.idle), (busy, latency.busy)):
        yield f"nonce to share, {beside}: of {len(found.samples)}", "p50, p90, p99, most"
        yield "the same", ", ".join(f"{1e3 * found.quantile(q):.2f}" for q in _QUANTILES) + " ms"
    yield "nonces that were no share within a second", str(latency.missing)


def boards_json(boards: Boards) -> dict[str, Any]:
    """docs/json.md describes it."""
    host = [asdict(h) | {"board_part": h.board_part, "boards_a_core": h.boards_a_core} for h in boards.host]
    out: dict[str, Any] = asdict(boards) | {"host": host}
    if (latency := boards.latency) is not None:
        out["latency"] |= {"idle": _told(latency.idle), "busy": _told(latency.busy)}
    return out


def _told(found: Latencies) -> dict[str, Any]:
    return {
        "p50_s": found.quantile(0.5),
        "p90_s": found.quantile(0.9),
        "p99_s": found.quantile(0.99),
        "most_s": found.samples[-1],
        "samples": found.samples,
    }


def _reads(in_a_read: int) -> str:
    return "one a read" if in_a_read == 1 else f"{in_a_read} a read"
