"""Coverage-guided fuzzing of the readers, where atheris is installed (`pip install atheris`).

::

    python -m tests.fuzz.coverage_guided body --seconds 600

It ends with a code other than 0 on another error than those of LARST, on an input that takes over
five seconds, and on one that takes 2 GiB; that input is left in the directory of `--artifacts`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["larst"]):
    from larst.contract import read_contract, seeds_of
    from larst.errors import LarstError
    from larst.exact_json import parse_json
    from larst.http.parsing import parse_body, parse_target
    from larst.policy import PolicyLimits, check
    from larst.seeds import as_db_json, kind_of
    from larst.store import SessionStore
    from larst.store.transfer.db_json import ImportReport
    from larst.store.transfer.importing import import_resources

from tests.contract.documents import OPENAPI_3
from tests.fuzz.test_readers import BODIES, CONTENT_TYPES, EXPORTS, PROGRAMS, TARGETS
from tests.seeds.test_seeds import entry, har, openapi, postman
from tests.session.service import fixed_now
from tests.store.disks import MemoryDisk
from tests.store.stores import HOME, JOURNAL, insert, now, open_store


def read_target(data: bytes) -> None:
    parse_target(data.decode("latin-1"))


def read_body(data: bytes) -> None:
    content_type, _, raw = data.partition(b"\n")
    parse_body(content_type.decode("latin-1"), raw)


def read_program(data: bytes) -> None:
    check(data.decode("utf-8", "surrogateescape"), PolicyLimits())


def read_import(data: bytes) -> None:
    import_resources(data, fixed_now(), ImportReport())


def read_recording(data: bytes) -> None:
    if (kind := kind_of(data)) is not None:
        as_db_json(data, kind, ImportReport())


def read_document(data: bytes) -> None:
    document = parse_json(data)
    read_contract(document)
    if isinstance(document, dict):
        seeds_of(document)


def read_journal(data: bytes) -> None:
    store = SessionStore(HOME, files=MemoryDisk({HOME / JOURNAL.name: data}), now=now)
    asyncio.run(store.load())


def journals() -> Iterable[bytes]:
    disk = MemoryDisk()

    async def fill() -> None:
        store = await open_store(disk)
        for number in range(1, 4):
            await insert(store, "users", {"n": number, "text": "x" * number})
            await store.durability.flush()

    asyncio.run(fill())
    yield disk.content[JOURNAL]


READERS: Mapping[str, tuple[Callable[[bytes], None], Callable[[], Iterable[bytes]]]] = {
    "target": (read_target, lambda: TARGETS),
    "body": (read_body, lambda: (b"\n".join((t, b)) for t in CONTENT_TYPES for b in BODIES)),
    "program": (read_program, lambda: PROGRAMS),
    "import": (read_import, lambda: EXPORTS),
    "recording": (
        read_recording,
        lambda: (
            har(entry("GET", "http://x/users/7", {"id": 7})),
            postman({"name": "a", "request": {"method": "GET", "url": "http://x/users"}}),
            openapi({"/users": {"get": {"responses": {}}}}),
        ),
    ),
    "document": (read_document, lambda: (json.dumps(OPENAPI_3).encode(),)),
    "journal": (read_journal, journals),
}
"""Each reader of bytes from outside, and the inputs that are mutated."""


def main() -> None:
    """Fuzz one reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--artifacts", type=Path, default=Path())
    options = parser.parse_args()
    read, seeds = READERS[options.reader]

    def attempt(data: bytes) -> None:
        with suppress(LarstError):
            read(data)

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds()):
            Path(corpus, str(number)).write_bytes(seed)
        limits = ["-timeout=5", "-rss_limit_mb=2048", "-max_len=8192"]
        where = [f"-artifact_prefix={options.artifacts}/", corpus]
        arguments = [f"-max_total_time={options.seconds}", *limits, *where]
        atheris.Setup([sys.argv[0], *arguments], attempt)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
