"""The media types of records: JSON, CSV (RFC 4180) and NDJSON. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import orjson

from larst.accept import preferred
from larst.dialects.jsonapi import MEDIA_TYPE as JSON_API
from larst.domain import Json, Record, Reply
from larst.errors import NotAcceptableError
from larst.http.presentation.rest_reply import JSON

CSV = "text/csv"
HTML = "text/html"
NDJSON = "application/x-ndjson"
SINGLE = "application/vnd.pgrst.object+json"
"""PostgREST: the one record that matches, instead of a list."""

_OFFERS = (JSON, CSV, NDJSON, JSON_API, SINGLE, "application/problem+json")
_NDJSON_NAMES = ("application/ndjson", "application/jsonl", "application/x-jsonlines")


def prefers_page(method: str, accept: str) -> bool:
    """Return whether a client prefers an HTML page over every media type of records.

    Browsers do where they show a reply. `*/*`, which curl and `fetch` send, means JSON.
    """
    if method not in ("GET", "HEAD") or "text/html" not in accept.lower():
        return False
    return preferred(accept, (*_OFFERS, *_NDJSON_NAMES, HTML), default=JSON) == HTML


def media_type_for(accept: str | None) -> str:
    """Return JSON, CSV, NDJSON or SINGLE: the one that the client prefers.

    Raises:
        NotAcceptableError: the client accepts none of them.
    """
    if accept is None or accept in ("*/*", JSON):
        return JSON
    chosen = preferred(accept, (*_OFFERS, *_NDJSON_NAMES), default=JSON)
    if chosen in _NDJSON_NAMES:
        return NDJSON
    if chosen in (CSV, NDJSON, SINGLE):
        return chosen
    if chosen is None and not _accepts_json(accept):
        raise NotAcceptableError(
            f"{accept[:80]} cannot be produced; accept {JSON}, {CSV} or {NDJSON}"
        )
    return JSON


def _accepts_json(accept: str) -> bool:
    """Return whether JSON will do: for any JSON, and for browsers, which ask for HTML first."""
    return any(name in accept.lower() for name in ("json", "text/html", "text/plain", "text/*"))


def in_media_type(reply: Reply, records: Sequence[Record], media_type: str) -> Reply:
    """Return the reply with the records as CSV or NDJSON."""
    if media_type == CSV:
        return replace(reply, body=csv_of(records), media_type=f"{CSV}; charset=utf-8")
    lines = b"".join(orjson.dumps(record) + b"\n" for record in records)
    return replace(reply, body=lines, media_type=NDJSON)


def csv_of(records: Sequence[Record]) -> bytes:
    """Return records as CSV: a column per field, nested values as JSON."""
    names = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_cell(record.get(name)) for name in names] for record in records)
    return text.getvalue().encode()


def _cell(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
