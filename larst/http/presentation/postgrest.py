"""Replies as the clients of PostgREST read them: written records, and single records. Pure."""

from __future__ import annotations

from dataclasses import replace

import orjson

from larst.domain import Json, Record, Reply
from larst.http.presentation.media_types import SINGLE
from larst.http.presentation.rest_reply import JSON, RestReply
from larst.planning.reading.asked import Asked


def accepts_single(answer: RestReply) -> bool:
    """Return whether the client asks for a record instead of a list."""
    return SINGLE in answer.request.headers.get("accept", "")


def renamed(record: Record, asked: Asked) -> Record:
    """Return a record with the keys that `select=headline:title,meta->>lang` gives its fields."""
    if not asked.renamed or asked.select is None:
        return record
    aliases = dict(asked.renamed)
    view: Record = {}
    for name in asked.select:
        value: Json = record
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        view[aliases.get(name, name)] = value
    heads = {name.partition(".")[0] for name in asked.select}
    return view | {name: value for name, value in record.items() if name not in heads}


def written(answer: RestReply, body: Json) -> Reply:
    """Return the records that a change wrote, with the selected fields.

    A list of several stays a list even if the client expects a single record: the change has
    happened, and an error would make the client repeat it.
    """
    records = [_selected(answer, item) for item in (body if isinstance(body, list) else [body])]
    if not accepts_single(answer):
        return answer.with_json(records)
    return answer.with_json(records[0]) if len(records) == 1 else _several(answer, records)


def not_single(answer: RestReply, count: int) -> Reply:
    """Return PostgREST's error for a single record where none or several match.

    Clients look for its code: supabase-js takes it as "no such record".
    """
    detail = (
        f"one record was asked for, and {count} match; narrow the request, or drop the media type"
        f" {SINGLE}"
    )
    body: Json = {
        "error": "not acceptable",
        "detail": detail,
        "request_id": answer.request.request_id,
        "code": "PGRST116",
        "message": detail,
        "details": f"The result contains {count} rows",
        "hint": None,
    }
    return replace(answer.reply, status=406, body=orjson.dumps(body), media_type=JSON)


def _several(answer: RestReply, records: list[Json]) -> Reply:
    return answer.with_json(records) if records else not_single(answer, 0)


def _selected(answer: RestReply, item: Json) -> Json:
    names = answer.reading.asked.select
    if names is None or not isinstance(item, dict):
        return item
    heads = {name.partition(".")[0] for name in names}
    record: Record = {name: item[name] for name in item if name in heads}
    return renamed(record, answer.reading.asked) if answer.reading.asked.renamed else record
