"""Marks: what in a request shows the dialect that it is written in. Data, and one reader.

A strong mark belongs to one server's clients alone; it decides, and teaches the session. A weak
mark decides the form of its own reply only. The first mark that holds counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from larst.dialects.table import DIALECTS, Dialect

if TYPE_CHECKING:
    from larst.domain import RequestContext

Place = Literal["header", "segment", "path", "wrapper", "key", "pair", "keys", "target"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A pattern in one place of a request, and the dialect that it shows.

    `header`: `name: value`; `segment`: one path segment; `path`: the whole path; `wrapper`: the
    same, if the resource stands behind words such as `items`; `key`: one query key; `pair`:
    `key=value`; `keys`: all query keys in their order, separated by `&`; `target`: the method and
    the path as sent, with one pair or all keys behind `?`, or the key of the body in braces.
    """

    dialect: str
    place: Place
    pattern: re.Pattern[str]
    is_strong: bool = True


@dataclass(frozen=True, slots=True)
class Detected:
    """The dialect that a request shows; `mark` is the text that shows it.

    `teaches`: later requests that show no dialect are of this one too. A header does not teach:
    clients that send such a header send it with each request.
    """

    dialect: Dialect
    is_strong: bool
    mark: str
    teaches: bool = False


def _marks(*rows: tuple[str, Place, str]) -> list[Mark]:
    return [
        Mark(name.removesuffix("?"), place, re.compile(pattern, re.IGNORECASE), name[-1] != "?")
        for name, place, pattern in rows
    ]


HEADERS = frozenset(
    "accept content-type prefer x-client-info accept-profile content-profile odata-version"
    " odata-maxversion stripe-version".split()
)
"""The headers that may hold a mark."""

_SIZES = r"limit|_\w+|per_?page|per|(?:page)?size|count|rows|take|items"
_ODATA_KEY = r"(?:[a-z_]\w*=)?(?:-?\d+|'(?:[^'/]|'')*'|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_DATE = r"(?:created|updated|date|\w+(?:At|_at|_on))"

