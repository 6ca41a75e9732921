from __future__ import annotations

from pathlib import Path

import pytest

from joulehash.engine.errors import InputError
from joulehash.hw.boards.table import board_row
from joulehash.hw.find import Descriptor, Recognised, ports_of, recognise, thing_of
from joulehash.hw.passport.key import Claim, claim_of, own_serial, plug_of, simulated_claim
from joulehash.hw.spec import parse_spec

CP2102, PL2303, FT232R = (0x10C4, 0xEA60), (0x067B, 0x2303), (0x0403, 0x6001)


def bitaxe(serial: str | None, first: int = 0, place: str = "1-3") -> list[Descriptor]:
    return [
        Descriptor(f"/dev/ttyACM{first + n}", 0xC0DE, 0xCAFE, "OSMU", "Bitaxe Gamma", serial, place, 2 * n)
        for n in range(2)
    ]


def adapter(ids: tuple[int, int], product: str, serial: str | None, place: str = "1-1.4") -> Descriptor:
    return Descriptor("/dev/ttyUSB0", *ids, "Some Maker", product, serial, place)


def plugs(root: Path, **numbers: int) -> Path:
    """A system that knows the plugs of these sockets, named as p1_1p4 for 1-1.4."""
    boot = root / "proc/sys/kernel/random/boot_id"
    boot.parent.mkdir(parents=True)
    boot.write_text("b00t\n")
    for name, number in numbers.items():
        folder = root / "sys/bus/usb/devices" / name[1:].replace("_", "-").replace("p", ".")
        folder.mkdir(parents=True)
        (folder / "devnum").write_text(f"{number}\n")
    return root


def claim(device: str, parts: list[Descriptor], root: Path = Path("/nowhere")) -> Claim:
    spec, found = parse_spec(device), recognise(parts)
    row, _ = ports_of(spec, found)
    return claim_of(spec, row, thing_of(spec, found), found, root)


def test_a_board_with_a_number_of_its_own_needs_nothing_else(tmp_path: Path) -> None:
    found = claim("/dev/ttyACM1", bitaxe("1a2b3c4d"), plugs(tmp_path, p1_3=7))
    assert (found.serial, found.shared, found.label, found.plug) == ("osmu:1a2b3c4d", False, None, "b00t/1-3/7")
    assert (found.identity.board, found.identity.serial) == ("bitaxe-gamma", "1a2b3c4d")
    assert (found.identity.chip, found.identity.chips, found.identity.simulated) == ("BM1370", 1, False)


def test_a_number_that_two_boards_have_is_none_of_either() -> None:
    both = [*bitaxe("1a2b3c4d"), *bitaxe("1a2b3c4d", 2, "1-4")]
    found = claim("/dev/ttyACM0", both)
    assert found.shared
    assert "another board has the same serial number" in found.asks
    assert not claim("/dev/ttyACM0", [*bitaxe("1a2b3c4d"), *bitaxe("5e6f7788", 2, "1-4")]).shared


@pytest.mark.parametrize(
    "serial", ["0001", "0", "00000000", "ffffffff", "12345678", "0123456789ABCDEF", "A50285BI", "None", "ab", "ä" * 8]
)
def test_numbers_that_makers_forget_to_set_are_none(serial: str) -> None:
    (found,) = recognise(bitaxe(serial))
    key, why = own_serial(found)
    assert key is None
    assert "is one that many boards have" in why


def test_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    found = claim("/dev/ttyACM0", bitaxe(None), plugs(tmp_path, p1_3=7))
    assert found.serial is None
    assert found.asks == (
        "/dev/ttyACM0: has no serial number; so that it has a passport: joulehash boards label /dev/ttyACM0 NAME, or "
        "-d '/dev/ttyACM0?label=NAME'"
    )


@pytest.mark.parametrize("board", ["icarus:", "block-erupter:", "chain:bm1370x2:", "fpga:"])
@pytest.mark.parametrize("ids", [CP2102, PL2303, FT232R])
def test_the_number_of_an_adapter_is_not_the_boards(board: str, ids: tuple[int, int], tmp_path: Path) -> None:
    found = claim(f"{board}/dev/ttyUSB0", [adapter(ids, "USB-Serial", "AL03HTJX")], plugs(tmp_path, p1_1p4=9))
    assert found.serial is found.identity.serial is None
    assert "adapter" in found.asks
    assert (found.plug is None) is board.startswith("chain:"), "behind an adapter boards change unseen"


def test_a_bridge_that_its_maker_has_named_is_the_board() -> None:
    assert claim("/dev/ttyUSB0", [adapter(CP2102, "Block Erupter", "E0017")]).serial == "some-maker:E0017"
    assert claim("/dev/ttyUSB0", [adapter(CP2102, "Block Erupter", "0001")]).serial is None


def test_a_port_of_which_the_system_knows_nothing_takes_a_name_each_time() -> None:
    found = claim("icarus:/dev/ttyS0", [])
    assert (found.serial, found.plug) == (None, None)
    assert found.asks.endswith("so that it has a passport: -d 'icarus:/dev/ttyS0?label=NAME'")
    assert claim("icarus:/dev/ttyS0?label=rig-1", []).label == "rig-1"
    with pytest.raises(InputError, match="label 'rig 1'"):
        claim("icarus:/dev/ttyS0?label=rig 1", [])


def test_a_simulated_board_has_a_key_that_no_real_one_can_have() -> None:
    row = board_row("bitaxe-gamma")
    assert simulated_claim(parse_spec("sim:bitaxe-gamma"), row).label is None
    labelled = simulated_claim(parse_spec("sim:bitaxe-gamma?label=demo&scale=20"), row)
    assert (labelled.label, labelled.serial, labelled.identity.simulated) == ("sim:demo", None, True)


def test_a_plug_is_another_after_it_was_pulled_or_the_machine_started_anew(tmp_path: Path) -> None:
    root = plugs(tmp_path, p1_3=7)
    first = plug_of("1-3", root)
    (root / "sys/bus/usb/devices/1-3/devnum").write_text("8\n")
    second = plug_of("1-3", root)
    (root / "proc/sys/kernel/random/boot_id").write_text("an0ther\n")
    assert len({first, second, plug_of("1-3", root)}) == 3
    assert plug_of("1-4", root) is None
    assert plug_of(None, root) is None


def test_makers_are_told_apart() -> None:
    keys = {own_serial(thing)[0] for thing in recognise([*bitaxe("10015678"), _stick("10015678")])}
    assert keys == {"osmu:10015678", "gekkoscience:10015678"}


def _stick(serial: str) -> Descriptor:
    return Descriptor(None, 0x0403, 0x6015, "GekkoScience", "CompacF Bitcoin Miner", serial, "1-1.2")


def test_strings_may_be_anything() -> None:
    thing = Recognised("bitaxe-gamma", {}, "", serial="x" * 300, maker="m" * 300)
    assert own_serial(thing)[0] is None
