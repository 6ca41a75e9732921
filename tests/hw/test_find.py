from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw import find
from joulehash.hw.boards.table import BOARDS
from joulehash.hw.boards.usb_ids import ROWS
from joulehash.hw.find import Descriptor, Recognised, plugged_in, ports_of, recognise, serial_descriptor
from joulehash.hw.ports import libusb
from joulehash.hw.ports.serial import SerialPort
from joulehash.hw.ports.usb import UsbPort
from joulehash.hw.spec import parse_spec
from tests.support.usb_devices import FakeBus, FakeCp2105, FakeFt230x


def acm(number: int, manufacturer: str = "OSMU", product: str = "Bitaxe", place: str = "1-3") -> Descriptor:
    return Descriptor(
        f"/dev/ttyACM{number}", 0xC0DE, 0xCAFE, manufacturer, product, "a1b2c3d4", place, 2 * (number % 2)
    )


def one(*parts: Descriptor) -> Recognised:
    (found,) = recognise(parts)
    return found


def test_a_bitaxe_is_known_by_its_strings_and_two_ports_whatever_their_order() -> None:
    found = one(acm(1, product="Bitaxe Gamma"), acm(0, product="Bitaxe Gamma"))
    assert found.board == "bitaxe-gamma"
    assert found.ports == {"control": "/dev/ttyACM0", "chips": "/dev/ttyACM1"}
    assert (found.by, found.remedy) == ("OSMU Bitaxe Gamma: bitaxe-raw", None)


def test_a_bitaxe_that_does_not_tell_its_model_is_left_to_its_user() -> None:
    found = one(acm(0), acm(1))
    assert found.board is None
    assert found.ports == {"control": "/dev/ttyACM0", "chips": "/dev/ttyACM1"}
    assert found.remedy is not None
    assert found.remedy.startswith("if you know it, say so: -d bitaxe-max:/dev/ttyACM0 (or bitaxe-ultra, ")
    assert set(found.maybe) == {board for board in BOARDS if board.startswith("bitaxe-")}


@pytest.mark.parametrize("count", [1, 3])
def test_a_bitaxe_has_two_ports(count: int) -> None:
    found = one(*(acm(number, product="Bitaxe Hex") for number in range(count)))
    assert (found.board, found.ports) == (None, {})
    assert found.remedy is not None
    assert found.remedy.startswith(f"bitaxe-raw has two serial ports, and this has {count}: flash bitaxe-raw")


@pytest.mark.parametrize("manufacturer", ["Embassy", "osmium", ""])
def test_an_example_id_proves_nothing(manufacturer: str) -> None:
    found = one(acm(0, manufacturer, "USB-serial example"), acm(1, manufacturer, "USB-serial example"))
    assert found.board is None
    assert "embassy's example id" in found.by


def test_a_stock_bitaxe_is_named_with_the_remedy() -> None:
    found = one(Descriptor("/dev/ttyACM0", 0x303A, 0x1001, "Espressif", "USB JTAG/serial debug unit", place="1-1"))
    assert (found.board, found.ports, found.maybe) == (None, {}, ())
    assert "a Bitaxe with its stock firmware" in found.by
    assert found.remedy is not None
    assert "flash bitaxe-raw" in found.remedy


@pytest.mark.parametrize(
    ("vid", "pid", "manufacturer", "product", "board"),
    [
        (0x0403, 0x6015, "GekkoScience", "CompacF Bitcoin Miner", "compac-f"),
        (0x0403, 0x6015, "GekkoScience", "R909 Bitcoin Miner", "r909"),
        (0x0403, 0x6015, "GekkoScience", "NewPac Bitcoin Miner", "newpac"),
        (0x0403, 0x6015, "GekkoScience", "R606 Bitcoin Miner", "r606"),
        (0x10C4, 0xEA70, "Silicon Labs", "GekkoScience Compac A1", "compac-a1"),
        (0x10C4, 0xEA70, "Silicon Labs", "GekkoScience Terminus A1", "compac-a1"),
        (0x10C4, 0xEA70, "Silicon Labs", "GekkoScience Compac A2", "compac-a2"),
    ],
)
def test_sticks_are_one_thing_with_their_serial_ports(
    vid: int, pid: int, manufacturer: str, product: str, board: str
) -> None:
    usb = Descriptor(None, vid, pid, manufacturer, product, "X", "1-1.4")
    tty = Descriptor("/dev/ttyUSB0", vid, pid, manufacturer, product, "X", "1-1.4")
    for parts in ((usb,), (tty,), (usb, tty), (tty, usb)):
        found = one(*parts)
        assert found.board == board
        addresses = {"chips": "usb:1-1.4", "telemetry": "usb:1-1.4:1"}
        assert found.ports == {role: addresses[role] for role in BOARDS[board].ports}
        assert found.by == f"{manufacturer} {product}"


