"""Requests that would keep the service busy are refused, with the limit in the detail."""

from __future__ import annotations

import json

import pytest

from larst.domain import BodyKind, Json
from larst.errors import (
    BodyTooLargeError,
    InvalidJsonError,
    TargetTooLongError,
    UnsupportedCharsetError,
)
from larst.http.formats.json_bodies import MAX_FIELDS, MAX_OPERATIONS, MAX_STEPS, MAX_VALUES
from larst.http.formats.multipart import MAX_PARTS
from larst.http.formats.nesting import MAX_BRACKETS, MAX_LEVELS
from larst.http.formats.tables import MAX_CELLS, MAX_LINE_CHARACTERS, MAX_RECORDS
from larst.http.parsing import (
    CHARSETS,
    MAX_QUERY_VALUES,
    MAX_SEGMENTS,
    MAX_TARGET_BYTES,
    parse_body,
    parse_target,
)
from larst.planning.reading import MAX_KEYS
from larst.planning.reading import MAX_VALUES as MAX_READ_VALUES

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
JSON_PATCH = "application/json-patch+json"
COLUMNS = ",".join(f"f{number}" for number in range(MAX_FIELDS + 1)).encode()
WIDE = b",".join(COLUMNS.split(b",")[:1000])


def parts(count: int, content: bytes, media_type: str = "text/plain") -> bytes:
    head = 'Content-Disposition: form-data; name="f{}"\r\nContent-Type: {}\r\n\r\n'
    heads = [f"--B\r\n{head}".format(number, media_type).encode() for number in range(count)]
    return b"".join(head + content + b"\r\n" for head in heads) + b"--B--"


def listed(item: bytes, count: int) -> bytes:
    return b"[" + b",".join([item] * count) + b"]"


def operations(count: int, path: str) -> bytes:
    return json.dumps([{"op": "test", "path": path, "value": 1}] * count).encode()


