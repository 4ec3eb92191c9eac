"""What a request watches: the records that its path and its filters select. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from larst.domain import SINGLETON_ID, Criteria
from larst.errors import QueryNotUnderstoodError, RecordNotFoundError
from larst.planning.reading.asked import AllOf, AnyOf, Asked, Node, Not, Related
from larst.planning.shapes.binding import Knowledge, narrowed, with_ids
from larst.planning.shapes.relations import criteria_of
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.rest_path import RestPath


def watched_records(shaped: ShapedRequest, session: Knowledge) -> tuple[str, str | None, Criteria]:
    """Return the resource, the id of a single record or None, and the criteria of the records.

    Raises:
        QueryNotUnderstoodError: the request asks for more than records, or for a part of them.
        RecordNotFoundError: a record above the collection does not exist.
    """
    path = _required_path(shaped)
    asked = shaped.reading.asked
    _refuse_more(asked)
    segments = shaped.request.segments
    parents = [segments[parent.index] for parent in path.parents]
    for parent, id in zip(path.parents, parents, strict=True):
        if not session.has_record(parent.resource, id):
            raise RecordNotFoundError(f"{parent.resource} has no record {id[:80]}")
    identifier = None if path.identifier is None else segments[path.identifier]
    if path.is_singleton:
        identifier = SINGLETON_ID
    criteria = criteria_of(asked.where, path.resource, session)
    if path.is_list_of_ids and identifier is not None:
        criteria, identifier = with_ids(criteria, identifier.split(",")), None
    return path.resource, identifier, narrowed(shaped, path, criteria, parents)


def _required_path(shaped: ShapedRequest) -> RestPath:
    path = shaped.path
    is_other = not isinstance(path, RestPath) or (
        path.is_count
        or path.is_latest
        or path.is_database
        or path.is_to_one
        or path.field is not None
        or path.resource in shaped.facts.get("many", {})
    )
    if is_other or not isinstance(path, RestPath) or shaped.shape.query:
        raise QueryNotUnderstoodError(
            "only a collection, a search or a record can be watched, such as /members,"
            " /members?status=open or /members/1; drop `Accept: text/event-stream` or `watch`"
        )
    return path


def _refuse_more(asked: Asked) -> None:
    more = {
        "pages": asked.is_paged,
        "order": bool(asked.sort),
        "fields": asked.select is not None or bool(asked.exclude),
        "relations": bool(asked.embed) or any(_related(asked.where)),
    }
    if names := [name for name, is_asked in more.items() if is_asked]:
        raise QueryNotUnderstoodError(
            f"a watch takes filters on the records' own fields, not {' or '.join(names)}: drop"
            " that part of the query"
        )


def _related(node: Node) -> Iterator[bool]:
    match node:
        case Related():
            yield True
        case Not(inner):
            yield from _related(inner)
        case AllOf(nodes) | AnyOf(nodes):
            for child in nodes:
                yield from _related(child)