@pytest.mark.parametrize(
    ("vid", "pid", "first"),
    [
        (0x10C4, 0xEA60, "block-erupter"),
        (0x067B, 0x2303, "icarus"),
        (0x0403, 0x6001, "lancelot"),
        (0x0403, 0x6015, "chain:CHIPxN"),
        (0x10C4, 0xEA70, "chain:CHIPxN"),
        (0x0483, 0x5740, "chain:CHIPxN"),
        (0x1234, 0x5678, "icarus"),
    ],
)
def test_the_id_of_a_bridge_proves_nothing(vid: int, pid: int, first: str) -> None:
    found = one(Descriptor("/dev/ttyUSB0", vid, pid, "Some maker", "Some bridge", None, "1-1"))
    assert (found.board, found.ports) == (None, {"chips": "/dev/ttyUSB0"})
    assert found.remedy is not None
    assert found.remedy.startswith(f"if you know it, say so: -d {first}:/dev/ttyUSB0")


def test_a_bridge_named_after_its_board_is_that_board() -> None:
    found = one(Descriptor("/dev/ttyUSB0", 0x10C4, 0xEA60, "bitfountain", "Block Erupter Sapphire", None, "1-1"))
    assert (found.board, found.ports) == ("block-erupter", {"chips": "/dev/ttyUSB0"})


def test_a_port_of_the_mainboard_may_be_anything() -> None:
    found = one(Descriptor("/dev/ttyS0"))
    assert (found.board, found.by) == (None, "a serial port, no USB device")


def test_a_bridge_without_a_driver_says_so() -> None:
    found = one(Descriptor(None, 0x067B, 0x2303, place="1-1"))
    assert (found.board, found.ports) == (None, {})
    assert found.remedy == "it has no serial port: load its driver, as with sudo modprobe usbserial"


def test_a_mouse_is_left_out() -> None:
    assert recognise([Descriptor(None, 0x046D, 0xC077, "Logitech", "USB Optical Mouse", None, "1-2")]) == []


def test_every_board_of_the_table_that_strings_can_name_is_in_it() -> None:
    assert {row.board for row in ROWS if row.board} == set(BOARDS) - {"fpga"}
    assert [row for row in ROWS if row.board and not row.has_strings] == []
    assert {board for row in ROWS for board in row.maybe} <= {*BOARDS, "chain:CHIPxN"}


texts = st.none() | st.text(max_size=20) | st.sampled_from(["OSMU", "Bitaxe", "Bitaxe GT", "GekkoScience", "Icarus"])
ids = st.none() | st.integers(0, 0xFFFF) | st.sampled_from([0x0403, 0x6015, 0x10C4, 0xEA60, 0xEA70, 0x303A, 0x1001])
descriptors = st.builds(
    Descriptor,
    st.none() | st.sampled_from(["/dev/ttyACM0", "/dev/ttyUSB1", "COM3"]),
    ids, ids, texts, texts, texts, st.none() | st.sampled_from(["1-1", "1-1.4", "3-2"]), st.integers(0, 3),
)  # fmt: skip


@given(st.lists(descriptors, max_size=5))
def test_whatever_is_plugged_in_is_told_with_a_remedy_or_can_be_used(parts: list[Descriptor]) -> None:
    for found in recognise(parts):
        assert found.by
        if found.board is None:
            assert found.remedy
        else:
            assert found.remedy is None
            assert tuple(found.ports) == BOARDS[found.board].ports
        for board in found.maybe:
            if board in BOARDS:
                assert len(found.ports) >= 1


@pytest.mark.parametrize(
    ("location", "place", "interface"),
    [("1-1.4:1.2", "1-1.4", 2), ("1-1", "1-1", 0), ("20-1", "20-1", 0), ("1-2:x.1", "1-2", 1), (None, None, 0)],
)
def test_locations_as_pyserial_writes_them(location: str | None, place: str | None, interface: int) -> None:
    info = SimpleNamespace(
        device="/dev/ttyACM1", vid=1, pid=2, manufacturer="m", product="p", serial_number="s", location=location
    )
    assert serial_descriptor(info) == Descriptor("/dev/ttyACM1", 1, 2, "m", "p", "s", place, interface)


@pytest.fixture
def no_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[Descriptor]:
        return []

    monkeypatch.setattr(find, "_serial_ports", none)


@pytest.mark.usefixtures("no_ports")
def test_sticks_are_found_by_the_real_pyusb_and_stay_closed() -> None:
    sticks = FakeFt230x(), FakeCp2105(product="GekkoScience Compac A2")
    found = plugged_in(FakeBus(*sticks))
    assert [each.board for each in found] == ["compac-f", "compac-a2"]
    assert [each.serial for each in found] == ["DK01ABCD", "0012ABCD"]
    assert [stick.opened for stick in sticks] == [0, 0]


