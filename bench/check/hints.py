"""Every code that a finding may have, with the likeliest cause and what to look at, in the words repairers use.

Test points go by their names on hash boards: CLKI (25 MHz in), CI (commands in), RO (answers out), NRST (reset), BO
(busy out), VDD core and the 1.8 V and 0.8 V rails of each domain. Signals run CLKI, CI, BO and NRST from the first chip
to the last, RO from the last to the first. The advice is general; whose board it is stands in its own schematic.
"""

from __future__ import annotations

from collections.abc import Mapping

from .result import Finding

HINTS: Mapping[str, str] = {
    "no-answer": (
        "no chip talks: check in this order core voltage, 1.8 V and 0.8 V, CLKI at the first chip (25 MHz), NRST "
        "high, CI moving while it is asked, RO idle high; the first chip or its soldering if all are there. "
        "`joulehash check --guided` leads through these points"
    ),
    "falls-silent": (
        "it answered, and stopped: a loose connector or cable, a chip that loses its supply when warm; measure "
        "core voltage and 1.8 V when it happens, press on the first chip, reflow RO and CI"
    ),
    "no-clock": (
        "CLKI does not swing: the crystal or oscillator, its load capacitors, its supply, a short at the first chip"
    ),
    "no-command": "CI does not reach the first chip: the level shifter, its series resistor, the connector",
    "no-response": (
        "RO does not come back: the level shifter, the series resistor at RO, a chip that pulls the line down"
    ),
    "reset-held": "NRST stays low: the reset driver or its pull-up, a chip that shorts the line",
    "no-rail": (
        "a rail is missing: its regulator, the fuse or MOSFET before it, a short of the domain; measure ohms to ground"
    ),
    "cut-chain": (
        "the chain breaks behind the last chip that answers: look at that one's outputs and the next one's inputs"
        " (CLKI, CI, NRST forward, RO back), and at the next chip's 1.8 V and 0.8 V. The number may be one off: "
        "short RO to 1.8 V chip by chip to make sure"
    ),
    "wrong-chip": "another kind of chip than the board takes: read the marking; or the wrong board was named",
    "address-stuck": (
        "chips do not take their addresses, so that they hash the same: the inactive command is lost on CI, or a "
        "chip's reset is floating; power off and on, then look at NRST and CI between the first two chips"
    ),
    "slow-start": (
        "the core voltage comes late: a weak supply or cable, the soft start's capacitor, a leaking chip that "
        "loads the rail; measure how it rises with a scope"
    ),
    "bad-regulator": (
        "the core voltage is not what was asked for: the regulator, its feedback divider, its inductor, or a "
        "domain that pulls it down; measure VDD without load, then ohms of each domain to ground"
    ),
    "bad-supply": (
        "the input voltage is out of bounds: the power supply, its cable and plug; measure at the connector under load"
    ),
    "over-power": (
        "it takes more than it may: a shorted or leaking chip or domain; look for the hot spot with a thermal camera"
    ),
    "bad-fan": (
        "the fan does not turn as it should: its plug, a blocked rotor, its 5 V or 12 V, the tacho wire; then the fan"
    ),
    "overheat": (
        "heat does not leave: the heat sink's seat and screws, dried or missing paste, dust, no air though the "
        "fan turns, a fan turned round; then one chip that takes too much"
    ),
    "bad-sensor": (
        "the sensor is open, short or stands still: its soldering, the diode's two lines to the chip, then the part"
    ),
    "no-control": (
        "the controller does not answer: the right port, USB cable, firmware; on a stick its micro; on a Bitaxe "
        "the ESP32's 3.3 V"
    ),
    "dead-bus": (
        "no part answers on I2C: SDA or SCL is held low, or the pull-ups' 3.3 V is missing; take parts off one by one"
    ),
    "missing-part": (
        "one part does not answer on I2C: its soldering, its supply, its address pins; or it is another board"
    ),
    "unplugged": "the port vanished: the USB cable, the hub, a reset of the controller by a short dip of its supply",
    "brown-out": (
        "chips forget what they were told: the core voltage dips under load. The supply and its cable, the "
        "regulator's output capacitors, a voltage that is set too low for the frequency"
    ),
    "dead-domain": (
        "all of a domain is silent: its 1.8 V or 0.8 V regulator, a shorted capacitor or chip in it; compare its "
        "voltage to ground with the other domains"
    ),
    "dead-chip": (
        "it answers and hashes nothing: its core voltage and 0.8 V, cracked solder under it; then replace the chip"
    ),
    "dead-core": (
        "one core is open: harmless by itself, as chips are sold with some; if they become more, the chip's "
        "voltage or its temperature are off"
    ),
    "weak-chip": (
        "it gives less than the others: poor contact to the heat sink, a low domain voltage, aged; try a lower "
        "frequency"
    ),
    "weak-core": (
        "it gives less than the others, or finds not what it should: marginal voltage; try 10 mV more or 25 MHz less"
    ),
    "weak-domain": (
        "a domain gives less than the others: its voltage is low; balance the domains, look at its capacitors"
    ),
    "noisy-line": (
        "bytes come broken: the cable and its length, ground between supply and USB, a series resistor or level "
        "shifter at RO, a line that is too fast for it"
    ),
    "stuck-nonce": (
        "a chip tells one nonce over and over: its core logic hangs; power off and on; if it stays, replace the chip"
    ),
    "duplicate-nonces": (
        "nonces come twice: an echo on RO, two chips at one address, or jobs that do not reach the chip in time"
    ),
    "lying-counter": (
        "the counter says other than the nonces: do not believe its rate; firmware or register of another unit"
    ),
    "hash-errors": (
        "too many nonces are false: the voltage is too low for the frequency, or it is too hot; 10 mV more, 25 MHz less"
    ),
    "low-rate": (
        "all of it is slower than it should be: the clock (PLL), a rail that sags, jobs that do not reach it in time"
    ),
    "not-off": "it does not become off: cut its power by hand, and do not use it unattended",
}


def finding(code: str, where: str, evidence: str) -> Finding:
    """With its hint."""
    return Finding(code, where, evidence, HINTS[code])
