"""Requests that try to hold the event loop, as data: each class of token in each place.

`attacks()` yields raw requests without `Host` and `Connection`, which the sender adds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

TARGET_BYTES = 15_000
HEADER_BYTES = 30_000
BODY_BYTES = 1_000_000

UNITS = (
    "a", "1", ".", "a.", "a@", "@a.", "a@a.", "-", "_", "__", "1-", "-1", ",", "a,", "1,", ";",
    "a;", ":", "a:", "::", "*", "a*", "(", ")", "()", "((", "a(", "[", "]", "[]", "a[", "a[]", "{",
    "{}", '"', '""', '\\"', "\\", "'", "''", "~", "!", "=", "==", "a=", "&", "|", "||", " ", "a ",
    " and ", "a eq 1 and ", "not ", "+", "%", "$", "^", ".*", "/", "a/", "..", "<", ">", ">=", "T",
    "2024-01-01", "00:00:", "1e", "0x", "aA", "ByA", "And", "Or", "éa", "\u2028", "\u0130", "->>",
    "in.(", "eq.", "a!inner(", "q=0.1,", 'W/"a",', "bytes=0-1,", "for=a;by=b,", "a=b; ",
)  # fmt: skip
"""The tokens that grammars of queries, headers and bodies are made of."""

KEYS = (
    "q", "name", "filter", "where", "sort", "order", "select", "fields", "include", "expand",
    "limit", "page", "cursor", "range", "search", "$filter", "$orderby", "$expand", "and", "or",
    "name_in", "name[gte]", "name__icontains", "getByFirstName", "s", "query", "_sort", "populate",
)  # fmt: skip

HEADERS = (
    "Accept", "Accept-Language", "Accept-Encoding", "If-None-Match", "If-Match", "Range", "Prefer",
    "Forwarded", "X-Forwarded-For", "Cookie", "Authorization", "Content-Type", "traceparent",
    "X-Request-ID", "X-Session-ID", "X-LARST-Dialect", "X-HTTP-Method-Override", "User-Agent",
    "Idempotency-Key", "Origin", "If-Modified-Since", "Content-Profile", "tracestate", "baggage",
)  # fmt: skip

CONTENT_TYPES = (
    "application/json", "text/plain", "text/csv", "application/x-ndjson",
    "application/merge-patch+json",
    "application/json-patch+json", "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=a", "application/octet-stream", "application/vnd.api+json",
    "text/plain; charset=utf-16", "application/json; charset=windows-1252",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attack:
    """A request; `name` has the repeated token and its place."""

    name: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def raw(self, session: str) -> bytes:
        """Return the bytes of the request."""
        fields = (("Host", "localhost"), ("X-Session-ID", session), ("Connection", "close"))
        own = {name.lower() for name, _ in self.headers}
        lines = [*(field for field in fields if field[0].lower() not in own), *self.headers]
        if self.body:
            lines.append(("Content-Length", str(len(self.body))))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines)
        return f"{self.method} {self.target} HTTP/1.1\r\n{head}\r\n".encode() + self.body


def repeated(unit: str, size_bytes: int, *, is_encoded: bool = False) -> str:
    """Return a unit repeated up to a size, and then a character that fits no pattern."""
    text = quote(unit, safe="") if is_encoded else unit
    return text * (size_bytes // len(text.encode())) + ("%00" if is_encoded else "!")


def attacks() -> Iterator[Attack]:
    """Yield the corpus."""
    for unit in UNITS:
        text = repeated(unit, TARGET_BYTES, is_encoded=True)
        yield Attack(f"path {unit!r}", "GET", f"/members/{text}")
        yield Attack(f"name {unit!r}", "GET", f"/{text}")
        yield Attack(f"key {unit!r}", "GET", f"/members?{text}=1")
        for key in KEYS:
            yield Attack(f"{key} {unit!r}", "GET", f"/members?{key}={text}")
    yield from _header_attacks()
    yield from _body_attacks()
    yield from _special_attacks()


def _header_attacks() -> Iterator[Attack]:
    for unit in UNITS:
        if not unit.isascii():
            continue
        for header in HEADERS:
            text = repeated(unit, HEADER_BYTES)
            yield Attack(f"{header} {unit!r}", "GET", "/members/1", ((header, text),))
    for unit in UNITS:
        if unit.isascii():
            text = repeated(unit, HEADER_BYTES // 2)
            for kind in ("multipart/form-data; boundary=", "application/json; charset=", ""):
                content_type = (("Content-Type", kind + text),)
                yield Attack(f"type {kind}{unit!r}", "POST", "/members", content_type, b"{}")


def _body_attacks() -> Iterator[Attack]:
    for unit in UNITS:
        text = repeated(unit, BODY_BYTES).encode()
        for content_type in CONTENT_TYPES:
            kind = (("Content-Type", content_type),)
            yield Attack(f"{content_type} {unit!r}", "POST", "/members", kind, text)
        value = json.dumps({"name": text.decode(), "created_at": text.decode()[:5000]})
        yield Attack(f"value {unit!r}", "POST", "/members", _JSON, value.encode())
        fields = json.dumps({text.decode()[:60_000]: 1})
        yield Attack(f"field {unit!r}", "POST", "/members", _JSON, fields.encode())
        where = json.dumps({"filter": text.decode()[:60_000]})
        yield Attack(f"json filter {unit!r}", "POST", "/members/search", _JSON, where.encode())


_JSON = (("Content-Type", "application/json"),)
_PATCH = (("Content-Type", "application/json-patch+json"),)


def _special_attacks() -> Iterator[Attack]:
    copies = [{"op": "add", "path": "/n", "value": ["x" * 900]}]
    copies += [{"op": "copy", "from": "/n", "path": "/n/-"}] * 900
    yield Attack("copies", "PATCH", "/members/1", _PATCH, json.dumps(copies).encode())
    text = [{"op": "add", "path": "/n", "value": "x" * 900_000}]
    text += [{"op": "copy", "from": "/n", "path": f"/n{index}"} for index in range(900)]
    yield Attack("copied texts", "PATCH", "/members/1", _PATCH, json.dumps(text).encode())
    for name, body in {
        "empty lists": b"[" + b"[]," * 3_000_000 + b"[]]",
        "deep lists": b"[" * 1_000_000,
        "deep objects": b'{"a":' * 200_000,
        "empty objects": b"[" + b"{}," * 3_000_000 + b"{}]",
        "numbers": b"[" + b"1," * 4_000_000 + b"1]",
        "long number": b'{"a":' + b"9" * 1_000_000 + b"}",
        "exponent": b'{"a":1e' + b"9" * 100_000 + b"}",
        "escapes": b'{"a":"' + b"\\u0041" * 150_000 + b'"}',
        "surrogates": b'{"a":"' + b"\\ud83d\\ude00" * 80_000 + b'"}',
        "same key": b"{" + b'"a":1,' * 200_000 + b'"a":1}',
    }.items():
        yield Attack(name, "POST", "/members", _JSON, body)
    choices = ",".join(map(str, range(1000)))
    yield Attack("choices", "GET", f"/members?id_in={choices}")
    yield Attack("sort keys", "GET", f"/members?sort={','.join(f'a{n}' for n in range(2000))}")
    yield Attack("keys", "GET", "/members?" + "&".join(f"a{n}=1" for n in range(1800)))
    yield Attack("segments", "GET", "/a" * 7000)
    yield Attack("brackets", "GET", f"/members?a{'[b]' * 1500}=1")
    for charset in ("punycode", "idna", "utf-7", "unicode_escape", "zlib", "x" * 20_000):
        kind = (("Content-Type", f"application/json; charset={charset}"),)
        yield Attack(f"charset {charset[:20]}", "POST", "/members", kind, b"a-" * 100_000)
