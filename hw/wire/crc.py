"""The two checksums of Bitmain's serial frames: CRC5 of commands and responses, CRC16 of jobs.

CRC5   x^5 + x^2 + 1, starts at 0x1F, first bit first, nothing inverted (ESP-Miner components/asic/crc.c, mujina crc.rs)
CRC16  CCITT-FALSE: 0x1021, starts at 0xFFFF, first bit first, nothing inverted (the same)
"""

from __future__ import annotations

import binascii


def crc5(data: bytes) -> int:
    """0..31. A command ends in it; over the whole of a response, whose last byte is type and CRC, it is 0."""
    state = 0xF8
    for byte in data:
        state = _STEP[state ^ byte]
    return state >> 3


def last_byte(payload: bytes, kind: int) -> int:
    """What a response ends in: its type, 0..7, in the upper three bits, and the CRC5 over the payload and these."""
    return kind << 5 | _CLOSES[crc5(payload + bytes([kind << 5]))]


def crc16(data: bytes) -> int:
    return binascii.crc_hqx(data, 0xFFFF)


def _step(state: int) -> int:
    """Eight bits on. The five bits of the state are the upper ones of a byte, with the message's added to them."""
    for _ in range(8):
        state = state << 1 ^ (0x05 << 3 if state & 0x80 else 0)
    return state & 0xFF


_STEP = bytes(_step(state) for state in range(256))
# A message that ends in five zero bits has another CRC than one that ends in its own, which has 0: the difference is
# what those five bits add.
_CLOSES = {_STEP[bits] >> 3: bits for bits in range(32)}
