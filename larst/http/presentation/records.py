"""Replies about one record, and replies to changes of many. Pure."""

from __future__ import annotations

from dataclasses import replace

from larst.dialects import record_body
from larst.domain import Json, Reply
from larst.http.presentation.media_types import CSV, NDJSON, in_media_type, media_type_for
from larst.http.presentation.postgrest import written
from larst.http.presentation.rest_reply import RestReply

_COUNTERS = frozenset({"updated", "deleted"})


def present_record(answer: RestReply) -> Reply:
    """Return one record in the form of the dialect.

    Raises:
        NotAcceptableError: the client accepts no media type that can be made.
    """
    media_type = media_type_for(answer.request.headers.get("accept"))
    if media_type in (CSV, NDJSON) and isinstance(answer.body, dict):
        return in_media_type(answer.reply, [answer.body], media_type)
    return _in_record_form(answer)


def present_write(answer: RestReply) -> Reply:
    """Return the reply to a create, a replacement or a change of one record, or of a list."""
    if _is_minimal(answer):
        return answer.without_body(201 if answer.reply.status == 201 else 204)
    is_one = answer.path.identifier is not None and not answer.path.is_list_of_ids
    if answer.dialect.name == "postgrest" and answer.reply.body is not None and not is_one:
        return written(answer, answer.body)
    if answer.reply.status == 201 and answer.reading.habits.created_status != 201:
        answer = replace(
            answer, reply=replace(answer.reply, status=answer.reading.habits.created_status)
        )
    return _in_record_form(answer)


def present_patch(answer: RestReply) -> Reply:
    """Return the reply to a change of one record, or of all that match."""
    return _present_many(answer) if _is_count(answer) else present_write(answer)


def present_delete(answer: RestReply) -> Reply:
    """Return the reply to a deletion: of one record as the dialect has it, or of all that match."""
    if _is_count(answer):
        return _present_many(answer)
    if answer.reading.returns == "minimal":
        return answer.without_body(204)
    if answer.reply.body is not None:
        return present_write(answer)
    if answer.dialect.delete_reply == "object":
        return answer.with_json({}, status=200)
    return answer.reply


def _is_minimal(answer: RestReply) -> bool:
    """Return whether no body is wanted: PostgREST sends a body only if asked to."""
    returns = answer.reading.returns
    return returns == "minimal" or (answer.dialect.name == "postgrest" and returns is None)


def _is_count(answer: RestReply) -> bool:
    path = answer.path
    if path.is_singleton or not (path.identifier is None or path.is_list_of_ids):
        return False
    body = answer.body
    return isinstance(body, dict) and bool(body) and body.keys() <= {*_COUNTERS, "items"}


def _present_many(answer: RestReply) -> Reply:
    """Return the reply to a change of all records that match."""
    body: dict[str, Json] = answer.body
    name = answer.dialect.name
    is_deletion = "deleted" in body
    is_silent = name == "postgrest" or (name == "directus" and is_deletion)
    if answer.reading.returns == "minimal" or (is_silent and "items" not in body):
        return answer.without_body(204)
    if "items" in body and name == "postgrest":
        return written(answer, body["items"])
    if "items" in body:
        return answer.with_json(_list_of_changed(answer, body["items"]))
    if name in ("loopback", "eve"):
        return answer.with_json({"count": body.get("updated", body.get("deleted"))})
    return answer.reply


def _list_of_changed(answer: RestReply, records: Json) -> Json:
    return record_body(answer.dialect.record_form, records, answer.path.resource, answer.embeds)


def _in_record_form(answer: RestReply) -> Reply:
    form, body = answer.dialect.record_form, answer.reply.body
    if form == "bare" or body is None:
        return answer.reply
    record = answer.body
    items = record if isinstance(record, list) else [record]
    if not all(isinstance(item, dict) for item in items):
        return answer.reply
    if answer.path.is_singleton and form == "jsonapi":  # each resource object has an id
        record = {"id": answer.path.resource, **record}
    return answer.with_json(record_body(form, record, answer.path.resource, answer.embeds))
