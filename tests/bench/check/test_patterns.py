"""The pattern test on simulators of every kind of chip, on virtual time: it finds all of a sound board's, and misses
those of a dead core or chip and no others."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from joulehash.bench.check.patterns import Outcome, try_patterns
from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError, InputError, cause
from joulehash.hw.make import make_board
from joulehash.hw.patterns.known import Known, known
from joulehash.hw.patterns.pattern import Pattern
from joulehash.hw.patterns.place import place
from joulehash.hw.patterns.search import spots
from joulehash.hw.powered import Powered
from joulehash.hw.spec import parse_spec
from tests.support.patterns import GAMMA_SHARE
from tests.support.rigs import simulation

# Of each kind of chip one; their MHz are such that a ramp is short, their scale such that there is little to hash.
FAMILIES = (
    "bitaxe-max?mhz=100&scale=22",
    "bitaxe-ultra?mhz=100&scale=23",
    "bitaxe-supra?mhz=100&scale=23",
    "bitaxe-gamma?mhz=100&scale=23",
    "compac-a1?mhz=200&scale=22",
)
CHAINS = ("chain:bm1362x2", "chain:bm1366x6", "chain:bm1370x4", "chain:bm1397x3")


async def _tried(board: str, patterns: list[Known] | None = None, cores: int = 999) -> list[Outcome]:
    spec = parse_spec(f"sim:{board}")
    simulated, row, connection = simulation(spec)
    async with simulated.running():
        made = make_board(row, connection, spec.name, unguarded=True)
        point = made.point(spec.mhz)
        if patterns is None:
            patterns = known(row, point.mhz)
            assert len(patterns) == len(spots(row))
            patterns = [each for each in patterns if (each.place.core or 0) < cores]
        async with made.powered(point) as powered:
            outcomes = await try_patterns(powered, patterns)
            if powered.chain is not None:
                assert powered.chain.on_nonce is None
                assert not powered.chain.hashing
            return outcomes


def tried(board: str, cores: int = 999) -> list[Outcome]:
    """Of so many cores of each chip."""
    return run_virtual(_tried(board, cores=cores))


def missing(outcomes: list[Outcome]) -> list[str]:
    return [each.where for each in outcomes if each.state != "found"]


@pytest.mark.parametrize("board", [*FAMILIES, "newpac", "icarus?scale=16", "block-erupter?scale=16"])
def test_a_sound_board_finds_them_all_at_the_first_try(board: str) -> None:
    outcomes = tried(board)
    assert missing(outcomes) == []
    assert {each.tries for each in outcomes} == {1}
    assert sum(each.false for each in outcomes) == 0


@pytest.mark.parametrize("board", FAMILIES)
def test_a_dead_core_misses_its_own_and_nobody_else_does(board: str) -> None:
    """The last but one: the last has fewer small cores."""
    core = _cores(board) - 2
    outcomes = tried(f"{board}&fault=dead-core:{core}")
    assert missing(outcomes) == [f"chip 0, core {core}"]
    (dead,) = [each for each in outcomes if each.state != "found"]
    assert (dead.state, dead.others, dead.false) == ("missing", 0, 0)
    assert dead.tries > 1


def _cores(board: str) -> int:
    _, row, _ = simulation(parse_spec(f"sim:{board}"))
    return len(spots(row))


def test_several_dead_cores_are_all_named() -> None:
    board = "bitaxe-gamma?mhz=100&scale=23&fault=dead-core:0,dead-core:64,dead-core:127"
    assert missing(tried(board)) == ["chip 0, core 0", "chip 0, core 64", "chip 0, core 127"]


@pytest.mark.parametrize("board", CHAINS)
def test_in_a_chain_chip_and_core_are_named(board: str) -> None:
    assert missing(tried(f"{board}?fault=dead-core:1.5", 10)) == ["chip 1, core 5"]


@pytest.mark.parametrize("board", CHAINS)
def test_no_other_chip_stands_in_for_a_dead_one(board: str) -> None:
    outcomes = tried(f"{board}?fault=dead-chip:1", 10)
    assert {each.spot[0] for each in outcomes if each.state == "missing"} == {1}
    assert {each.spot[0] for each in outcomes if each.state == "found"} == {each.spot[0] for each in outcomes} - {1}


@pytest.mark.parametrize(
    ("board", "chip"), [("newpac", 1), ("newpac", 0), ("r606", 11), ("icarus?scale=16", 1), ("lancelot?scale=16", 0)]
)
def test_where_no_cores_are_told_apart_chips_are(board: str, chip: int) -> None:
    mark = "&" if "?" in board else "?"
    assert missing(tried(f"{board}{mark}fault=dead-chip:{chip}")) == [f"chip {chip}"]


def test_a_noisy_line_costs_tries_and_no_core() -> None:
    outcomes = tried("bitaxe-gamma?mhz=100&scale=23&fault=noise:3e-3")
    assert missing(outcomes) == []
    assert max(each.tries for each in outcomes) > 1


def test_a_board_that_tells_everything_twice_passes() -> None:
    assert missing(tried("bitaxe-gamma?mhz=100&scale=23&fault=duplicate-nonces")) == []


def test_a_nonce_over_and_over_is_false_to_every_other_job() -> None:
    outcomes = tried("bitaxe-gamma?mhz=100&scale=23&fault=stuck-nonce", 40)
    states = Counter(each.state for each in outcomes)
    assert states["found"] <= 1
    assert sum(each.false for each in outcomes) > 30


def test_false_nonces_of_a_core_make_it_wrong() -> None:
    """A board at too low a voltage: where a pattern is missing, false ones of that core have come instead."""

    async def starved() -> list[Outcome]:
        spec = parse_spec("sim:bitaxe-gamma?mhz=100&scale=23")
        simulated, row, connection = simulation(spec)
        async with simulated.running():
            made = make_board(row, connection, spec.name, unguarded=True)
            async with made.powered(made.point(100.0)) as powered:
                simulated.board.world.false_rate = lambda chip: 1.0  # type: ignore[method-assign]
                return await try_patterns(powered, known(row, 100.0)[:8])

    outcomes = run_virtual(starved())
    assert {each.state for each in outcomes} == {"wrong"}
    assert all(each.false >= each.tries for each in outcomes)


def test_harvested_versions_are_fixed_but_for_the_low_bits() -> None:
    """Patterns of any version, found by search: their small cores find them under a mask of four bits."""

    async def rolled() -> list[Outcome]:
        spec = parse_spec("sim:bitaxe-gamma?mhz=100&scale=23")
        _, row, _ = simulation(spec)
        found: list[Known] = []
        nonce = 0
        while len(found) < 6:
            header = replace(GAMMA_SHARE.header, nonce=int.from_bytes((nonce << 25).to_bytes(4, "big"), "little"))
            for number in range(4096):
                other = Pattern.of(replace(header, version=0x20000000 | (0x1230 + number) << 13))
                if (where := place(row, 100.0, other)) is not None:
                    found.append(Known(other, where))
                    break
            nonce += 1
        return await _tried("bitaxe-gamma?mhz=100&scale=23", found)

    outcomes = run_virtual(rolled())
    assert len({each.known.pattern.rolled for each in outcomes}) > 1
    assert missing(outcomes) == []


def test_a_core_is_asked_for_another_of_its_nonces_before_it_is_missed() -> None:
    """The first for core 3 is none, as if its small core were absent."""

    async def asked() -> list[Outcome]:
        spec = parse_spec("sim:bitaxe-gamma?mhz=100&scale=23")
        _, row, _ = simulation(spec)
        some = known(row, 100.0)[:6]
        header = some[3].pattern.header
        absent = Known(Pattern(replace(header, ntime=header.ntime + 1), 40), some[3].place)
        return await _tried("bitaxe-gamma?mhz=100&scale=23", [*some[:3], absent, *some[3:]])

    outcomes = run_virtual(asked())
    assert missing(outcomes) == []
    assert [each.spot for each in outcomes] == [(0, core) for core in range(6)]
    assert [each.tries for each in outcomes] == [1, 1, 1, 2, 1, 1]


def test_nothing_known_is_nothing_tried() -> None:
    assert run_virtual(_tried("newpac", [])) == []


def test_a_line_that_cannot_carry_them_is_refused() -> None:
    """126 chips at 115200 baud tell more nonces of 32 zero bits than the line takes."""

    async def flooded() -> None:
        spec = parse_spec("sim:chain:bm1370x2")
        simulated, row, connection = simulation(spec)
        async with simulated.running():
            made = make_board(row, connection, spec.name, unguarded=True)
            async with made.powered(made.point()) as powered:
                assert powered.chain is not None
                powered.chain.mhz, powered.chain.n_chips = 500.0, 120
                await _first(powered)

    async def _first(powered: Powered) -> None:
        with pytest.raises(InputError, match="harvest others"):
            await try_patterns(powered, known(powered.row, 50.0)[:1])

    run_virtual(flooded())


def test_a_board_that_is_unplugged_meanwhile_is_a_failed_board() -> None:
    async def unplugged() -> None:
        spec = parse_spec("sim:bitaxe-gamma?mhz=100&scale=23")
        simulated, row, connection = simulation(spec)
        async with simulated.running():
            made = make_board(row, connection, spec.name, unguarded=True)
            async with made.powered(made.point(100.0)) as powered:
                asyncio.get_running_loop().call_later(1.0, simulated.unplug)
                await try_patterns(powered, known(row, 100.0))

    with pytest.raises((DeviceError, BaseExceptionGroup)) as raised:
        run_virtual(unplugged())
    error = raised.value
    told = cause(error) if isinstance(error, BaseExceptionGroup) else error
    assert isinstance(told, DeviceError)
    assert "unplugged" in str(told)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []

    async def followed() -> None:
        spec = parse_spec("sim:newpac")
        simulated, row, connection = simulation(spec)
        async with simulated.running():
            made = make_board(row, connection, spec.name, unguarded=True)
            async with made.powered(made.point()) as powered:
                await try_patterns(powered, known(row, 100.0), lambda done, all: told.append((done, all)))
                await asyncio.sleep(0)

    run_virtual(followed())
    assert told == [(0, 2), (1, 2)]
