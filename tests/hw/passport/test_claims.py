from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from joulehash.engine.errors import InputError
from joulehash.hw.passport.key import Claim
from joulehash.hw.passport.store import Passport
from tests.support.passports import GAMMA, use

OWN = Claim("/dev/ttyACM0", GAMMA, serial="osmu:1a2b3c4d", plug="boot/1-3/7")
ICARUS = msgspec.structs.replace(GAMMA, board="icarus", title="Icarus", chip=None, chips=0, by="", serial=None)
BARE = Claim("icarus:/dev/ttyUSB0", ICARUS, plug="boot/1-1/5", why="its serial number is that of an adapter")
REPLUGGED = replace(BARE, plug="boot/1-1/6")
CHAIN = replace(BARE, name="chain:bm1370x2:/dev/ttyUSB0", plug=None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "p"


def settle(path: Path, *claims: Claim) -> list[str | None]:
    async def work(passport: Passport) -> list[str | None]:
        return [await passport.settle(claim) for claim in claims]

    return use(path, work)


def label(path: Path, claim: Claim, name: str) -> str:
    return use(path, lambda passport: passport.label(claim, name))


def labels(path: Path) -> dict[str, str | None]:
    return {board.key: board.label for board in use(path, lambda passport: passport.boards())}


def test_its_own_number_is_its_key(path: Path) -> None:
    assert settle(path, OWN, replace(OWN, plug="boot/1-4/9")) == ["osmu:1a2b3c4d"] * 2
    assert labels(path) == {"osmu:1a2b3c4d": None}


def test_without_one_its_user_has_to_say(path: Path) -> None:
    assert settle(path, BARE, CHAIN) == [None, None]
    assert labels(path) == {}


def test_a_label_holds_for_what_is_plugged_in_until_it_is_pulled(path: Path) -> None:
    assert label(path, BARE, "rig-1") == "rig-1"
    assert settle(path, BARE, REPLUGGED, replace(BARE, plug=None)) == ["rig-1", None, None]
    assert label(path, REPLUGGED, "rig-1") == "rig-1"
    assert settle(path, BARE, REPLUGGED) == [None, "rig-1"], "it is where it was labelled last"


def test_another_label_for_the_same_plug_is_another_board(path: Path) -> None:
    label(path, BARE, "rig-1")
    label(path, BARE, "rig-2")
    assert settle(path, BARE) == ["rig-2"]
    assert labels(path) == {"rig-1": "rig-1", "rig-2": "rig-2"}


def test_a_label_in_the_devices_name_is_its_users_word_each_time(path: Path) -> None:
    assert settle(path, replace(CHAIN, label="hb-17"), replace(CHAIN, label="hb-18"), CHAIN) == ["hb-17", "hb-18", None]


def test_behind_an_adapter_no_label_would_hold(path: Path) -> None:
    with pytest.raises(InputError, match=r"-d 'chain:bm1370x2:/dev/ttyUSB0\?label=NAME'"):
        label(path, CHAIN, "hb-17")


def test_a_board_with_a_number_keeps_its_label_wherever_it_is(path: Path) -> None:
    assert label(path, OWN, "shelf-3") == "osmu:1a2b3c4d"
    assert settle(path, replace(OWN, plug=None)) == ["osmu:1a2b3c4d"]
    assert use(path, lambda passport: passport.find("shelf-3")) == "osmu:1a2b3c4d"
    assert settle(path, replace(OWN, label="shelf-4")) == ["osmu:1a2b3c4d"]
    assert labels(path) == {"osmu:1a2b3c4d": "shelf-4"}


def test_a_number_that_was_ever_seen_twice_is_asked_for_from_then_on(path: Path) -> None:
    assert settle(path, OWN, replace(OWN, shared=True), OWN) == ["osmu:1a2b3c4d", None, None]
    assert label(path, OWN, "left") == "left"
    assert settle(path, OWN) == ["left"]


def test_two_boards_never_have_one_label(path: Path) -> None:
    label(path, OWN, "shelf-3")
    label(path, BARE, "rig-1")
    other = replace(OWN, serial="osmu:5e6f7788")
    for claim, taken in ((other, "shelf-3"), (BARE, "shelf-3"), (OWN, "rig-1")):
        with pytest.raises(InputError, match=f"label '{taken}': is that of"):
            label(path, claim, taken)
        with pytest.raises(InputError, match=f"label '{taken}': is that of"):
            settle(path, replace(claim, label=taken))
    assert labels(path) == {"osmu:1a2b3c4d": "shelf-3", "rig-1": "rig-1"}


def test_what_it_is_is_noted_when_it_changes(path: Path) -> None:
    later = msgspec.structs.replace(GAMMA, at=GAMMA.at.replace(month=2))
    newer = msgspec.structs.replace(later, by="OSMU Bitaxe Gamma: another firmware")
    settle(path, OWN, replace(OWN, identity=later), replace(OWN, identity=newer))

    async def work(passport: Passport) -> list[bytes]:
        lines: list[bytes] = []
        await passport.export_to("osmu:1a2b3c4d", lines.append)
        return lines

    assert len(use(path, work)) == 4
    assert use(path, lambda passport: passport.book("osmu:1a2b3c4d")).identity == newer


def test_who_is_not_found_is_told_who_is_there(path: Path) -> None:
    def find(name: str) -> str:
        return use(path, lambda passport: passport.find(name))

    with pytest.raises(InputError, match="board 'rig-1': is not in the passport; it holds no board yet"):
        find("rig-1")
    settle(path, OWN, *(replace(CHAIN, label=f"hb-{number}") for number in range(9)), replace(CHAIN, label="sim:demo"))
    assert find("demo") == find("sim:demo") == "sim:demo"
    with pytest.raises(InputError, match=r"there are hb-\d, .* and 5 more"):
        find("else")
    with pytest.raises(InputError, match=r"there are osmu:1a2b3c4d$"):
        find("osmu:1a2b")
