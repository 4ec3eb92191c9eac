"""The requests that the tests of a project repeat, chosen from the records. Pure.

LARST answers them on a copy of the session; its replies are what the tests expect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from urllib.parse import quote, urlencode

from larst.domain import Json, Record
from larst.eject.below import Ancestor, Nesting, nesting_of
from larst.eject.custom import action_routes
from larst.eject.description import Api, Below, CustomRoute, Field, Resource

MAX_SAMPLE = 25
"""The records of each resource that the tests have."""

MISSING_ID = 999_999_999

_MAX_CUSTOM_IDS = 3
_PLAIN = re.compile(r"[A-Za-z0-9 .@-]{1,40}")
_VALUES: Mapping[str, str] = {
    "<int>": "1",
    "<number>": "1.5",
    "<bool>": "true",
    "<date>": "2026-01-31",
    "<email>": "ann@example.com",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a test. `body` is JSON; `has_body` False: it has none."""

    method: str
    path: str
    body: Json = None
    has_body: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """Requests that a test sends one after the other; `module` is the test module.

    `is_timed`: the replies depend on the time, so that only their statuses can be expected.
    """

    name: str
    module: str
    requests: tuple[Request, ...]
    is_timed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """LARST's reply: the headers are those that the project has too."""

    status: int
    body: Json
    has_body: bool
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replay:
    """A case with the answer to each of its requests."""

    case: Case
    answers: tuple[Answer, ...]


def cases_of(api: Api) -> list[Case]:
    """Return the cases of all routes, each with a name of its own in its module."""
    cases = [case for resource in api.resources for case in _resource_cases(api, resource)]
    for action in action_routes(api):
        if action.lack is None:
            cases += _custom_cases(api, action.plan)
    return _distinct(cases)


def _distinct(cases: Sequence[Case]) -> list[Case]:
    names: dict[tuple[str, str], int] = {}
    distinct = []
    for case in cases:
        number = names[case.module, case.name] = names.get((case.module, case.name), 0) + 1
        name = case.name if number == 1 else f"{case.name}_{number}"
        distinct.append(replace(case, name=name))
    return distinct


def _get(path: str, **query: Json) -> Request:
    return Request("GET", f"{path}?{urlencode(query)}" if query else path)


def _send(method: str, path: str, body: Json) -> Request:
    return Request(method, path, body, has_body=True)


def _at(path: str, id: Json) -> str:
    return f"{path}/{quote(str(id), safe='')}"


def _resource_cases(api: Api, resource: Resource) -> Iterator[Case]:
    module, records = resource.module, resource.records[:MAX_SAMPLE]
    for name, requests in _plain(resource, records):
        yield Case(name, module, requests)
    if not records:
        return
    for name, requests in _used(resource, records[0]):
        yield Case(name, module, requests)
    for below in resource.below:
        yield from _nested_cases(api, resource, below)


def _plain(
    resource: Resource, records: Sequence[Record]
) -> Iterator[tuple[str, tuple[Request, ...]]]:
    path, singular, many = resource.path, resource.singular, resource.module
    missing = _at(path, MISSING_ID)
    yield f"list_{many}", (_get(path),)
    yield f"{singular}_that_does_not_exist", (_get(missing), Request("DELETE", missing))
    if not records:
        return
    first, last = records[0], records[-1]
    own, body = _at(path, first["id"]), without(last, "id")
    yield f"get_{singular}", (_get(own),)
    yield f"create_{singular}", (_send("POST", path, body), _get(path))
    yield f"replace_{singular}", (_send("PUT", own, body), _get(own))
    yield f"delete_{singular}", (Request("DELETE", own), _get(own), _send("POST", path, body))
    yield f"page_of_{many}", (_get(path, limit=1), _get(path, limit=2, offset=1))
    with_taken_id = {**body, "id": first["id"]}
    yield f"create_{singular}_with_an_id_that_is_taken", (_send("POST", path, with_taken_id),)
    for item in _scalars(resource, last)[:3]:
        changes = {item.name: last[item.name]}
        name = f"{item.attribute.rstrip('_').lower()}"
        yield f"change_{name}_of_{singular}", (_send("PATCH", own, changes), _get(own))
        yield (
            f"sort_{many}_by_{name}",
            (_get(path, sort=item.name), _get(path, sort=f"-{item.name}")),
        )
        yield f"filter_{many}_by_{name}", tuple(_filters(path, item, first[item.name]))


def _filters(path: str, item: Field, value: Json) -> Iterator[Request]:
    text = "true" if value is True else "false" if value is False else str(value)
    yield _get(path, **{item.name: text})
    if item.kind in ("integer", "number"):
        yield _get(path, **{f"{item.name}_min": text})
        yield _get(path, **{f"{item.name}_lt": text})
    if item.kind == "text" and _PLAIN.fullmatch(text):
        yield _get(path, **{item.name: f"{text[:2]}*"})
        yield _get(path, **{item.name: f"*{text[1:3]}*"})


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
        yield f"create_several_{many}", (_send("POST", path, [body, body]), _get(path))
    if resource.counts:
        yield f"count_{many}", (_get(f"{path}/count"),)
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
        yield f"change_all_{many}", (_send("PATCH", f"{path}?{query}", changes), _get(path))
    if resource.deletes_many:
        yield f"delete_all_{many}", (Request("DELETE", f"{path}?{query}"), _get(path))
        yield f"delete_all_{many}_without_a_filter", (Request("DELETE", path),)


