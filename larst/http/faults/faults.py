"""A fault, and the rule that says which requests it strikes: read from JSON or from a header. Pure.

Must never accept a fault without a bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, cast
from urllib.parse import parse_qs

import orjson

from larst.domain import METHODS, Json
from larst.errors import BadRequestError
from larst.http.faults.delays import Delay
from larst.http.path_patterns import PathPattern

MAX_BODY_BYTES = 64 * 1024
MAX_BYTES_PER_S = 1_000_000_000

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_MAX_HEADERS = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a request.

    `is_after`: once the session has served it and its changes are durable; otherwise a `status` or
    `drop` comes instead of that. `truncate` is the number of bytes of the body that are sent.
    """

    delay: Delay | None = None
    status: int | None = None
    body: Json = None
    headers: Mapping[str, str] | None = None
    drop: bool = False
    truncate: int | None = None
    malformed: bool = False
    bytes_per_s: int | None = None
    is_after: bool = False

    def __str__(self) -> str:
        """Return the fault as the header of a request spells it, without body and headers."""
        parts = [
            f"delay={self.delay.text}" if self.delay else "",
            f"status={self.status}" if self.status else "",
            "drop" if self.drop else "",
            "" if self.truncate is None else f"truncate={self.truncate}",
            "malformed" if self.malformed else "",
            f"bytes_per_s={self.bytes_per_s}" if self.bytes_per_s else "",
            "phase=after" if self.is_after else "",
        ]
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class FaultRule:
    """Which requests of a session a fault strikes.

    Of those that match, the first `skip` pass; of the others each is struck with the probability
    `rate`, at most `times` of them. `source` is the rule as it was sent.
    """

    fault: Fault
    source: Mapping[str, Json]
    method: str | None = None
    path: PathPattern | None = None
    query: Mapping[str, str] | None = None
    rate: float = 1.0
    times: int | None = None
    skip: int = 0

    def matches(self, method: str, path: str, query: Mapping[str, tuple[str, ...]]) -> bool:
        """Return whether a request is one of those."""
        return (
            self.method in (None, method)
            and (self.path is None or self.path.matches(path))
            and all(value in query.get(name, ()) for name, value in (self.query or {}).items())
        )


def fault_of_header(text: str) -> Fault:
    """Return the fault that a header such as `status=503, delay=200ms` describes.

    Raises:
        BadRequestError: it describes none.
    """
    values: dict[str, Json] = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        values[name] = value if equals else True
    allowed = [name for name in _FAULT_FIELDS if name not in ("body", "headers")]
    return _fault(values, "X-LARST-Fault", allowed)


def rule_of(value: Json, name: str) -> FaultRule:
    """Return the rule that JSON describes; `name` says where it was.

    Raises:
        BadRequestError: it describes none.
    """
    if not isinstance(value, dict):
        raise BadRequestError(f'{name} must be an object such as {{"path":"/a","status":503}}')
    own = {key: _RULE_FIELDS[key](item) for key, item in value.items() if key in _RULE_FIELDS}
    remaining = {key: item for key, item in value.items() if key not in _RULE_FIELDS}
    fault = _fault(remaining, name, [*_FAULT_FIELDS], also=[*_RULE_FIELDS])
    return FaultRule(fault=fault, source=value, **cast("dict[str, Any]", own))


def _fault(
    values: Mapping[str, Json], name: str, allowed: list[str], also: list[str] | None = None
) -> Fault:
    for key in values:
        if key not in allowed:
            names = ", ".join([*(also or []), *allowed])
            raise BadRequestError(f"{name}: {key[:40]!r} is not one of {names}")
    parsed = {key: _FAULT_FIELDS[key](item) for key, item in values.items()}
    fault = Fault(is_after=parsed.pop("phase", False), **parsed)
    if fault == Fault(is_after=fault.is_after):
        raise BadRequestError(f"{name} has no fault: use one of {', '.join(allowed)}")
    if fault.body is not None and fault.status is None:
        raise BadRequestError(f"{name}: body is that of a reply with status; set status, too")
    return fault


def _whole(name: str, low: int, high: int) -> Callable[[Json], int]:
    def parse(value: Json) -> int:
        number = (
            int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,12}", value) else value
        )
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            raise BadRequestError(f"{name} must be a whole number from {low} to {high}")
        return number

    return parse


def _flag(name: str) -> Callable[[Json], bool]:
    def parse(value: Json) -> bool:
        if value not in (True, False, "true", "false"):
            raise BadRequestError(f"{name} must be true or false")
        return bool(value in (True, "true"))

    return parse


def _phase(value: Json) -> bool:
    if value not in ("before", "after"):
        raise BadRequestError("phase must be before or after")
    return bool(value == "after")


def _body(value: Json) -> Json:
    if len(orjson.dumps(value)) > MAX_BODY_BYTES:
        raise BadRequestError(f"the body of a fault has at most {MAX_BODY_BYTES} bytes")
    return value


def _headers(value: Json) -> Mapping[str, str]:
    is_object = isinstance(value, dict) and len(value) <= _MAX_HEADERS
    if not is_object or not all(
        _is_header(*item) for item in cast("dict[str, Json]", value).items()
    ):
        raise BadRequestError(
            f"headers must be an object of at most {_MAX_HEADERS} names with texts of up to 500"
            " printable characters; the lengths and the connection are the service's own"
        )
    return cast("dict[str, str]", value)


_OWN = frozenset({"connection", "content-length", "transfer-encoding", "set-cookie", "date"})


def _is_header(name: str, value: Json) -> bool:
    is_text = isinstance(value, str) and len(value) <= 500 and value.isascii()
    is_name = _HEADER_NAME.fullmatch(name) is not None and name.lower() not in _OWN
    return is_text and is_name and cast("str", value).isprintable()


def _method(value: Json) -> str:
    if not isinstance(value, str) or value.upper() not in METHODS:
        raise BadRequestError(f"method must be one of {', '.join(METHODS)}")
    return value.upper()


def _path(value: Json) -> PathPattern:
    return PathPattern.parse(value if isinstance(value, str) else "")


def _query(value: Json) -> Mapping[str, str]:
    if isinstance(value, str):
        return {name: values[-1] for name, values in parse_qs(value, True).items()}
    if not isinstance(value, dict) or len(value) > _MAX_HEADERS:
        raise BadRequestError(f"query must be an object of at most {_MAX_HEADERS} values")
    return {name: _as_text(item) for name, item in value.items()}


def _as_text(value: Json) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _rate(value: Json) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise BadRequestError("rate must be a number from 0 to 1")
    return float(value)


_FAULT_FIELDS: Mapping[str, Callable[[Json], Any]] = {
    "delay": Delay.parse,
    "status": _whole("status", 200, 599),
    "body": _body,
    "headers": _headers,
    "drop": _flag("drop"),
    "truncate": _whole("truncate", 0, 10**9),
    "malformed": _flag("malformed"),
    "bytes_per_s": _whole("bytes_per_s", 1, MAX_BYTES_PER_S),
    "phase": _phase,
}
_RULE_FIELDS: Mapping[str, Callable[[Json], Any]] = {
    "method": _method,
    "path": _path,
    "query": _query,
    "rate": _rate,
    "times": _whole("times", 1, 10**9),
    "skip": _whole("skip", 0, 10**9),
}
FAULT_FIELDS = (*_FAULT_FIELDS,)
RULE_FIELDS = (*_RULE_FIELDS, *_FAULT_FIELDS)
"""The names that a rule may have."""

assert {*_FAULT_FIELDS} - {"phase"} <= {field.name for field in fields(Fault)}  # noqa: S101 - data
