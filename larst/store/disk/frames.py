r"""The journal's frames: each holds one durable write, and carries its own proof. Pure.

::

    +--------------+--------------+--------------------------------------+------+
    | length       | CRC-32       | payload                              | "\n" |
    | uint32, LE   | uint32, LE   | `length` bytes: JSON texts, one a    |      |
    |              |              | line; begins as _PAYLOAD_START says  |      |
    +--------------+--------------+--------------------------------------+------+
    CRC-32 over the length and the payload, starting from the journal's salt (header frame: 0)

The CRC covers the length, too. Without that, one flipped newline silently dropped two acknowledged
writes (in a prototype, November 2026). The salt is random for each journal, so that text sent by a
client cannot pass for a frame. Each frame names it at the start of its payload (`{"salt":…,`), so
that the frames of a journal whose header is damaged can still be verified.

The length in a bad frame is not trusted, so the reader searches everything behind it for the next
good frame: 8 bytes before each text that can begin a payload. Searching only behind newlines would
lose two frames where a newline is damaged.
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
_PAYLOAD_START = re.compile(rb'\{"(?:base|next|salt|tx)":')
"""How every payload begins. A payload that begins otherwise could not be found behind damage."""

_SALT = re.compile(rb'\{"salt":(\d{1,10}),')
_MAX_SALT = 2**32 - 1


class CorruptFramesError(Exception):
    """A good frame follows a bad one: this is corruption, not a torn tail."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The payloads of the good frames, and the offset at which the last of them ends."""

    payloads: tuple[bytes, ...]
    end: int


def encode(payload: bytes, salt: int) -> bytes:
    """Return the payload as a frame; it must begin as `_PAYLOAD_START` says."""
    assert _PAYLOAD_START.match(payload)  # noqa: S101 - otherwise salvage could not find it
    length = len(payload)
    return _HEADER.pack(length, _checksum(payload, length, salt)) + payload + _END


def decode_header(data: bytes) -> tuple[bytes, int] | None:
    """Return the payload and the end of the header frame, which has no salt; None if it is bad."""
    end = _good_end(data, 0, 0)
    return None if end is None else (data[_HEADER.size : end - len(_END)], end)


def decode(data: bytes, start: int, salt: int) -> Decoded:
    """Return the frames from `start` on; bytes after the last good frame are a torn tail.

    Raises:
        CorruptFramesError: a good frame follows a bad one.
    """
    payloads: list[bytes] = []
    while (end := _good_end(data, start, salt)) is not None:
        payloads.append(data[start + _HEADER.size : end - len(_END)])
        start = end
    for offset in _candidates(data, start + 1):
        if _good_end(data, offset, salt) is not None:
            raise CorruptFramesError(f"bytes {start} to {offset} are damaged")
    return Decoded(tuple(payloads), start)


def salvage(data: bytes, start: int, salt: int) -> tuple[list[bytes], int]:
    """Return the payloads of all good frames from `start` on, and the number of bytes outside."""
    payloads: list[bytes] = []
    lost_bytes = 0
    for offset in _candidates(data, start):
        if offset >= start and (end := _good_end(data, offset, salt)) is not None:
            payloads.append(data[offset + _HEADER.size : end - len(_END)])
            lost_bytes, start = lost_bytes + offset - start, end
    return payloads, lost_bytes + len(data) - start


def find_salt(data: bytes) -> int | None:
    """Return the salt that a good frame names, for a journal without a header; None: no frame."""
    for offset in _candidates(data, 0):
        match = _SALT.match(data, offset + _HEADER.size)
        salt = int(match[1]) if match else _MAX_SALT + 1
        if salt <= _MAX_SALT and _good_end(data, offset, salt) is not None:
            return salt
    return None


def _candidates(data: bytes, start: int) -> Iterator[int]:
    """Yield offsets where a frame may begin. Must be fast: a torn tail can be 100 MB."""
    for match in _PAYLOAD_START.finditer(data, start + _HEADER.size):
        yield match.start() - _HEADER.size


def _good_end(data: bytes, start: int, salt: int) -> int | None:
    """Return the end of the frame at `start`; None if no good frame begins there."""
    if start + _OVERHEAD > len(data):
        return None
    length, checksum = _HEADER.unpack_from(data, start)
    end = start + _OVERHEAD + int(length)
    if not length or end > len(data) or data[end - 1 : end] != _END:
        return None
    payload = data[start + _HEADER.size : end - len(_END)]
    return end if _checksum(payload, length, salt) == checksum else None


def _checksum(payload: bytes, length: int, salt: int) -> int:
    return zlib.crc32(payload, zlib.crc32(length.to_bytes(4, "little"), salt))