@pytest.mark.usefixtures("no_ports")
def test_without_permission_or_libusb_there_is_less_to_see_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stick = FakeFt230x()
    stick.permitted = False
    (found,) = plugged_in(FakeBus(stick))
    assert (found.board, found.by) == (None, "0403:6015: an FT230X, as on GekkoScience's sticks")

    def none() -> None:
        return None

    monkeypatch.setattr(libusb, "default_backend", none)
    assert plugged_in() == []


A1 = recognise([Descriptor(None, 0x10C4, 0xEA70, "Silicon Labs", "GekkoScience Compac A1", None, "1-2")])
F = recognise([Descriptor("/dev/ttyUSB0", 0x0403, 0x6015, "GekkoScience", "CompacF Bitcoin Miner", None, "1-1.4")])
AXE = recognise([acm(0), acm(1)])
GAMMA = recognise([acm(0, product="Bitaxe Gamma"), acm(1, product="Bitaxe Gamma")])
STOCK = recognise([Descriptor("/dev/ttyACM0", 0x303A, 0x1001, None, None, None, "1-1")])
BRIDGE = recognise([Descriptor("/dev/ttyUSB0", 0x067B, 0x2303, None, None, None, "1-1")])


@pytest.mark.parametrize(
    ("text", "found", "board", "ports"),
    [
        ("usb:1-2", A1, "compac-a1", {"chips": "usb:1-2", "telemetry": "usb:1-2:1"}),
        ("/dev/ttyUSB0", F, "compac-f", {"chips": "usb:1-1.4"}),
        ("compac-f:/dev/ttyUSB0", F, "compac-f", {"chips": "usb:1-1.4"}),
        ("compac-f:usb:7-7", [], "compac-f", {"chips": "usb:7-7"}),
        ("/dev/ttyACM1", GAMMA, "bitaxe-gamma", {"control": "/dev/ttyACM0", "chips": "/dev/ttyACM1"}),
        ("bitaxe-supra:/dev/ttyACM0", AXE, "bitaxe-supra", {"control": "/dev/ttyACM0", "chips": "/dev/ttyACM1"}),
        ("bitaxe-gt:/tmp/a,/tmp/b", [], "bitaxe-gt", {"control": "/tmp/a", "chips": "/tmp/b"}),
        ("icarus:/dev/ttyUSB0", BRIDGE, "icarus", {"chips": "/dev/ttyUSB0"}),
        ("chain:bm1368x6:rfc2217://host:7000", [], "chain:bm1368x6", {"chips": "rfc2217://host:7000"}),
    ],
)
def test_ports_of_what_the_user_names(text: str, found: list[Recognised], board: str, ports: dict[str, str]) -> None:
    row, connection = ports_of(parse_spec(text), found)
    made = connection.ports
    assert row.name == board
    assert {role: port.name for role, port in made.items()} == ports
    kind = UsbPort if "usb:" in next(iter(ports.values())) else SerialPort
    assert all(isinstance(port, kind) for port in made.values())
    assert {port.stick for port in made.values() if isinstance(port, UsbPort)} == {connection.pins} - {None}
    line: object = connection.line
    assert line is (made["chips"] if connection.pins else None)


@pytest.mark.parametrize(
    ("text", "found", "why"),
    [
        ("/dev/ttyUSB0", [], "nothing is recognised there; say which board it is, as -d BOARD:PORT"),
        ("/dev/ttyUSB0", BRIDGE, "recognised as no board .067b:2303: a PL2303.*-d icarus:/dev/ttyUSB0"),
        ("/dev/ttyACM0", AXE, "recognised as no board .*-d bitaxe-max:/dev/ttyACM0"),
        ("/dev/ttyACM0", STOCK, "a Bitaxe with its stock firmware.*flash bitaxe-raw"),
        ("bitaxe-gamma:/dev/ttyACM0", STOCK, "a Bitaxe with its stock firmware.*flash bitaxe-raw"),
        ("bitaxe-gamma:/tmp/a", [], "has 2 ports; say -d bitaxe-gamma:CONTROL,CHIPS"),
        ("icarus:/dev/ttyUSB0", F, "is compac-f .*say -d compac-f:/dev/ttyUSB0"),
        ("compac-f:/dev/ttyUSB7", [], "compac-f is driven by a USB address, as usb:1-1.4, not by /dev/ttyUSB7"),
        ("compac-f:usb:x", [], "usb:x: is no USB address"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_remedy(text: str, found: list[Recognised], why: str) -> None:
    with pytest.raises(InputError, match=why):
        ports_of(parse_spec(text), found)
