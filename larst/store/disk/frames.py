"""The journal's frames: bytes that say of themselves whether they are whole. Pure.

A frame is its length and its CRC-32 (4 bytes each, little endian), its payload, and a newline.
The length is under the CRC too: without it, one flipped newline silently dropped two
acknowledged writes (a prototype, November 2026). The CRC begins from a salt that is drawn for
each journal, so that no text of a client's can pass for a frame.

Where a frame is bad, its length tells nothing of where the next one begins, so every place may be
it. Not only those behind a newline: were the newline damaged, two frames would be dropped. But a
payload begins with one of few texts, and what stands before such a text is seldom a length.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = struct.Struct("<II")
_END = b"\n"
_OVERHEAD = _HEADER.size + len(_END)
_BEGINNING = re.compile(rb'\{"(?:base|next|tx)":')
"""How every payload begins. Others could not be found behind damage, so none may be written."""


class CorruptFramesError(Exception):
    """A frame is bad and a later one is good: this is damage, not an unfinished write."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The payloads of the good frames, and where the last of them ends."""

    payloads: tuple[bytes, ...]
    end: int


def encode(payload: bytes, salt: int) -> bytes:
    """Return the payload as a frame; it must begin as a line of a journal does."""
    assert _BEGINNING.match(payload)  # noqa: S101 - else it would be lost behind damage
    length = len(payload)
    return _HEADER.pack(length, _checksum(payload, length, salt)) + payload + _END


def decode_first(data: bytes) -> tuple[bytes, int] | None:
    """Return the first frame's payload, which has no salt, and its end; None where it is bad."""
    end = _good_end(data, 0, 0)
    return None if end is None else (data[_HEADER.size : end - len(_END)], end)


def decode(data: bytes, start: int, salt: int) -> Decoded:
    """Return the frames from `start` on; what follows the last good one is an unfinished write.

    Raises:
        CorruptFramesError: there is a good frame behind a bad one.
    """
    payloads: list[bytes] = []
    while (end := _good_end(data, start, salt)) is not None:
        payloads.append(data[start + _HEADER.size : end - len(_END)])
        start = end
    for offset in _offsets(data, start + 1):
        if _good_end(data, offset, salt) is not None:
            raise CorruptFramesError(f"bytes {start} to {offset} are damaged")
    return Decoded(tuple(payloads), start)


def salvage(data: bytes, start: int, salt: int) -> tuple[list[bytes], int]:
    """Return the payloads of all good frames from `start` on, and how many bytes are in none."""
    payloads: list[bytes] = []
    lost = 0
    for offset in _offsets(data, start):
        if offset >= start and (end := _good_end(data, offset, salt)) is not None:
            payloads.append(data[offset + _HEADER.size : end - len(_END)])
            lost, start = lost + offset - start, end
    return payloads, lost + len(data) - start


def salts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield of each place that may be a frame its payload, and the only salt that makes it whole.

    Proof is what two of them agree on: any four bytes are a payload's checksum from some salt.
    """
    for offset in _offsets(data, 0):
        if (end := _end(data, offset)) is not None:
            payload = data[offset + _HEADER.size : end - len(_END)]
            yield _salt(payload, _HEADER.unpack_from(data, offset)[1]), payload


def _offsets(data: bytes, start: int) -> Iterator[int]:
    """Yield from `start` on where a frame may begin. Fast: an unfinished write can be 100 MB."""
    for found in _BEGINNING.finditer(data, start + _HEADER.size):
        yield found.start() - _HEADER.size


def _good_end(data: bytes, start: int, salt: int) -> int | None:
    end = _end(data, start)
    if end is None:
        return None
    length, checksum = _HEADER.unpack_from(data, start)
    payload = data[start + _HEADER.size : end - len(_END)]
    return end if _checksum(payload, length, salt) == checksum else None


def _end(data: bytes, start: int) -> int | None:
    """Return where a frame ends, by its length; None where there can be none."""
    if start + _OVERHEAD > len(data):
        return None
    length, _ = _HEADER.unpack_from(data, start)
    end = start + _OVERHEAD + int(length)
    return end if length and end <= len(data) and data[end - 1 : end] == _END else None


def _salt(payload: bytes, checksum: int) -> int:
    """Return the salt from which the payload has this checksum.

    CRC-32 is linear in its start value, but for a constant, so that each bit of the salt is an
    equation of 32 bits (R. Williams, "A painless guide to CRC error detection", 1993).
    """
    constant = _checksum(payload, len(payload), 0)
    solved: dict[int, tuple[int, int]] = {}  # by its highest bit: an effect, and the bits for it
    for bit in range(32):
        effect, bits = _checksum(payload, len(payload), 1 << bit) ^ constant, 1 << bit
        while effect and (highest := effect.bit_length()) in solved:
            effect, bits = effect ^ solved[highest][0], bits ^ solved[highest][1]
        solved[effect.bit_length()] = effect, bits
    salt, wanted = 0, checksum ^ constant
    while wanted:
        effect, bits = solved[wanted.bit_length()]
        wanted, salt = wanted ^ effect, salt ^ bits
    return salt


def _checksum(payload: bytes, length: int, salt: int) -> int:
    return zlib.crc32(payload, zlib.crc32(length.to_bytes(4, "little"), salt))
