"""Addresses to the scripts that pay them: P2PKH, P2SH, P2WPKH, P2WSH and P2TR, checked against a chain.

Sources: BIP 13, BIP 173, BIP 350, BIP 341; the prefixes are Bitcoin Core's, src/kernel/chainparams.cpp. Base58 and
bech32 are embit's; its address function is not used, because it knows no chains and takes any length. Leaves out
future witness versions: what is paid to them today anyone may take.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..errors import InputError


@dataclass(frozen=True, slots=True)
class Chain:
    name: str
    p2pkh: int  # the first byte in base58
    p2sh: int
    bech32: str  # what stands before the 1


MAIN = Chain("main", 0x00, 0x05, "bc")
TEST = Chain("test", 0x6F, 0xC4, "tb")
TESTNET4 = Chain("testnet4", 0x6F, 0xC4, "tb")
SIGNET = Chain("signet", 0x6F, 0xC4, "tb")
REGTEST = Chain("regtest", 0x6F, 0xC4, "bcrt")

CHAINS = {chain.name: chain for chain in (MAIN, TEST, TESTNET4, SIGNET, REGTEST)}
_ALIASES = {"mainnet": "main", "testnet": "test", "testnet3": "test"}  # bcoin's name, and people's


def chain_named(name: str) -> Chain:
    """The chain that getblockchaininfo calls so. InputError for one whose addresses are not known."""
    try:
        return CHAINS[_ALIASES.get(name, name)]
    except KeyError:
        raise InputError(f"chain {name!r} is unknown; choose from {', '.join(CHAINS)}") from None


def script_for(address: str, chain: str) -> bytes:
    """The scriptPubKey that pays `address` on `chain`. InputError, naming both, when it is no address there."""
    on = chain_named(chain)
    address = address.strip()
    try:
        if any(address.lower().startswith(f"{c.bech32}1") for c in CHAINS.values()):
            return _from_bech32(address, on)
        return _from_base58(address, on)
    except ValueError as error:
        raise InputError(f"address {address[:100]!r} on chain {on.name}: {error}") from None


def _from_bech32(address: str, chain: Chain) -> bytes:
    bech32 = _embit("bech32")
    encoding, prefix, data = bech32.bech32_decode(address)
    if encoding is None:
        raise ValueError("its checksum is wrong: a character was lost or changed")
    if prefix != chain.bech32:
        raise ValueError(f"belongs to another chain; takes one that begins with {chain.bech32}1")
    if not data:
        raise ValueError("a checksum with nothing before it")
    version, program = bech32.decode(prefix, address)
    if version is None:
        raise ValueError("a segwit address that BIP 173 and BIP 350 do not allow")
    match version, len(program):
        case (0, 20) | (0, 32):
            return bytes([0x00, len(program), *program])
        case (1, 32):
            return bytes([0x51, 32, *program])
        case _:
            raise ValueError(f"witness version {version} with {len(program)} bytes is of a type that is not known")


def _from_base58(address: str, chain: Chain) -> bytes:
    base58 = _embit("base58")
    if not 26 <= len(address) <= 35 or not set(address) <= set(base58.B58_DIGITS):
        raise ValueError("not an address; takes P2PKH, P2SH, P2WPKH, P2WSH or P2TR")
    try:
        payload: bytes = base58.decode_check(address)
    except ValueError:
        raise ValueError("its checksum is wrong: a character was lost or changed") from None
    if len(payload) != 21:
        raise ValueError(f"{len(payload)} bytes in base58; takes 21")
    prefix, digest = payload[0], payload[1:]
    if prefix == chain.p2pkh:
        return b"\x76\xa9\x14" + digest + b"\x88\xac"  # DUP HASH160 <20> EQUALVERIFY CHECKSIG
    if prefix == chain.p2sh:
        return b"\xa9\x14" + digest + b"\x87"  # HASH160 <20> EQUAL
    if any(prefix in (c.p2pkh, c.p2sh) for c in CHAINS.values()):
        raise ValueError("belongs to another chain")
    raise ValueError(f"base58 prefix {prefix:#04x} is of a type that is not known")


def _embit(module: str) -> Any:
    """embit has no types; and it takes 25 ms to import, which is not to be paid at every start."""
    return import_module(f"embit.{module}")
