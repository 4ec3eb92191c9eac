"""What LARST last wrote, or took in, for each documented file of a session.

A file is held against it before it is replaced: by its size, time and inode, and by its digest
only where these differ, or where the file is so new that its time proves nothing.

::

    .places   5f2a99c1 {"salt":2773741621,"files":{"users.json":["<SHA-256>",12]}}

    5f2a99c1  CRC-32 of the JSON
    salt      of the journal (journal.py) that counts the transactions
    files     records files that a checkpoint put in place durably while it kept the journal, each
              with its digest and the last transaction that it holds

A file that was edited later does not show any more which changes it held; `.places` does. It is a
hint and not durable: without it, or where it is older than the file, LARST takes more changes of
the journal for later than the edit, which sets more of the edit aside and loses nothing.

Must never be read for a file in a state that the journal knows.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from larst.store.disk.documents import digest_of, is_in_schemas
from larst.store.disk.files import FileOps, Identity, NotRegularFileError

PLACES = ".places"

_CLOCK_TICK_NS = 2_000_000_000
"""The coarsest clock of a file system: two writes within it can have the same time."""

Claims = Mapping[str, tuple[str, int]]
"""Digest and last transaction of the files that a journal's checkpoints put in place."""


@dataclass(slots=True)
class Place:
    """A file as LARST wrote it, took it in or loaded it.

    `transaction` is the last one that it holds, of the journal with this salt; of another journal,
    it holds none. `is_synced`: its content is durable. `is_settled`: an equal identity proves that
    the file is unchanged.
    """

    digest: str
    identity: Identity | None
    salt: int = 0
    transaction: int = 0
    is_synced: bool = False
    is_settled: bool = False


class Places:
    """The documented files of one session, by their path within it."""

    def __init__(
        self, directory: Path, files: FileOps, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._directory = directory
        self._files = files
        self._now_ns = now_ns
        self._places: dict[str, Place] = {}

    def get(self, name: str) -> Place | None:
        """Return the place of a file that LARST has written, taken in or loaded, else None."""
        return self._places.get(name)

    def names(self) -> list[str]:
        """Return the paths of all files that should be there."""
        return list(self._places)

    def note(self, name: str, place: Place) -> None:
        """Note what a file is from now on."""
        self._places[name] = place

    def note_loaded(self, name: str, place: Place) -> None:
        """Note a file as it was loaded, of which nothing is known but its content."""
        if place.identity is not None:
            place.is_settled = self._is_settled(place.identity)
        self._places[name] = place

    def forget(self, name: str) -> None:
        """Note that a file is not there, and may be written."""
        self._places.pop(name, None)

    def clear(self) -> None:
        """Forget all files."""
        self._places.clear()

    def transaction(self, name: str, salt: int) -> int:
        """Return the last transaction of that journal that a file holds; 0: none of them."""
        place = self._places.get(name)
        return place.transaction if place is not None and place.salt == salt else 0

    def is_foreign(self, name: str) -> bool:
        """Return whether a file differs from its note: edited, dropped in or removed.

        Raises:
            OSError: the disk refused.
        """
        identity = self._files.identity(self._directory / name)
        place = self._places.get(name)
        if place is None or identity is None:
            return (place is None) != (identity is None)
        if not identity.is_regular:
            return True
        if place.is_settled and identity == place.identity:
            return False
        return not self._has_digest(name, place, identity)

    def write_claims(self, salt: int) -> None:
        """Write `.places`, for the journal with this salt.

        Raises:
            OSError: the disk refused; the hint may be lost.
        """
        files = {
            name: [place.digest, place.transaction]
            for name, place in self._places.items()
            if place.salt == salt and place.transaction and not is_in_schemas(name)
        }
        content = orjson.dumps({"salt": salt, "files": files})
        data = b"%08x %b\n" % (zlib.crc32(content), content)
        self._files.write_hint(self._directory / PLACES, data)

    def _has_digest(self, name: str, place: Place, identity: Identity) -> bool:
        try:
            content = self._files.read(self._directory / name)
        except NotRegularFileError:
            return False
        if content is None or digest_of([content]) != place.digest:
            return False
        place.is_synced &= identity == place.identity  # another program wrote the same content
        place.identity = identity  # of before the file was read: a later edit differs from it
        place.is_settled = self._is_settled(identity)
        return True

    def _is_settled(self, identity: Identity) -> bool:
        """Return whether a write from now on would get another time than the file has."""
        return abs(self._now_ns() - identity.mtime_ns) > _CLOCK_TICK_NS


def read_claims(content: bytes | None, salt: int) -> Claims:
    """Return what `.places` claims for the journal with this salt; nothing if it is damaged."""
    checksum, _, text = (content or b"").rstrip(b"\n").partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return {}
    try:
        value = orjson.loads(text)
        files: Iterable[tuple[str, list[object]]] = value["files"].items()
        claims = {name: (str(item[0]), int(str(item[1]))) for name, item in files}
        return claims if value["salt"] == salt else {}
    except (LookupError, TypeError, ValueError, AttributeError):
        return {}