MARKS: Sequence[Mark] = _marks(
    ("jsonapi", "header", r"(?:accept|content-type): .*application/vnd\.api\+json.*"),
    ("postgrest", "header", r"accept: .*application/vnd\.pgrst.*"),
    ("postgrest", "header", r"x-client-info: (?:supabase|postgrest).*"),
    ("postgrest", "header", r"(?:accept|content)-profile: .+"),
    ("postgrest", "header", r"prefer: .*(?:count=|resolution=|missing=).*"),
    ("postgrest?", "header", r"prefer: .*return=.*"),
    ("odata", "header", r"odata-(?:max)?version: .+|accept: .*odata\.metadata.*"),
    ("stripe", "header", r"stripe-version: .+"),
    ("pocketbase", "wrapper", r"/api/collections/[^/]+/records(?:/.*)?"),
    ("directus", "wrapper", r"/items/[^/]+(?:/[^/]+)?"),
    ("parse", "wrapper", r"/(?:parse/)?classes/[^/]+(?:/[^/]+)?"),
    ("odata", "segment", rf"[a-z_][a-z0-9_-]*\({_ODATA_KEY}(?:,{_ODATA_KEY})*\)|\$(?:count|value)"),
    ("spring", "path", r".*/search/(?:find|read|get|query|search)(?:All)?By\w+"),
    ("strapi", "key", r"(?:filters|pagination|populate)\[.+"),
    ("strapi", "target", r"\w+ /(?:[\w-]+/)*api/[\w/-]+\?populate=.*"),
    ("json-server-1", "key", r"_(?:per_page|where)"),
    ("json-server-1", "pair", r"_sort=(?:[\w.]+,)*-.*"),
    ("json-server-1", "key", r"[\w.]+:(?:lt|lte|gt|gte|eq|ne|in|contains|startswith|endswith)"),
    ("json-server", "key", r"_(?:page|limit|start|end|sort|order|embed|expand)"),
    ("json-server", "key", r"[\w.]+_like"),
    ("postgrest", "pair", r"(?:not\.)?(?:or|and)=\(.*\)"),
    ("postgrest", "pair", r"select=(?:\*|.*\(.*\).*|.*::.*)"),
    ("postgrest", "pair", r"order=[\w.\->]+\.(?:asc|desc)(?:\..*)?(?:,.*)?"),
    (
        "postgrest",
        "pair",
        r"[\w.\->]+=(?:not\.)?(?:(?:eq|neq|gt|gte|lt|lte|like|ilike|match|imatch|cs|cd|ov|fts|plfts)"
        r"\..*|in\.\(.*\)|is\.(?:null|true|false|unknown))",
    ),
    ("feathers", "key", r"\$(?:limit|sort|or)|\$(?:sort|select|or)\[.*"),
    ("feathers", "key", r"[\w.]+\[\$(?:gte?|lte?|ne|n?in)\](?:\[\d*\])?"),
    (
        "odata",
        "key",
        r"\$(?:top|skip|filter|orderby|expand|count|search|apply|format|select|inlinecount|levels"
        r"|skiptoken)",
    ),
    ("loopback", "key", r"filter\[(?:where|limit|skip|offset|order|include|fields)\].*"),
    (
        "loopback",
        "pair",
        r"filter=\s*\{\s*\"(?:where|limit|skip|offset|order|include|fields)\"\s*:.*",
    ),
    ("directus", "key", r"filter\[.+\]\[_\w+\](?:\[\d*\])?"),
    ("directus", "pair", r"filter=\s*\{.*\"_\w+\"\s*:.*"),
    ("nestjsx", "pair", r"(?:filter|or|join)(?:\[\d*\])?=.*\|\|.*"),
    ("nestjsx", "pair", r"s=\s*\{.*"),
    ("simple-rest", "pair", r"range=\s*\[.*"),
    ("simple-rest?", "pair", r"filter=\s*\{.*"),
    ("parse", "keys", r"(?=(?:.*&)?where(?:&|$))(?=(?:.*&)?(?:order|keys|skip)(?:&|$)).*"),
    ("eve", "key", r"max_results"),
    ("eve?", "pair", r"where=\s*\{.*"),
    ("rails", "key", r"q\[\w+\]"),
    ("stripe", "key", r"starting_after|ending_before"),
    ("stripe", "pair", r"expand\[\d*\]=data\..+"),
    ("google", "key", r"pageToken"),
    ("drf?", "key", r"page_size|ordering"),
    ("drf?", "pair", r"format=json"),
    (
        "drf?",
        "key",
        r"[\w.]+__(?:gte|lte|gt|lt|exact|iexact|i?contains|in|i?startswith|i?endswith|isnull|range"
        r"|i?regex|year|month|day|week_day|hour|date)(?:__(?:gte|lte|gt|lt))?",
    ),
    ("drf?", "target", rf"GET .*/\?(?!(?:.*&)?(?:{_SIZES})(?:&|$))(?:.*&)?page(?:&.*)?"),
    ("spring?", "keys", r"(?=(?:.*&)?page(?:&|$))(?=(?:.*&)?size(?:&|$)).*"),
    ("spring?", "pair", r"sort=[\w.]+,(?:asc|desc)"),
    ("github?", "key", r"direction"),
    ("github?", "keys", r"(?:.*&)?per_page&page(?:&.*)?"),
    ("laravel?", "keys", r"(?=(?:.*&)?page(?:&|$))(?=(?:.*&)?per_page(?:&|$)).*"),
    ("laravel?", "key", r"filter\[\w+\]"),
    ("rails?", "keys", r"(?=(?:.*&)?page(?:&|$))(?=(?:.*&)?per(?:&|$)).*"),
    ("cursor?", "key", r"cursor"),
    ("google?", "keys", r"(?!(?:.*&)?page(?:&|$))(?:.*&)?(?-i:pageSize)(?:&.*)?"),
    ("restheart?", "pair", r"(?:keys|sort)=\s*\{\s*\"[\w.]+\"\s*:\s*-?[01]\s*[,}].*"),
    ("datatables?", "key", r"columns\[0\]\[data\]"),
    ("stripe?", "target", rf"GET (?:/api)?/v1/[\w-]+\?{_DATE}\[(?:gt|gte|lt|lte)\]=.*"),
    ("laravel?", "target", r"GET /api/.*\?page\[(?:number|size)\]=.*"),
    ("jsonapi?", "path", r".*/relationships/[\w-]+"),
    ("restheart?", "segment", r"_size"),
    ("firebase", "pair", r"orderBy=\"[^\"]*\""),
    ("firebase?", "target", r"PUT .*/[\w-]+\.json"),
    ("rails?", "segment", r"[\w-]+\.json"),
    ("postgrest?", "key", r"select"),
    ("strapi?", "target", r"\w+ /api/[\w/-]+\?sort(?:\[\d*\])?=[\w.]+:(?:asc|desc)(?:,[\w.:]+)*"),
    ("strapi?", "target", r"\w+ /api/[\w/-]+ \{data\}"),
    ("drf?", "target", r"GET .*/\?search=.*"),
)
"""All marks. A `?` behind a name makes a weak mark."""


def detect(request: RequestContext, *, is_wrapped: bool = False) -> Detected | None:
    """Return the dialect that a request shows, a strong mark before a weak one; None if none.

    `is_wrapped`: the session has no resource of the names that wrap the path, such as `items`.
    """
    texts = _texts(request, is_wrapped=is_wrapped)
    weak: Detected | None = None
    for mark in MARKS:
        for text in texts[mark.place]:
            if mark.pattern.fullmatch(text):
                teaches = mark.is_strong and mark.place != "header"
                detected = Detected(DIALECTS[mark.dialect], mark.is_strong, text[:80], teaches)
                if mark.is_strong:
                    return detected
                weak = weak or detected
    return weak


def _texts(request: RequestContext, *, is_wrapped: bool) -> Mapping[Place, list[str]]:
    """Return the texts of each place, cut to a length that bounds the search."""
    headers, query = request.headers, request.query
    pairs = [f"{key[:200]}={text[:500]}" for key, texts in query.items() for text in texts]
    whole = ["/" + "/".join(request.segments)[:500]]
    target = f"{request.method} {request.path[:200]}"
    targets = [target, *(f"{target}?{pair}" for pair in pairs)]
    if query:
        targets.append(f"{target}?{'&'.join(query)[:500]}")
    if isinstance(request.body.json, dict) and len(request.body.json) == 1:
        targets.append(f"{target} {{{next(iter(request.body.json))[:200]}}}")
    return {
        "header": [f"{name}: {headers[name][:200]}" for name in HEADERS if name in headers],
        "segment": [segment[:200] for segment in request.segments],
        "path": whole,
        "wrapper": whole if is_wrapped else [],
        "key": [key[:200] for key in query],
        "pair": pairs,
        "keys": ["&".join(query)[:500]] if query else [],
        "target": targets,
    }