@pytest.mark.parametrize(
    ("content_type", "raw", "limit"),
    [
        ("application/json", listed(b"1", MAX_VALUES + 1), MAX_VALUES),
        ("application/json", listed(b"[]", MAX_VALUES), MAX_VALUES),
        ("application/json", listed(b'"a\\",\\\\"', MAX_VALUES + 1), MAX_VALUES),
        ("application/json", b'{"a":' + listed(b'{"b":1}', MAX_VALUES) + b"}", MAX_VALUES),
        ("", listed(b"1", MAX_VALUES + 1), MAX_VALUES),
        ("application/json", json.dumps(dict.fromkeys(range(MAX_FIELDS + 1), 1)), MAX_FIELDS),
        ("application/json", json.dumps([{"a": dict.fromkeys(range(MAX_FIELDS + 1))}]), MAX_FIELDS),
        ("application/x-ndjson", (listed(b"1", 100) + b"\n") * (MAX_VALUES // 100 + 1), MAX_VALUES),
        ("application/x-ndjson", b"1\n" * (MAX_RECORDS + 1), MAX_RECORDS),
        (JSON_PATCH, operations(MAX_OPERATIONS + 1, "/a"), MAX_OPERATIONS),
        (JSON_PATCH, operations(1, "/a" * (MAX_STEPS + 1)), MAX_STEPS),
        ("text/csv", COLUMNS + b"\n", MAX_FIELDS),
        ("text/csv", b"a\n" + b"," * (MAX_LINE_CHARACTERS + 1), MAX_LINE_CHARACTERS),
        ("text/csv", b"a\n" + b"1\n" * (MAX_RECORDS + 1), MAX_RECORDS),
        ("text/csv", WIDE + (b"\n" + b"," * 999) * (MAX_CELLS // 1000 + 1), MAX_CELLS),
        (FORM, b"&".join([b"a=1"] * (MAX_FIELDS + 1)), MAX_FIELDS),
        (FORM, b"a" + b"[x]" * (MAX_LEVELS + 1) + b"=1", MAX_LEVELS),
        (FORM, b"a" + b"[x" * (MAX_LEVELS + 1) + b"=1", MAX_LEVELS),
        (FORM, b"&".join([b"a" + b"[x]" * 20 + b"=1"] * (MAX_BRACKETS // 20 + 1)), MAX_BRACKETS),
        (MULTIPART, parts(MAX_PARTS + 1, b"1"), MAX_PARTS),
        (MULTIPART, parts(11, listed(b"1", MAX_VALUES // 10), "application/json"), MAX_VALUES),
    ],
)
def test_a_body_of_too_many_parts_is_refused(
    content_type: str, raw: bytes | str, limit: int
) -> None:
    """Each part takes time in every stage, while all other requests wait."""
    raw = raw if isinstance(raw, bytes) else raw.encode()

    with pytest.raises(BodyTooLargeError, match=rf"\b{limit}\b"):
        parse_body(content_type, raw)


@pytest.mark.parametrize(
    "value",
    [
        "," * (MAX_VALUES + 1),
        '[{"' * MAX_VALUES,
        "\\" * MAX_VALUES + "," * MAX_VALUES,
        [0] * (MAX_VALUES - 2),
        {f"f{number}": 0 for number in range(MAX_FIELDS)},
    ],
)
def test_a_body_within_the_limits_is_exact(value: Json) -> None:
    """Commas, brackets and quotes within a text do not count."""
    raw = json.dumps({"a": value}).encode()

    body = parse_body("application/json", raw)

    assert body.kind is BodyKind.OBJECT
    assert body.json == {"a": value}


@pytest.mark.parametrize("raw", [b'"' + b"," * MAX_VALUES * 2, b'["' + b"\\" * MAX_VALUES * 2])
def test_json_that_breaks_off_is_refused_as_such(raw: bytes) -> None:
    """The count of values stops at the end of the body, also within a text."""
    with pytest.raises(InvalidJsonError):
        parse_body("application/json", raw)


@pytest.mark.parametrize(
    ("target", "limit"),
    [
        ("/" + "a" * MAX_TARGET_BYTES, MAX_TARGET_BYTES),
        ("/x?q=" + "a" * MAX_TARGET_BYTES, MAX_TARGET_BYTES),
        ("/a" * (MAX_SEGMENTS + 1), MAX_SEGMENTS),
        ("/x?" + "&".join(["a=1"] * (MAX_QUERY_VALUES + 1)), MAX_QUERY_VALUES),
    ],
)
def test_a_target_that_is_too_long_is_refused(target: str, limit: int) -> None:
    with pytest.raises(TargetTooLongError, match=rf"\b{limit}\b"):
        parse_target(target)


def test_a_target_may_have_as_much_as_the_reader_of_queries_takes() -> None:
    """Otherwise the limits of the reader, and the advice in its errors, could never be seen."""
    keys = parse_target("/x?" + "&".join(f"k{number}=1" for number in range(MAX_KEYS + 1))).query
    values = parse_target("/x?" + "&".join(["a=1"] * MAX_READ_VALUES)).query

    assert len(keys) == MAX_KEYS + 1
    assert len(values["a"]) == MAX_READ_VALUES


@pytest.mark.parametrize("charset", sorted(CHARSETS))
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_a_known_charset_is_decoded(charset: str, content_type: str) -> None:
    """A long text is decoded in slices, which may end within a character."""
    text = '["' + "a" * 65_533 + ("" if "ascii" in charset else "éé") + '"]'

    body = parse_body(f"{content_type}; charset={charset}", text.encode(charset))

    assert body.json == json.loads(text)


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "zlib", "no-such"])
@pytest.mark.parametrize("content_type", ["application/json", "text/csv", "text/plain"])
def test_another_charset_is_refused(charset: str, content_type: str) -> None:
    """Some of Python's codecs take seconds for a small body."""
    with pytest.raises(UnsupportedCharsetError, match=f"{charset}.*utf-16"):
        parse_body(f"{content_type}; charset={charset}", b"[1]")
