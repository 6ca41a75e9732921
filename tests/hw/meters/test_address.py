"""URLs of meters: what they say, and that no error and no name repeats a password."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.meters.address import Address, parse_address
from joulehash.hw.meters.meter import Accuracy


def test_it_is_taken_apart() -> None:
    address = parse_address("scpi:TCPIP::10.0.0.5::5025::SOCKET?power=MEAS:POW? (@1)&gain=0.5%", "meter")
    assert (address.kind, address.rest) == ("scpi", "TCPIP::10.0.0.5::5025::SOCKET")
    assert address.values == {"power": "MEAS:POW? (@1)", "gain": "0.5%"}
    assert address.gain(0.1) == pytest.approx(0.005)
    assert parse_address("rapl:", "meter").name == parse_address("rapl", "meter").name == "rapl"


def test_a_login_is_no_part_of_the_name() -> None:
    address = parse_address("shelly:admin:s3cr:et@10.0.0.5:8080", "meter")
    assert (address.user, address.password) == ("admin", "s3cr:et")
    assert address.name == "shelly:10.0.0.5:8080"
    assert address.host(80) == ("10.0.0.5", 8080)
    assert "s3cr" not in repr(address)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "takes KIND:ADDRESS"),
        ("Ä:", "takes KIND:ADDRESS"),
        ("shelly::s3cret@host", "takes USER:PASSWORD@HOST"),
        ("shelly:admin:s3cret?x=1@host", "neither of them with a question mark"),
        ("shelly:host?password=s3cret", "password does not go after the question mark"),
        ("shelly:admin:s3cret@ho st", "holds blanks"),
        ("rapl:?", "takes KEY=VALUE"),
        ("rapl:?gain=1%&gain=2%", "is given twice"),
    ],
)
def test_what_it_does_not_take(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        parse_address(text, "meter")
    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["0.5", "-1%", "100%", "nan%", "%"])
def test_a_gain_is_a_part_in_percent(text: str) -> None:
    with pytest.raises(InputError, match=r"takes a standard deviation in percent, as gain=0.5%"):
        Address("fixed", "19W", {"gain": text}).accuracy(Accuracy(0.1))


def test_values_are_held_to_their_bounds() -> None:
    address = Address("x", "", {"unit": "0x1", "volts": "1e3", "place": "wall"})
    with pytest.raises(InputError, match="whole number of 0 to 247"):
        address.whole("unit", 1, 0, 247)
    with pytest.raises(InputError, match="takes a number of 0 to 60"):
        address.number("volts", 12.0, 0, 60)
    assert address.place("DC input") == "wall"
    with pytest.raises(InputError, match="'volts' is unknown; takes unit"):
        address.only("unit")


@pytest.mark.parametrize(("rest", "host"), [("plug.lan", ("plug.lan", 80)), ("[fe80::1]:81", ("fe80::1", 81))])
def test_hosts(rest: str, host: tuple[str, int]) -> None:
    assert Address("shelly", rest).host(80) == host


@pytest.mark.parametrize("rest", ["", "a/b", "http://a", "a:99999", "a:b", "[::1"])
def test_what_is_no_host(rest: str) -> None:
    with pytest.raises(InputError):
        Address("shelly", rest).host(80)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_an_input_error(text: str) -> None:
    said = ""
    try:
        said = parse_address(text, "meter").name
    except InputError as error:
        said = str(error)
    assert said.isprintable()


@given(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.from_regex(r"[A-Za-z0-9?&=@:%!#]{8,20}", fullmatch=True))
def test_a_password_is_never_shown(user: str, password: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_address(f"shelly:{user}:{password}@10.0.0.5?nonsense=1", "meter").only("gain")
    assert password not in str(raised.value)
