from __future__ import annotations

from dataclasses import fields, replace

import pytest

from joulehash.engine.errors import InputError
from joulehash.hw.sim.faults import FAULTS, NO_FAULTS, Faults, check_faults, parse_faults

WRITTEN = {  # each name as a user may write it, and what it comes to
    "dead-core:17": Faults(dead_cores=((0, 17),)),
    "dead-core:3.17": Faults(dead_cores=((3, 17),)),
    "weak-core:17": Faults(weak_cores=((0, 17, 0.5),)),
    "weak-core:3.17+0.25": Faults(weak_cores=((3, 17, 0.25),)),
    "slow": Faults(slow=0.85),
    "slow:0.7": Faults(slow=0.7),
    "dead-chip:2": Faults(dead_chips=(2,)),
    "no-chips": Faults(no_chips=True),
    "wrong-chip": Faults(wrong_chip=0x1366),
    "wrong-chip:1368": Faults(wrong_chip=0x1368),
    "address-stuck": Faults(address_stuck=True),
    "stuck-nonce": Faults(stuck_nonce=True),
    "duplicate-nonces": Faults(duplicate_nonces=True),
    "chain-cut:3": Faults(chain_cut=3),
    "brown-out": Faults(brown_out_s=10.0),
    "brown-out:2.5": Faults(brown_out_s=2.5),
    "mute": Faults(mute_s=5.0),
    "mute:0": Faults(mute_s=0.0),
    "noise:1e-3": Faults(noise=1e-3),
    "lost-bytes": Faults(lost_bytes=1e-3),
    "overheat": Faults(overheat=True),
    "fan-stall": Faults(fan_stall=True),
    "sensor-open": Faults(sensor_open=True),
    "sensor-frozen": Faults(sensor_frozen=True),
    "i2c-dead": Faults(i2c_dead=True),
    "lying-counter": Faults(lying_counter=2.0),
    "slow-start": Faults(slow_start_s=2.0),
    "unplug:30": Faults(unplug=(30.0, None)),
    "unplug:30+5": Faults(unplug=(30.0, 5.0)),
}


@pytest.mark.parametrize(("text", "faults"), WRITTEN.items())
def test_a_fault_as_it_is_written(text: str, faults: Faults) -> None:
    assert parse_faults(text) == faults


def test_every_name_is_tested_and_every_field_has_a_name() -> None:
    assert {text.partition(":")[0] for text in WRITTEN} == set(FAULTS)
    changed = {field.name for faults in WRITTEN.values() for field in fields(Faults) if _changed(faults, field.name)}
    assert changed == {field.name for field in fields(Faults)}


def _changed(faults: Faults, name: str) -> bool:
    return bool(getattr(faults, name) != getattr(NO_FAULTS, name))


def test_several_at_once() -> None:
    assert parse_faults("") == NO_FAULTS
    both = parse_faults("dead-core:1,dead-core:2.3,noise,dead-chip:0,dead-chip:4")
    assert both == Faults(dead_cores=((0, 1), (2, 3)), dead_chips=(0, 4), noise=1e-3)
    assert replace(both, noise=0.0).noise == 0.0


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(InputError) as error:
        parse_faults("dead-cores:17")
    for name in FAULTS:
        assert name in str(error.value)
    assert "'dead-cores'" in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dead-core", "'' is no number of a chip or a core"),
        ("dead-core:x", "'x' is no number of a chip or a core"),
        ("dead-core:-1", "write dead-core:\\[CHIP.\\]CORE"),
        ("dead-core:1.2.3", "'1.2' is no number"),
        ("weak-core:17+2", "2 is out of bounds, which are 0 to 1"),
        ("slow:0", "0 is out of bounds, which are 0.01 to 1"),
        ("noise:2", "2 is out of bounds, which are 0 to 1"),
        ("noise:nan", "nan is out of bounds"),
        ("mute:soon", "'soon' is no number"),
        ("wrong-chip:xyz", "four hexadecimal digits"),
        ("wrong-chip:12345", "four hexadecimal digits"),
        ("no-chips:1", "no-chips takes no argument; leave out ':1'"),
        ("unplug", "write unplug:SECONDS\\[\\+FOR\\]"),
        ("brown-out:0", "0 is out of bounds"),
    ],
)
def test_what_cannot_be_used_is_said(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse_faults(text)


@pytest.mark.parametrize("text", ["dead-chip:6", "dead-core:6.1", "dead-core:128", "weak-core:6.1", "chain-cut:6"])
def test_what_the_board_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="are 0 to"):
        check_faults(parse_faults(text), 6, 128)


def test_the_last_of_each_is_taken() -> None:
    check_faults(parse_faults("dead-chip:5,dead-core:5.127,chain-cut:5"), 6, 128)
