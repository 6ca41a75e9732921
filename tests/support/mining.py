"""Mining one block of a template, with joulehash's own scan."""

from __future__ import annotations

from dataclasses import replace

from joulehash import scan_iter
from joulehash.engine.chain.header import Header, double_sha256
from joulehash.engine.chain.merkle import fold
from joulehash.engine.templates.template import Template


def candidate(template: Template, extranonce: bytes = bytes(12), ntime: int | None = None) -> tuple[Header, bytes]:
    """A header of `template`, nonce 0, and its coinbase without witness."""
    coinb1, coinb2 = template.coinbase_halves(len(extranonce))
    coinbase = coinb1 + extranonce + coinb2
    root = fold(double_sha256(coinbase), template.branches)
    ntime = template.curtime if ntime is None else ntime
    return Header(template.version, template.prev_hash, root, ntime, template.nbits), coinbase


def solve(header: Header) -> Header:
    """With the first nonce that meets its own nBits."""
    return replace(header, nonce=next(scan_iter(header.pack())))


def mine(template: Template, extranonce: bytes = bytes(12), ntime: int | None = None) -> bytes:
    """A whole block, mined."""
    header, coinbase = candidate(template, extranonce, ntime)
    return template.block(solve(header).pack(), coinbase)
