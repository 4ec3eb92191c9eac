"""The requests that the tests of a project repeat, chosen from the records. Pure.

LARST answers them on a copy of the session; its replies are what the tests expect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlencode

from larst.domain import Json, Record
from larst.eject.custom import action_routes
from larst.eject.custom_cases import custom_cases
from larst.eject.description import Api, Field, Resource
from larst.eject.nested_cases import nested_cases
from larst.eject.replays import MAX_SAMPLE, MISSING_ID, Case, Request, at, get, send, without

_PLAIN = re.compile(r"[A-Za-z0-9 .@-]{1,40}")


def cases_of(api: Api) -> list[Case]:
    """Return the cases of all routes, each with a name of its own in its module."""
    cases = [case for resource in api.resources for case in _resource_cases(api, resource)]
    for action in action_routes(api):
        if action.lack is None:
            cases += custom_cases(api, action.plan)
    return _distinct(cases)


def _distinct(cases: Sequence[Case]) -> list[Case]:
    names: dict[tuple[str, str], int] = {}
    distinct = []
    for case in cases:
        number = names[case.module, case.name] = names.get((case.module, case.name), 0) + 1
        name = case.name if number == 1 else f"{case.name}_{number}"
        distinct.append(replace(case, name=name))
    return distinct


def _resource_cases(api: Api, resource: Resource) -> Iterator[Case]:
    module, records = resource.module, resource.records[:MAX_SAMPLE]
    for name, requests in _plain(resource, records):
        yield Case(name, module, requests)
    if not records:
        return
    for name, requests in _used(resource, records[0]):
        yield Case(name, module, requests)
    for below in resource.below:
        yield from nested_cases(api, resource, below)


def _plain(
    resource: Resource, records: Sequence[Record]
) -> Iterator[tuple[str, tuple[Request, ...]]]:
    path, singular, many = resource.path, resource.singular, resource.module
    missing = at(path, MISSING_ID)
    yield f"list_{many}", (get(path),)
    yield f"{singular}_that_does_not_exist", (get(missing), Request("DELETE", missing))
    if not records:
        return
    first, last = records[0], records[-1]
    own, body = at(path, first["id"]), without(last, "id")
    yield f"get_{singular}", (get(own),)
    yield f"create_{singular}", (send("POST", path, body), get(path))
    yield f"replace_{singular}", (send("PUT", own, body), get(own))
    yield f"delete_{singular}", (Request("DELETE", own), get(own), send("POST", path, body))
    yield f"page_of_{many}", (get(path, limit=1), get(path, limit=2, offset=1))
    with_taken_id = {**body, "id": first["id"]}
    yield f"create_{singular}_with_an_id_that_is_taken", (send("POST", path, with_taken_id),)
    for item in _scalars(resource, last)[:3]:
        changes = {item.name: last[item.name]}
        name = f"{item.attribute.rstrip('_').lower()}"
        yield f"change_{name}_of_{singular}", (send("PATCH", own, changes), get(own))
        yield (
            f"sort_{many}_by_{name}",
            (get(path, sort=item.name), get(path, sort=f"-{item.name}")),
        )
        yield f"filter_{many}_by_{name}", tuple(_filters(path, item, first[item.name]))


def _filters(path: str, item: Field, value: Json) -> Iterator[Request]:
    text = "true" if value is True else "false" if value is False else str(value)
    yield get(path, **{item.name: text})
    if item.kind in ("integer", "number"):
        yield get(path, **{f"{item.name}_min": text})
        yield get(path, **{f"{item.name}_lt": text})
    if item.kind == "text" and _PLAIN.fullmatch(text):
        yield get(path, **{item.name: f"{text[:2]}*"})
        yield get(path, **{item.name: f"*{text[1:3]}*"})


def _scalars(resource: Resource, record: Record) -> list[Field]:
    """Return the fields that every record has, with plain values."""
    return [
        item
        for item in resource.fields
        if item.kind in ("integer", "number", "boolean", "text")
        and item.name != "id"
        and "." not in item.name
        and all(row.get(item.name) not in (None, "") for row in resource.records[:MAX_SAMPLE])
        and all(_PLAIN.fullmatch(str(row[item.name])) for row in (record, resource.records[0]))
    ]


def _used(resource: Resource, first: Record) -> Iterator[tuple[str, tuple[Request, ...]]]:
    """Yield the cases of routes that only some resources have."""
    path, many, body = resource.path, resource.module, without(first, "id")
    scalars = _scalars(resource, first)
    if resource.creates_many:
        yield f"create_several_{many}", (send("POST", path, [body, body]), get(path))
    if resource.counts:
        yield f"count_{many}", (get(f"{path}/count"),)
    if not scalars:
        return
    item = scalars[0]
    query = urlencode(
        {item.name: str(first[item.name]).lower() if item.kind == "boolean" else first[item.name]}
    )
    for verb in resource.searches:
        yield f"{verb}_{many}", (Request("GET", f"{path}/{verb}?{query}"),)
    if resource.changes_many:
        changes = {scalars[-1].name: first[scalars[-1].name]}
        yield f"change_all_{many}", (send("PATCH", f"{path}?{query}", changes), get(path))
    if resource.deletes_many:
        yield f"delete_all_{many}", (Request("DELETE", f"{path}?{query}"), get(path))
        yield f"delete_all_{many}_without_a_filter", (Request("DELETE", path),)


def sample_export(api: Api) -> bytes:
    """Return an export of the records that the tests have, as `larst import` takes it."""
    lines: list[Json] = [{"larst": "session", "version": 2}]
    for resource in api.resources:
        lines.append({"resource": resource.name, "auto_id": resource.next_id, "schema": None})
        lines += [{"record": record} for record in resource.records[:MAX_SAMPLE]]
    content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    end = {"end": True, "records": sum("record" in line for line in lines)}
    return content + json.dumps({**end, "sha256": sha256(content).hexdigest()}).encode() + b"\n"
