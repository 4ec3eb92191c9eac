"""Whether a reply is as expected, and if not, every reason why. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import orjson

from larst.domain import Json
from larst.evaluation.suite import Expectation, part_of

_MAX_SHOWN_CHARACTERS = 200


def judge(expected: Expectation, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
    """Return why the reply is not what was expected; an empty list: it is."""
    return list(_reasons(expected, status, headers, body))


def _reasons(
    expected: Expectation, status: int, headers: Mapping[str, str], body: bytes
) -> Iterator[str]:
    shown = body.decode("utf-8", "replace")
    if status not in expected.statuses:
        wanted = " or ".join(map(str, expected.statuses))
        yield f"status {status}, not {wanted}: {shown[:_MAX_SHOWN_CHARACTERS]}"
        return
    yield from _wrong_body(expected, body, shown)
    for name, pattern in expected.headers.items():
        if not re.search(pattern, headers.get(name, "")):
            yield f"the header {name} is {headers.get(name)!r}, not {pattern}"
    for text in expected.present:
        if text not in shown:
            yield f"the body lacks {text!r}: {shown[:_MAX_SHOWN_CHARACTERS]}"
    for text in expected.absent:
        if text in shown:
            yield f"the body has {text!r}: {shown[:_MAX_SHOWN_CHARACTERS]}"


def _wrong_body(expected: Expectation, body: bytes, shown: str) -> Iterator[str]:
    if not {"body", "has"} & expected.model_fields_set:
        return
    try:
        found: Json = orjson.loads(body)
    except ValueError:
        yield f"the body is no JSON: {shown[:_MAX_SHOWN_CHARACTERS]!r}"
        return
    if "body" in expected.model_fields_set and found != expected.body:
        yield f"the body is {shown[:_MAX_SHOWN_CHARACTERS]}, not {_text(expected.body)}"
    if "has" in expected.model_fields_set and not part_of(
        expected.has, found, unordered=expected.unordered
    ):
        yield f"the body is {shown[:_MAX_SHOWN_CHARACTERS]}, without {_text(expected.has)}"


def _text(value: Json) -> str:
    return orjson.dumps(value).decode()[:_MAX_SHOWN_CHARACTERS]
