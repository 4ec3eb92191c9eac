"""Readers of bytes from outside: each input is read, or refused with an error that explains it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from larst.accept import preferred
from larst.errors import LarstError, ProgramRefusedError, SessionDamagedError
from larst.http.parsing import parse_body, parse_target
from larst.policy import PolicyLimits, check
from larst.session.idempotency import idempotency_key
from larst.session.preconditions import check_conditions
from larst.store import SessionStore
from larst.store.transfer.db_json import ImportReport
from larst.store.transfer.importing import import_resources
from tests.fakes import request
from tests.fuzz.mutations import effort, mutated
from tests.planning.reading.requests import BY_DIALECT
from tests.policy.test_policy import ALLOWED
from tests.session.service import fixed_now
from tests.store.disks import MemoryDisk
from tests.store.stores import HOME, JOURNAL, insert, now, open_store, records_of

TARGETS = tuple(row[0].replace(" ", "+").encode() for rows in BY_DIALECT.values() for row in rows)
CONTENT_TYPES = (
    b"application/json",
    b"application/json; charset=utf-16",
    b"application/vnd.api+json",
    b"application/json-patch+json",
    b"application/merge-patch+json",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=B",
    b"text/csv; charset=windows-1252; header=present",
    b"application/x-ndjson",
    b"text/plain",
    b"",
)
BODIES = (
    b'{"name":"Ann","tags":["a","b"],"home":{"city":"Bern"},"n":1.5,"ok":true,"none":null}',
    b'[{"op":"add","path":"/tags/-","value":"c"},{"op":"move","from":"/a","path":"/b"}]',
    b'{"data":{"type":"posts","attributes":{"title":"New"},"relationships":{}}}',
    b"name=Ann&home[city]=Bern&tags[]=a&tags[]=b&n=1",
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B\r\n'
    b'Content-Disposition: form-data; name="f"; filename="x.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\ntext\r\n--B--\r\n",
    b'id,name\r\n1,"Ann ""A"" Hart"\r\n2,Ben\r\n',
    b'{"id":1}\n{"id":2,"name":"Ben"}\n',
    b"\xff\xfe{\x00}\x00",
)
EXPORTS = (
    b'{"posts":[{"id":1,"title":"A"},{"id":"x","views":5}],"settings":{"theme":"dark"}}',
    b'{"larst":1}\n{"resource":"posts","next_id":3}\n{"id":1}\n{"id":2}\n{"end":2}\n',
    b"[]",
)
PROGRAMS = tuple(f"{source}\nREPLY = make_response(200)".encode() for source in ALLOWED)
HEADERS = (
    b"text/html, application/json;q=0.9, */*;q=0.1",
    b'W/"abc", "def", *',
    b'"8e03978e-40d5-43dd-bc93-6894a57f9324"',
    b'application/json; profile="a, b"; q=1.000',
)


def refusal(read: Callable[[], object]) -> LarstError | None:
    """Return the error of LARST that a reader raises; None if it reads. Any other is a bug."""
    try:
        read()
    except LarstError as error:
        assert error.title  # noqa: PT017 - the reader may also read it
        return error
    return None


@effort(400)
@given(mutated(TARGETS))
def test_targets(target: bytes) -> None:
    text = target.decode("latin-1")

    if refusal(lambda: parse_target(text)) is None:
        parsed = parse_target(text)
        assert all("/" not in name or "%2f" in text.lower() for name in parsed.segments)


@effort(600)
@given(mutated(CONTENT_TYPES), mutated(BODIES))
@example(b"application/json", b'{"a":' * 5000)
@example(b"application/json; charset=punycode", b"a" * 20_000)
def test_bodies(content_type: bytes, raw: bytes) -> None:
    error = refusal(lambda: parse_body(content_type.decode("latin-1"), raw))

    assert error is None or error.detail


@effort(400)
@given(mutated(PROGRAMS))
@example(b"x = " + b"-" * 5000 + b"1\nREPLY = make_response(200)")
@example(b"REPLY = " + b"(" * 300 + b")" * 300)
def test_the_policy(source: bytes) -> None:
    """It accepts a program, or names each violation."""
    text = source.decode("utf-8", "surrogateescape")

    error = refusal(lambda: check(text, PolicyLimits()))

    if isinstance(error, ProgramRefusedError):
        assert error.violations
    else:
        assert error is None
        assert "REPLY" in check(text, PolicyLimits()).names


@effort(200)
@given(mutated(EXPORTS))
def test_imports(raw: bytes) -> None:
    error = refusal(lambda: import_resources(raw, fixed_now(), ImportReport()))

    assert error is None or error.detail


@effort(300)
@given(mutated(HEADERS))
def test_headers(header: bytes) -> None:
    text = header.decode("latin-1")
    headers = {"idempotency-key": text, "if-match": text, "if-none-match": text}
    context = request("PUT", "/posts/1", b"{}", headers=headers)

    refused = (
        refusal(lambda: idempotency_key(context)),
        refusal(lambda: check_conditions(context, '"abc"', is_record=True)),
    )

    assert all(error is None or error.detail for error in refused)
    assert preferred(text, ("text/html",), default="none") in ("text/html", "none", None)


class TestJournals:
    """A journal that something else has changed never costs a record that a reply has shown."""

    @pytest.fixture(scope="class")
    @staticmethod
    def files() -> dict[Path, bytes]:
        disk = MemoryDisk()

        async def fill() -> None:
            store = await open_store(disk)
            for number in range(1, 4):
                await insert(store, "users", {"n": number, "text": "x" * number})
                await store.durability.flush()

        asyncio.run(fill())
        return disk.content

    @effort(200)
    @given(data=st.data())
    async def test_a_damaged_journal_is_cut_or_refused(
        self, files: dict[Path, bytes], data: st.DataObject
    ) -> None:
        """Only the end may be missing; all that is read is as it was written."""
        damaged = data.draw(mutated((files[JOURNAL],)))
        store = SessionStore(HOME, files=MemoryDisk({**files, JOURNAL: damaged}), now=now)

        if (error := await refusal_of_load(store)) is not None:
            assert str(HOME) in error.detail
            return
        records = records_of(store)
        assert records == [
            {"id": number, "n": number, "text": "x" * number}
            for number in range(1, len(records) + 1)
        ]


@effort(100)
@given(mutated((orjson.dumps([{"id": 1, "name": "Ann"}, {"id": 2, "name": "Ben"}]),)))
async def test_documented_files_are_read_or_refused(content: bytes) -> None:
    """A file edited by hand is read, or the error names it."""
    store = SessionStore(HOME, files=MemoryDisk({HOME / "users.json": content}), now=now)

    if (error := await refusal_of_load(store)) is not None:
        assert "users.json" in error.detail
        return
    assert all("id" in record for record in records_of(store))


async def refusal_of_load(store: SessionStore) -> SessionDamagedError | None:
    """Return the error of a load that refuses the files, or None."""
    try:
        await store.load()
    except SessionDamagedError as error:
        return error
    return None