def _nested_cases(api: Api, resource: Resource, below: Below) -> Iterator[Case]:
    """Yield the cases of a resource below the records of its first complete chain."""
    nesting = nesting_of(api, resource, below)
    chain = _chain(nesting.ancestors)
    if chain is None:
        return
    path, stem, many = _nested_path(nesting, chain), nesting.stem, nesting.many
    gone = _nested_path(nesting, [*chain[:-1], {"id": MISSING_ID}])
    body = without(resource.records[0], "id", *below.links)
    children = [
        row for row in resource.records[:MAX_SAMPLE] if _is_below(row, below.links, chain[-1])
    ]
    for name, requests in _nested(below.methods, path, gone, body):
        yield Case(f"{name}_{many}", resource.module, requests)
    if children:
        own = _at(path, children[0]["id"])
        for method in sorted(below.record_methods & {"GET", "DELETE"}):
            yield Case(f"{method.lower()}_{stem}", resource.module, (Request(method, own),))
        for method in sorted(below.record_methods & {"PUT"}):
            yield Case(f"replace_{stem}", resource.module, (_send(method, own, body),))
        for method in sorted(below.record_methods & {"PATCH"}):
            yield Case(f"change_{stem}", resource.module, (_send(method, own, {}),))


def _nested(
    methods: frozenset[str], path: str, gone: str, body: Record
) -> Iterator[tuple[str, tuple[Request, ...]]]:
    if "GET" in methods:
        yield "list", (_get(path), _get(path, limit=1), _get(path, sort="-id"))
        yield "missing_parent_of", (_get(gone),)
    if "POST" in methods:
        yield "create", (_send("POST", path, body),)
    if "DELETE" in methods:
        yield "delete_all_without_a_filter_of", (Request("DELETE", path),)


def _chain(ancestors: Sequence[Ancestor]) -> list[Record] | None:
    """Return records of which each belongs to the one before, or None."""
    chain: list[Record] = []
    for ancestor in ancestors:
        rows = ancestor.resource.records[:MAX_SAMPLE]
        below = [row for row in rows if not chain or _is_below(row, ancestor.links, chain[-1])]
        if not below:
            return None
        chain.append(below[0])
    return chain


def _is_below(record: Record, links: Sequence[str], above: Record) -> bool:
    return str(above["id"]) in [str(record.get(link)) for link in links]


def _nested_path(nesting: Nesting, chain: Sequence[Record]) -> str:
    steps = "".join(
        f"/{ancestor.resource.name}/{quote(str(row['id']), safe='')}"
        for ancestor, row in zip(nesting.ancestors, chain, strict=True)
    )
    return f"{nesting.resource.prefix}{steps}/{nesting.resource.name}"


def _custom_cases(api: Api, route: CustomRoute) -> Iterator[Case]:
    """Yield a case for each of the first records that the path can name, and for a missing one."""
    words = [part for part in route.path.split("/") if part and not part.startswith("<")]
    name = re.sub(r"\W", "_", "_".join([route.method.lower(), *words])).lower()
    is_timed = "datetime" in route.program
    for stored in route.cases:
        yield Case(name, "custom", (_stored(stored),), is_timed)
    if route.body not in ("none", "object", ""):
        return
    query = urlencode({key: _VALUES.get(key, "1") for key in route.query})
    ids = [*range(_MAX_CUSTOM_IDS), None] if "<" in route.path else [0]
    for index in ids:
        path = _custom_path(api, route, index)
        if path is not None:
            target = f"{path}?{query}" if query else path
            body: Json = {} if route.body == "object" else None
            request = Request(route.method, target, body, has_body=body is not None)
            yield Case(name, "custom", (request,), is_timed)


def _stored(case: Mapping[str, Json]) -> Request:
    method, _, path = str(case["request"]).partition(" ")
    return Request(method, path, case.get("body"), has_body="body" in case)


def _custom_path(api: Api, route: CustomRoute, index: int | None) -> str | None:
    """Return the path with ids of the records at `index`, of missing ones for None."""
    parts: list[str] = []
    for part in route.path.split("/"):
        if not part.startswith("<"):
            parts.append(part)
            continue
        above = api.resource(parts[-1]) if parts else None
        records = [] if above is None else above.records[:MAX_SAMPLE]
        if index is None:
            parts.append(str(MISSING_ID))
        elif index < len(records):
            parts.append(quote(str(records[index]["id"]), safe=""))
        else:
            return None
    return "/".join(parts)


def without(record: Record, *names: str) -> Record:
    """Return the record without these fields."""
    return {name: value for name, value in record.items() if name not in names}


def sample_export(api: Api) -> bytes:
    """Return an export of the records that the tests have, as `larst import` takes it."""
    lines: list[Json] = [{"larst": "session", "version": 2}]
    for resource in api.resources:
        lines.append({"resource": resource.name, "auto_id": resource.next_id, "schema": None})
        lines += [{"record": record} for record in resource.records[:MAX_SAMPLE]]
    content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    end = {"end": True, "records": sum("record" in line for line in lines)}
    return content + json.dumps({**end, "sha256": sha256(content).hexdigest()}).encode() + b"\n"
