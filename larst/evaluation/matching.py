"""Compares a response with its expectation. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import orjson

from larst.domain import Json
from larst.evaluation.answers import READERS
from larst.evaluation.data import stale_records
from larst.evaluation.suite import Case, Expectation

_MAX_QUOTED_CHARACTERS = 200


def mismatches(
    expected: Expectation, status: int, headers: Mapping[str, str], body: bytes
) -> list[str]:
    """Return every reason why the response does not match; empty if it does."""
    return list(_mismatches(expected, status, headers, body))


def judged(case: Case, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
    """Return every reason why the response is not the one that a case expects."""
    reasons = mismatches(case.expected, status, headers, body)
    if not reasons and body and case.after.changed:
        reasons += stale_records(case, _json_or_none(body))
    return reasons


def _json_or_none(body: bytes) -> Json:
    try:
        return orjson.loads(body)
    except ValueError:
        return None


def _mismatches(
    expected: Expectation, status: int, headers: Mapping[str, str], body: bytes
) -> Iterator[str]:
    text = body.decode("utf-8", "replace")
    quoted = text[:_MAX_QUOTED_CHARACTERS]
    if status not in expected.statuses:
        yield f"status {status}, not {' or '.join(map(str, expected.statuses))}: {quoted}"
        return
    yield from _body_mismatches(expected, body, quoted)
    for name, pattern in expected.headers.items():
        if not re.search(pattern, headers.get(name, "")):
            yield f"the header {name} is {headers.get(name)!r}, not {pattern}"
    for part in expected.present:
        if part not in text:
            yield f"the body does not contain {part!r}: {quoted}"
    for part in expected.absent:
        if part in text:
            yield f"the body contains {part!r}: {quoted}"


def _body_mismatches(expected: Expectation, body: bytes, quoted: str) -> Iterator[str]:
    fields = {"body", "has", *READERS} & expected.model_fields_set
    if not fields:
        return
    try:
        value: Json = orjson.loads(body)
    except ValueError:
        yield f"the body is not JSON: {quoted!r}"
        return
    if "body" in fields and value != expected.body:
        yield f"the body is {quoted}, not {_quoted_json(expected.body)}"
    if "has" in fields and not _contains(value, expected.has, unordered=expected.unordered):
        yield f"the body is {quoted}, without {_quoted_json(expected.has)}"
    for name in sorted(fields & READERS.keys()):
        meaning = getattr(expected, name)
        if not READERS[name](value, meaning):
            yield f"the body is {quoted}, which does not say: {name} {_quoted_json(meaning)}"


def _quoted_json(value: Json) -> str:
    return orjson.dumps(value).decode()[:_MAX_QUOTED_CHARACTERS]


def _contains(value: Json, part: Json, *, unordered: bool) -> bool:
    """Return whether the value has all fields and items of the part."""
    if isinstance(part, dict):
        return isinstance(value, dict) and all(
            name in value and _contains(value[name], item, unordered=unordered)
            for name, item in part.items()
        )
    if isinstance(part, list):
        if not isinstance(value, list) or len(value) != len(part):
            return False
        if unordered:
            return _contains_unordered(value, part)
        pairs = zip(value, part, strict=True)
        return all(_contains(item, expected, unordered=False) for item, expected in pairs)
    return type(part) is type(value) and bool(part == value)


def _contains_unordered(items: list[Json], parts: list[Json]) -> bool:
    unmatched = list(items)
    for part in parts:
        match = next((item for item in unmatched if _contains(item, part, unordered=True)), None)
        if match is None:
            return False
        unmatched.remove(match)
    return True
