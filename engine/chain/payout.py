"""Whom a coinbase pays: that of a pool's job, as it comes over Stratum, in two halves and without its witness.

Source: as transaction.py and address.py. Amounts are in satoshi. Leaves out scripts that are no address's, which are
shown as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..errors import InputError
from .address import CHAINS, Chain, chain_named, script_for
from .transaction import Output, Transaction

MAX_OUTPUTS = 4096  # that are looked at; the largest payout of any pool has some hundreds
SATOSHI = 10**8


@dataclass(frozen=True, slots=True)
class Payout:
    """`paying` are the outputs that carry an amount; commitments carry none."""

    total: int
    paying: tuple[Output, ...]

    def to(self, script: bytes) -> int:
        return sum(output.value for output in self.paying if output.script == script)

    def part(self, script: bytes) -> float:
        """Of all that it pays, 0 to 1. A coinbase that pays nothing pays nobody."""
        return self.to(script) / self.total if self.total else 0.0


def payout_of(coinbase: bytes) -> Payout:
    """Of a serialised coinbase. ValueError for anything else, with the reason in a few words."""
    transaction = Transaction.parse(coinbase)
    if not transaction.is_coinbase:
        raise ValueError("it is a transaction that spends another, and no coinbase")
    if len(transaction.outputs) > MAX_OUTPUTS:
        raise ValueError(f"{len(transaction.outputs)} outputs; at most {MAX_OUTPUTS} are looked at")
    paying = tuple(output for output in transaction.outputs if output.value)
    return Payout(sum(output.value for output in paying), paying)


def address_in(user: str) -> str | None:
    """The address that a user name begins with, as in ADDRESS.worker; None: it does not."""
    for end in (user.strip(), user.strip().partition(".")[0], user.strip().partition("_")[0]):
        if chains_of(end):
            return end
    return None


def chains_of(address: str) -> tuple[Chain, ...]:
    """On which chains it is an address."""
    return tuple(chain for chain in CHAINS.values() if _script(address, chain) is not None)


def script_of(address: str) -> bytes:
    """What pays it, which is the same on every chain that it is an address on. Raises InputError when it is none."""
    chains = chains_of(address)
    if not chains:
        raise InputError(f"address {address[:100]!r}: is none of any chain; takes P2PKH, P2SH, P2WPKH, P2WSH or P2TR")
    return script_for(address, chains[0].name)


def address_of(script: bytes, chain: str) -> str | None:
    """The address on `chain` that a script pays; None: it is none's."""
    on = chain_named(chain)
    if len(script) == 25 and script[:3] == b"\x76\xa9\x14" and script[23:] == b"\x88\xac":
        return _base58(bytes([on.p2pkh]) + script[3:23])
    if len(script) == 23 and script[:2] == b"\xa9\x14" and script[22:] == b"\x87":
        return _base58(bytes([on.p2sh]) + script[2:22])
    if script[:2] in (b"\x00\x14", b"\x00\x20", b"\x51\x20") and len(script) == 2 + script[1]:
        version = 0 if script[0] == 0 else 1
        encoded: str = _embit("bech32").encode(on.bech32, version, list(script[2:]))
        return encoded
    return None


def _script(address: str, chain: Chain) -> bytes | None:
    try:
        return script_for(address, chain.name)
    except InputError:
        return None


def _base58(payload: bytes) -> str:
    encoded: str = _embit("base58").encode_check(payload)
    return encoded


def _embit(module: str) -> Any:
    return import_module(f"embit.{module}")
