"""The chips. A new one is a row here and a sequence in init.py.

Sources: ESP (bitaxeorg/ESP-Miner: components/asic, main/device_config.h), MUJ (mujina, BM13xx reference and captures),
GPT (GPTechinno/bm13xx-rs and bm1397-protocol), GEK (kanoi/cgminer, driver-gekko.c), PIA (shufps/piaxe-miner). None of
it was run on hardware here. Left out: BM1384, which takes other frames, and BM1373, of which too little is known.

`mhz.least` is 50 for all: BM1366 comes out of reset at it (C0540165, GPT), and every ramp starts from it. `mhz.most` is
the highest that a source lets a user set.
"""

from __future__ import annotations

from .chip import Chip, Counters, PllLimits, Span

_DOMAINS = (0x88, 0x89, 0x8A, 0x8B)  # BM1366, 68, 70: ESP
_AS_GIVEN = 0x40  # BM1397 (ESP): one flag, whatever the VCO

_BM1387 = Chip(
    name="BM1387",
    id=0x1387,
    job="bm1387",
    midstates=4,  # GEK
    cores=114,  # GEK
    small_per_core=1,
    small_cores=114,
    core_bits=0,
    chip_shift=24,  # GEK: the first nonce byte, over 256 / chips
    id_step=4,  # GEK counts ids by 1 and finds the midstate by trying; steps of 4 make it certain
    id_mask=0x7C,  # GEK: a response's id is the job's and the midstate's index, added; 0x7F at most
    id_shift=0,
    response_size=7,  # GEK
    mhz=Span(50.0, 550.0, 900.0),  # GEK: limits; R606's default, NewPac's is 100
    volts=Span(0.30, 0.40, 0.81),  # GEK: vcore of a stick
    # GEK: fb x 25 / 8 below 400 MHz and fb x 25 / 4 from there, the dividers as they are, no flag
    pll=PllLimits(
        register=0x0C,
        fb=(0x10, 0xF0),
        vco_mhz=(200.0, 1800.0),
        refs=(2,),
        fixed=((0.0, 4, 1), (400.0, 2, 1)),
        one_less=False,
        low_flag=0,
        high_flag=0,
    ),
    counters=Counters(),
    sources="GEK",
    ticket_most=0,  # GEK gives it none
    slice_bits=25,  # 2^32 / 128, as of the others: unproven on hardware
    version_bits=2,  # four midstates
)

_BM1397 = Chip(
    name="BM1397",
    id=0x1397,
    job="midstate",
    midstates=4,  # ESP, GEK
    cores=168,  # ESP
    small_per_core=4,
    small_cores=672,  # ESP, GEK
    core_bits=8,  # GPT; ESP reads 7, which cannot count to 168
    chip_shift=16,  # GPT; ESP reads from bit 17
    id_step=4,  # ESP, GEK
    id_mask=0xFC,  # ESP: the low two bits are the midstate's index
    id_shift=0,
    response_size=9,  # always
    mhz=Span(50.0, 425.0, 800.0),  # ESP's default, of 400 to 600; GEK's limit
    volts=Span(1.10, 1.40, 1.50),  # ESP's options
    # ESP: fb 60 to 200. The VCO's range is the family's, unproven for this chip
    pll=PllLimits(fb=(60, 200), one_less=False, high_flag=_AS_GIVEN),
    counters=Counters(errors=0x4C),  # its hash rate register 04 has no settled unit: ESP and SKOT differ by 16
    sources="ESP GPT GEK",
    slice_bits=24,  # ESP: 2^32 / 256 nonces to a core
    version_bits=2,
)

_BM1362 = Chip(
    name="BM1362",
    id=0x1362,
    job="header",
    midstates=0,
    cores=65,  # MUJ; the last, 64, is a runt
    small_per_core=8,
    small_cores=514,  # MUJ; GEK counts 512
    core_bits=7,  # MUJ
    chip_shift=17,  # MUJ
    id_step=8,  # GEK
    id_mask=0xF8,  # MUJ
    id_shift=0,
    response_size=11,
    mhz=Span(50.0, 525.0, 800.0),  # MUJ: stock S19j Pro; GEK's limit
    volts=Span(0.25, 0.30, 0.50),  # GEK: core voltage of the A1, 300 mV unless told, 500 at most; the least is ours
    pll=PllLimits(fb=(0x10, 0xFA), vco_mhz=(2000.0, 3200.0)),  # GEK, MUJ; at ref 1 3125 MHz is said, which 25 x 125 is
    counters=Counters(errors=0x4C),
    sources="MUJ GEK",
)

_BM1366 = Chip(
    name="BM1366",
    id=0x1366,
    job="header",
    midstates=0,
    cores=112,  # ESP
    small_per_core=8,
    small_cores=894,  # ESP, GPT
    core_bits=7,  # ESP, GPT
    chip_shift=17,  # ESP, GPT
    id_step=8,  # ESP
    id_mask=0xF8,  # ESP
    id_shift=0,
    response_size=11,
    mhz=Span(50.0, 485.0, 575.0),  # ESP's options, 400 to 575
    volts=Span(1.10, 1.20, 1.30),  # ESP's options
    pll=PllLimits(fb=(144, 235)),  # ESP
    counters=Counters(0x8C, _DOMAINS, 0x4C),  # ESP
    sources="ESP GPT PIA",
)

_BM1368 = Chip(
    name="BM1368",
    id=0x1368,
    job="header",
    midstates=0,
    cores=80,  # ESP
    small_per_core=16,
    small_cores=1276,  # ESP
    core_bits=7,  # ESP
    chip_shift=17,  # ESP
    id_step=24,  # ESP
    id_mask=0xF0,  # ESP: then shifted, so that bits 6 to 3 are the id
    id_shift=1,
    response_size=11,
    mhz=Span(50.0, 490.0, 575.0),  # ESP's options, 400 to 575
    volts=Span(1.10, 1.166, 1.30),  # ESP's options
    pll=PllLimits(fb=(144, 235)),  # ESP
    counters=Counters(0x8C, _DOMAINS, 0x4C),  # ESP
    sources="ESP PIA",
)

_BM1370 = Chip(
    name="BM1370",
    id=0x1370,
    job="header",
    midstates=0,
    cores=128,  # ESP
    small_per_core=16,
    small_cores=2040,  # ESP
    core_bits=7,  # MUJ
    chip_shift=None,  # MUJ: only the core is stamped; the chip is told by its offset
    id_step=24,  # ESP, MUJ
    id_mask=0xF0,  # ESP, MUJ
    id_shift=1,
    response_size=11,
    mhz=Span(50.0, 525.0, 800.0),  # ESP's default, of 350 to 625; GEK's limit
    volts=Span(1.00, 1.15, 1.25),  # ESP's options
    pll=PllLimits(fb=(160, 239)),  # ESP
    counters=Counters(0x8C, _DOMAINS, 0x4C),  # ESP
    sources="ESP MUJ GPT",
    hcn_overrun=268,  # ESP: 2 x 134 ticks; MUJ measured about 130
)

CHIPS: dict[str, Chip] = {chip.name: chip for chip in (_BM1387, _BM1397, _BM1362, _BM1366, _BM1368, _BM1370)}
