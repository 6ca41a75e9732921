"""Patterns to test with: a block, and a share."""

from __future__ import annotations

import json
from pathlib import Path

from joulehash.engine.chain.header import Header
from joulehash.hw.patterns.pattern import Pattern


def pattern(header: str) -> Pattern:
    return Pattern.of(Header.parse(bytes.fromhex(header)))


GENESIS = pattern(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e"
    "67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
)
# MUJ test_data.rs: a Bitaxe Gamma found it, and a pool took it. Core 26, small core 2, version bits 05A2.
GAMMA_SHARE = pattern(
    "0040b420fd55646bc162b96dfcd4f201a3f4670d1d3996bc96520100000000000000000006ddf5f08c36414b95ea54db"
    "71a0c28761a98bcf6355919e044f88725519a7cbd7685468043a02174c035275"
)
# The first two blocks, 125552, one of Slush's documentation, and that share.
BLOCKS = tuple(
    pattern(each["header"])
    for each in json.loads((Path(__file__).parents[1] / "data" / "kat.json").read_text()).values()
    if "header" in each
)
