"""The cases of custom routes: those of their plans, and some with the ids of records. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

from larst.domain import Json
from larst.eject.description import Api, CustomRoute
from larst.eject.replays import MAX_SAMPLE, MISSING_ID, Case, Request

_MAX_CUSTOM_IDS = 3
_VALUES: Mapping[str, str] = {
    "<int>": "1",
    "<number>": "1.5",
    "<bool>": "true",
    "<date>": "2026-01-31",
    "<email>": "ann@example.com",
}


def custom_cases(api: Api, route: CustomRoute) -> Iterator[Case]:
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
