"""Properties of the reading: equal spellings, safe changes, no crash, linear time."""

from __future__ import annotations

import gc
import importlib
import inspect
import itertools
import json
import pkgutil
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import larst.planning.reading
from larst.domain import Json
from larst.errors import BadPagingError, QueryNotUnderstoodError
from larst.planning.reading.asked import Asked
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.query import read_query
from tests.planning.reading.world import DATA, asked, fields_of, matches, query_of

FIELDS = {resource: fields_of(resource) for resource in DATA}
Conditions = list[tuple[str, str, Json]]

# -- every spelling of one meaning is one meaning

_NUMBERS = st.integers(0, 100)
_WORDS = st.sampled_from(["draft", "published", "Post 3", "x y", "Ann", "z-9"])
_CONDITION = st.one_of(
    st.tuples(st.just("views"), st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne"]), _NUMBERS),
    st.tuples(st.just("views"), st.just("in"), st.lists(_NUMBERS, min_size=2, max_size=3)),
    st.tuples(st.just("userId"), st.sampled_from(["eq", "ne", "gte"]), _NUMBERS),
    st.tuples(st.just("status"), st.sampled_from(["eq", "ne"]), _WORDS),
    st.tuples(
        st.just("status"),
        st.just("in"),
        st.lists(_WORDS, min_size=2, max_size=3, unique=True),
    ),
    st.tuples(st.just("title"), st.sampled_from(["eq", "has"]), _WORDS),
)
_CONDITIONS = st.lists(_CONDITION, max_size=3, unique_by=lambda part: part[0])
_PAGES = st.one_of(st.none(), st.tuples(st.integers(1, 5), st.integers(1, 20)))
_SORTS = st.lists(
    st.tuples(st.sampled_from(["views", "status", "title"]), st.booleans()),
    max_size=2,
    unique_by=lambda part: part[0],
)


def _q(value: Json) -> str:
    return quote(str(value), safe="")


def _named(operator: str, **names: str) -> str:
    return names.get(operator, operator)


def _texts(value: Json) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _json_of(conditions: Conditions, names: dict[str, str]) -> dict[str, Json]:
    """Return a JSON filter; `names` spells the operators."""
    plain: dict[str, Json] = {}
    for name, operator, value in conditions:
        plain[name] = value if operator == "eq" else {names.get(operator, operator): value}
    return plain


def _pages(page: tuple[int, int] | None, number: str, size: str, base: int = 1) -> list[str]:
    return [] if page is None else [f"{number}={page[0] - 1 + base}", f"{size}={page[1]}"]


def _offsets(page: tuple[int, int] | None, limit: str, offset: str) -> list[str]:
    if page is None:
        return []
    return [f"{limit}={page[1]}", f"{offset}={(page[0] - 1) * page[1]}"]


def _sort(keys: list[tuple[str, bool]], word: str, style: Callable[[str, bool], str]) -> list[str]:
    return [f"{word}={','.join(style(*key) for key in keys)}"] if keys else []


def _minus(name: str, is_down: bool) -> str:
    return f"-{name}" if is_down else name


def _colon(name: str, is_down: bool) -> str:
    return f"{name}:{'desc' if is_down else 'asc'}"


def _space(name: str, is_down: bool) -> str:
    return f"{name}%20{'DESC' if is_down else 'ASC'}"


def _dot(name: str, is_down: bool) -> str:
    return f"{name}.{'desc' if is_down else 'asc'}"


def _suffixed(conditions: Conditions, separator: str, names: dict[str, str]) -> list[str]:
    return [
        f"{name}={_q(value)}"
        if operator == "eq"
        else f"{name}{separator}{names.get(operator, operator)}={_q(_texts(value))}"
        for name, operator, value in conditions
    ]


def _bracketed(conditions: Conditions, root: str, names: dict[str, str]) -> list[str]:
    """Return `root[field][op]=value`; without a root, `field[op]=value`."""
    pairs: list[str] = []
    for name, operator, value in conditions:
        key = f"{root}[{name}]" if root else name
        if operator != "eq":
            key += f"[{names.get(operator, operator)}]"
        if isinstance(value, list):
            pairs += [f"{key}[]={_q(item)}" for item in value]
        else:
            pairs.append(f"{key}={_q(value)}")
    return pairs


def _literal(value: Json) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def _odata_test(name: str, operator: str, value: Json) -> str:
    if operator == "has":
        return f"contains(tolower({name}),{_literal(value)})"
    if operator == "in":
        return f"{name} in ({','.join(map(_literal, value))})"
    return f"{name} {_named(operator, gte='ge', lte='le')} {_literal(value)}"


_SIGNS = {"eq": "=", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "has": "~"}


def _pocketbase_test(name: str, operator: str, value: Json) -> str:
    if operator == "in":
        return f"{name} in ({','.join(map(_literal, value))})"
    return f"{name} {_SIGNS[operator]} {_literal(value)}"


_FIQL = {"eq": "==", "ne": "!=", "gt": "=gt=", "gte": "=ge=", "lt": "=lt=", "lte": "=le="}


def _rsql_test(name: str, operator: str, value: Json) -> str:
    if operator == "in":
        return f"{name}=in=({','.join(map(_literal, value))})"
    return f"{name}{'=like=' if operator == 'has' else _FIQL[operator]}{_literal(value)}"


def _expression(
    conditions: Conditions, test: Callable[[str, str, Json], str], word: str
) -> list[str]:
    return [_q(word.join(test(*part) for part in conditions))] if conditions else []


def _postgrest_value(operator: str, value: Json) -> str:
    if operator == "in":
        return f"in.({','.join(map(str, value))})"
    if operator == "has":
        return f"ilike.*{value}*"
    return f"{_named(operator, ne='neq')}.{value}"


def _keyed(word: str, texts: list[str]) -> list[str]:
    return [f"{word}={text}" for text in texts]


_DOLLAR = {name: f"${name}" for name in ("eq", "ne", "gt", "gte", "lt", "lte", "in")}
Writer = Callable[[Conditions, tuple[int, int] | None, list[tuple[str, bool]]], list[str]]
WRITERS: dict[str, Writer] = {
    "json-server": lambda c, p, s: [
        *_suffixed(c, "_", {"has": "like"}),
        *_pages(p, "_page", "_limit"),
        *([f"_sort={','.join(k for k, _ in s)}"] if s else []),
        *([f"_order={','.join('desc' if d else 'asc' for _, d in s)}"] if s else []),
    ],
    "json-server 1": lambda c, p, s: [
        *_suffixed(c, ":", {"has": "contains"}),
        *_pages(p, "_page", "_per_page"),
        *_sort(s, "_sort", _minus),
    ],
    "Django": lambda c, p, s: [
        *_suffixed(c, "__", {"has": "icontains"}),
        *_pages(p, "page", "page_size"),
        *_sort(s, "ordering", _minus),
    ],
    "simple-rest": lambda c, p, s: [
        f"filter={_q(json.dumps(_json_of(c, {'has': 'like'})))}",
        *([] if p is None else [f"range=[{(p[0] - 1) * p[1]},{p[0] * p[1] - 1}]"]),
        *_sort(s, "sort", _minus),
    ],
    "PostgREST": lambda c, p, s: [
        *[f"{name}={_q(_postgrest_value(op, value))}" for name, op, value in c],
        *_offsets(p, "limit", "offset"),
        *_sort(s, "order", _dot),
    ],
    "OData": lambda c, p, s: [
        *_keyed("$filter", _expression(c, _odata_test, " and ")),
        *_offsets(p, "$top", "$skip"),
        *_sort(s, "$orderby", _space),
    ],
    "JSON:API": lambda c, p, s: [
        *_bracketed(c, "filter", {"has": "icontains"}),
        *_pages(p, "page[number]", "page[size]"),
        *_sort(s, "sort", _minus),
    ],
    "RSQL": lambda c, p, s: [
        *_keyed("filter", _expression(c, _rsql_test, ";")),
        *_offsets(p, "limit", "skip"),
        *_sort(s, "sort", _colon),
    ],
    "Strapi": lambda c, p, s: [
        *_bracketed(c, "filters", {**_DOLLAR, "has": "$containsi"}),
        *_pages(p, "pagination[page]", "pagination[pageSize]"),
        *_sort(s, "sort", _colon),
    ],
    "LoopBack JSON": lambda c, p, s: [
        "filter="
        + _q(
            json.dumps(
                {"where": _json_of(c, {"ne": "neq", "in": "inq", "has": "ilike"})}
                | ({} if p is None else {"limit": p[1], "skip": (p[0] - 1) * p[1]})
                | ({"order": [f"{k} {'DESC' if d else 'ASC'}" for k, d in s]} if s else {})
            )
        )
    ],
    "LoopBack brackets": lambda c, p, s: [
        *_bracketed(c, "filter[where]", {"ne": "neq", "in": "inq", "has": "ilike"}),
        *_offsets(p, "filter[limit]", "filter[skip]"),
        *[f"filter[order][{i}]={_space(*key)}" for i, key in enumerate(s)],
    ],
    "Feathers": lambda c, p, s: [
        *_bracketed(c, "", {**_DOLLAR, "has": "$iLike"}),
        *_offsets(p, "$limit", "$skip"),
        *[f"$sort[{name}]={-1 if is_down else 1}" for name, is_down in s],
    ],
    "MongoDB": lambda c, p, s: [
        f"filter={_q(json.dumps(_json_of(c, {**_DOLLAR, 'has': '$like'})))}",
        *_pages(p, "page", "pagesize"),
        *([f"sort={_q(json.dumps({k: -1 if d else 1 for k, d in s}))}"] if s else []),
    ],
    "@nestjsx/crud": lambda c, p, s: [
        *[
            f"filter={_q('||'.join((name, '$' + _named(op, has='contL'), _texts(value))))}"
            for name, op, value in c
        ],
        *_pages(p, "page", "limit"),
        *[f"sort={name},{'DESC' if is_down else 'ASC'}" for name, is_down in s],
    ],
    "ransack": lambda c, p, s: [
        *[
            f"q[{name}_{_named(op, ne='not_eq', gte='gteq', lte='lteq', has='i_cont')}]"
            f"{'[]' if isinstance(value, list) else ''}={_q(item)}"
            for name, op, value in c
            for item in (value if isinstance(value, list) else [value])
        ],
        *_pages(p, "page", "per"),
        *([f"q[s]={','.join(_space(*key) for key in s)}"] if s else []),
    ],
    "PocketBase": lambda c, p, s: [
        *_keyed("filter", [f"({text})" for text in _expression(c, _pocketbase_test, " && ")]),
        *_pages(p, "page", "perPage"),
        *_sort(s, "sort", _minus),
    ],
    "Directus": lambda c, p, s: [
        *_bracketed(c, "filter", {k: f"_{k}" for k in _DOLLAR} | {"has": "_icontains"}),
        *_pages(p, "page", "limit"),
        *_sort(s, "sort", _minus),
    ],
    "AIP": lambda c, p, s: [
        *_keyed("filter", _expression(c, _pocketbase_test, " AND ")),
        *_offsets(p, "pageSize", "skip"),
        *_sort(s, "orderBy", _space),
    ],
    "DevExtreme": lambda c, p, s: [
        *(
            ["filter=" + _q(json.dumps(list(_joined([_devextreme(part) for part in c]))))]
            if c
            else []
        ),
        *_offsets(p, "take", "skip"),
        *([f"sort={_q(json.dumps([{'selector': k, 'desc': d} for k, d in s]))}"] if s else []),
    ],
    "hand-written": lambda c, p, s: [
        *_bracketed(c, "", {"has": "like"}),
        *_pages(p, "page", "per_page"),
        *([f"sort_by={s[0][0]}", f"order={'desc' if s[0][1] else 'asc'}"] if len(s) == 1 else []),
        *(_sort(s, "sort", _minus) if len(s) != 1 else []),
    ],
}


def _devextreme(part: tuple[str, str, Json]) -> Json:
    name, operator, value = part
    return [name, "like" if operator == "has" else _SIGNS.get(operator, operator), value]


def _joined(tests: list[Json]) -> Iterator[Json]:
    for index, test in enumerate(tests):
        if index:
            yield "and"
        yield test


def _meaning(target: str) -> Asked:
    """Return the question without the page's number, which not every dialect has."""
    return replace(asked(target), page=None, page_base=1)


@settings(max_examples=100, deadline=None)
@given(_CONDITIONS, _PAGES, _SORTS)
def test_every_spelling_of_one_meaning_is_read_alike(
    conditions: Conditions, page: tuple[int, int] | None, sort: list[tuple[str, bool]]
) -> None:
    """One meaning, one shape: plans are shared between dialects, and answers are the same."""
    readings = {
        name: _meaning("/posts?" + "&".join(write(conditions, page, sort)))
        for name, write in WRITERS.items()
    }
    expected = readings["hand-written"]
    assert {name: reading for name, reading in readings.items() if reading != expected} == {}


@settings(max_examples=50, deadline=None)
@given(_CONDITIONS)
def test_url_encoding_changes_no_meaning(conditions: Conditions) -> None:
    """Some clients encode brackets and dollars, others do not."""
    for write in WRITERS.values():
        pairs = write(conditions, None, [])
        encoded = [f"{quote(key, safe='')}={value}" for key, _, value in _partitioned(pairs)]
        assert asked("/posts?" + "&".join(encoded)) == asked("/posts?" + "&".join(pairs))


def _partitioned(pairs: list[str]) -> list[tuple[str, str, str]]:
    return [pair.partition("=") for pair in pairs]


# -- no input does harm

_PIECES = (
    "status views id title tags meta lang userId createdAt comments user filter filters where sort"
    " order page limit q or and not $filter $or select include fields gt gte in like eq ne null"
    " true draft 50 2025-01-20 asc desc any all contains between range after cursor exclude embed"
).split()
_SYMBOLS = [*"[](){}.,:;|!=<>~*'\"\\/&$_-+%@ #?^", "[]", "[0]", "||", "..", "in.(", "not.", "$eq"]
_TEXT = st.lists(st.sampled_from([*_PIECES, *_SYMBOLS]), max_size=9).map("".join)
_ANY_TEXT = st.one_of(_TEXT, st.text(max_size=30))
_ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 99), _ANY_TEXT, st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_ANY_TEXT, inner, max_size=3)
    ),
    max_leaves=8,
).map(json.dumps)
_VALUES = st.lists(st.one_of(_ANY_TEXT, _ANY_JSON), min_size=1, max_size=3).map(tuple)
_QUERIES = st.dictionaries(_ANY_TEXT, _VALUES, max_size=4)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_QUERIES, st.sampled_from(sorted(DATA)), st.booleans())
@example({"filter": ("(" * 3000,)}, "posts", False)
@example({"filter": ("!" * 3000,)}, "posts", False)
@example({"filter": ("not " * 900,)}, "posts", False)
@example({"filter": ("{" * 900,)}, "posts", False)
@example({"filter": ('{"a":' * 900,)}, "posts", False)
@example({"sort": ("[" * 900 + "]" * 900,)}, "posts", False)
@example({"select": ("a(" * 900,)}, "posts", False)
@example({"include": ("a." * 900,)}, "posts", False)
@example({"or": ("(or" * 900 + ")" * 900,)}, "posts", False)
@example({"a" + "[b]" * 900: ("1",)}, "posts", False)
@example({"views": ("$not:" * 900 + "5",)}, "posts", False)
@example({"views": (">1," * 900,)}, "posts", False)
def test_no_query_raises_anything_but_the_two_errors(
    query: dict[str, tuple[str, ...]], resource: str, is_change: bool
) -> None:
    """Any other error would be a 500 for text that anyone can send."""
    options = ReadingOptions(resource, is_change)
    try:
        reading = read_query(query, FIELDS[resource], options)
    except (QueryNotUnderstoodError, BadPagingError):
        return
    assert json.dumps([str(name) for name in reading.unknown])


# -- no reading widens a change


_CHANGE_KEYS = st.one_of(
    st.sampled_from(
        "status views title id tags userId status_ne views_gt views[gte] views_exists tags_isnull"
        " title_like q where filter filters[status] $or[0][id] nope nope_ne v _ t user.name or not"
        " views!  exclude ids status_in createdAt from filter[where][views][lt]"
        " title_notcontains".split()
    ),
    _ANY_TEXT,
)
_CHANGE_VALUES = st.one_of(
    st.sampled_from(
        [
            "draft",
            "50",
            "!draft",
            ">50",
            "50..60",
            "1,2",
            "*",
            "P*",
            "",
            "gt.50",
            "not.eq.draft",
            "$not:draft",
            "not:draft",
            '{"status":"draft"}',
            '{"not":{"nope":{"ne":1}}}',
            "true",
            '{"$or":[{},{"id":1}]}',
            '{"id":{"$nin":[]}}',
            "status ne draft",
            "status:draft",
            "(status.eq.draft,id.eq.1)",
            '{"nope":null}',
            "2025-01-20",
            "a,b",
            '"draft"',
            "null",
        ]
    ),
    _TEXT,
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(_CHANGE_KEYS, st.tuples(_CHANGE_VALUES), min_size=1, max_size=3),
    st.sampled_from(sorted(DATA)),
)
@example({"status": ("",), "userId": ("1",)}, "posts")
@example({"title": ("*",)}, "posts")
@example({"v": ("2",), "status": ("draft",)}, "posts")
@example({"where": ('{"not":{"nope":{"ne":1}}}',)}, "posts")
@example({"nope_ne": ("1",)}, "posts")
@example({"nope_exists": ("false",)}, "posts")
def test_a_change_takes_in_no_record_that_a_read_does_not_show(
    query: dict[str, tuple[str, ...]], resource: str
) -> None:
    """People look with GET at the records that DELETE will take."""
    try:
        change = read_query(query, FIELDS[resource], ReadingOptions(resource, is_change=True))
        shown = read_query(query, FIELDS[resource], ReadingOptions(resource))
    except (QueryNotUnderstoodError, BadPagingError):
        return
    for record in DATA[resource]:
        if matches(change.asked.where, record, resource):
            assert matches(shown.asked.where, record, resource)


@settings(max_examples=100, deadline=None)
@given(_CONDITIONS, st.sampled_from(sorted(WRITERS)))
def test_a_change_understands_what_a_read_does(conditions: Conditions, dialect: str) -> None:
    """Operators that are written out are read in a change too, in every dialect."""
    target = "/posts?" + "&".join(WRITERS[dialect](conditions, None, []))
    assert asked(target, is_change=True).where == asked(target).where


_PLAIN_KEYS = st.sampled_from(["status", "views", "title", "tags", "id", "createdAt", "userId"])
_PLAIN_VALUES = st.one_of(
    _TEXT,
    st.sampled_from(["draft", "draf", ">0", "!x", "a,b", "1..30", "*", "true", "", "gt:1", "1-30"]),
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(_PLAIN_KEYS, _PLAIN_VALUES, min_size=1, max_size=2))
def test_a_plain_key_and_value_of_a_change_mean_equality(query: dict[str, str]) -> None:
    """`DELETE ?views=>0` could be a slip; only PostgREST's operators, stars and numbers are read.

    Those cannot be a value by mistake: `gt.50`, `Dan*`, and `1,2` of a field of numbers.
    """
    assume(not any("*" in text or "." in text or "," in text for text in query.values()))
    try:
        reading = read_query(
            {key: (text,) for key, text in query.items()},
            FIELDS["posts"],
            ReadingOptions("posts", is_change=True),
        )
    except QueryNotUnderstoodError:
        return
    for record in DATA["posts"]:
        if matches(reading.asked.where, record):
            assert all(_is_literally(record[key], text) for key, text in query.items())


def _is_literally(stored: Json, text: str) -> bool:
    items = stored if isinstance(stored, list) else [stored]
    return any(str(item) == text or _number(text) == item for item in items)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


# -- linear time

_REPEATED = [
    "a",
    "_",
    ".",
    "[",
    "[]",
    "(",
    ")",
    "((",
    ",",
    ":",
    "|",
    "a:",
    "a,",
    "a.",
    "a_",
    "[a]",
    "a b ",
    " ",
    "'",
    '"',
    "\\",
    "{",
    '{"a":',
    "!",
    "-",
    "1",
    "1-",
    "1.",
    "..",
    "2025-01-20 ",
    "=",
    "=a=",
    "<",
    "~",
    "*",
    "%",
    "^",
    "$",
    "or",
    "not ",
    "and ",
    "a eq 1 and ",
    "a(",
    "a!",
    "x:desc,",
    "A",
    "aA",
    "not.",
    "in.(",
    "gt.",
    "eq(",
    "[1",
    "a->",
    "&&",
    "||",
    "::",
    "_or_",
    "__",
    "\n",
    "é",
]
_SIZE = 16 * 1024


def _uses() -> list[tuple[str, Callable[[str], object]]]:
    """Return each way in which a module uses a regular expression of its own."""
    uses: list[tuple[str, Callable[[str], object]]] = []
    for module in pkgutil.iter_modules(larst.planning.reading.__path__):
        loaded = importlib.import_module(f"larst.planning.reading.{module.name}")
        source = inspect.getsource(loaded)
        for name, value in vars(loaded).items():
            for method in _METHODS if isinstance(value, re.Pattern) else ():
                if f"{name}.{method}" in source:
                    use = getattr(value, method)
                    uses.append((f"{module.name}.{name}.{method}", use))
    return uses


_SLOW_S = 0.5
_METHODS = ("fullmatch", "search", "findall", "finditer", "match", "sub")


@pytest.mark.parametrize(("name", "use"), _uses(), ids=[name for name, _ in _uses()])
def test_no_regular_expression_takes_quadratic_time(
    name: str, use: Callable[[str], object]
) -> None:
    """On 16 KB, a quadratic pattern takes seconds and a linear one a millisecond."""
    slow = {}
    for token, end in itertools.product(_REPEATED, ("", "\0")):
        text = token * (_SIZE // len(token)) + end
        elapsed_s = _time_of(name, use, text)
        if elapsed_s > _SLOW_S:
            slow[token, end] = elapsed_s
    assert slow == {}


def _time_of(name: str, use: Callable[..., Any], text: str) -> float:
    start = time.process_time()
    if name.endswith(".sub"):
        use("", text)
    elif name.endswith(".finditer"):
        list(use(text))
    else:
        use(text)
    return time.process_time() - start


_PLACES: list[Callable[[str], dict[str, tuple[str, ...]]]] = [
    lambda text: {text: ("1",)},
    lambda text: {text: ("",)},
    lambda text: {"title": (text,)},
    lambda text: {"views": (text,)},
    lambda text: {"filter": (text,)},
    lambda text: {"q": (text,)},
    lambda text: {"sort": (text,)},
    lambda text: {"select": (text,)},
    lambda text: {"fields": (text,)},
    lambda text: {"include": (text,)},
    lambda text: {"or": (f"({text})",)},
    lambda text: {"title_like": (text,)},
    lambda text: {"id_in": (text,)},
    lambda text: {"page": (text,)},
    lambda text: {f"filter[{text}]": ("1",)},
]


@pytest.mark.parametrize("place", range(len(_PLACES)))
def test_reading_takes_linear_steps(place: int) -> None:
    """Twice the text takes at most about twice the steps, wherever it stands."""
    quadratic = {}
    for token in _REPEATED:
        small, large = (_steps(_PLACES[place](token * (n // len(token)))) for n in (1000, 2000))
        if large > 2.5 * small + 500:
            quadratic[token] = small, large
    assert quadratic == {}


def _steps(query: dict[str, tuple[str, ...]]) -> int:
    """Return the number of lines that a reading executes."""
    steps = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return count

    before = sys.gettrace()
    gc.disable()
    sys.settrace(count)
    try:
        read_query(query, FIELDS["posts"], ReadingOptions("posts"))
    except (QueryNotUnderstoodError, BadPagingError):
        pass
    finally:
        sys.settrace(before)
        gc.enable()
    return steps


_MANY = [
    {f"k{i}": ("1",) for i in range(1900)},
    {f"views{i}_gte": ("1",) for i in range(1000)},
    {f"status[{i}]": ("!a",) for i in range(1500)},
    {f"$or[{i}][id]": ("1",) for i in range(1500)},
    {"status": tuple(f"!{i}" for i in range(40))},
    {"id": tuple(map(str, range(900)))},
    {"filter": (json.dumps({f"k{i}": {"gt": i} for i in range(900)}),)},
    {"filter": ("&&".join(f"k{i}>1" for i in range(700)),)},
    {f"sort[{i}]": ("views",) for i in range(1500)},
    {f"populate[r{i}][fields][0]": ("a",) for i in range(500)},
]


@pytest.mark.parametrize("query", _MANY, ids=lambda query: next(iter(query)))
def test_many_keys_take_few_steps(query: dict[str, tuple[str, ...]]) -> None:
    """No number of keys that fits into 16 KB holds the event loop: a step is about 0.1 us."""
    assert _steps(query) < 400_000


def test_a_query_without_words_is_every_record() -> None:
    """A request without a query pays nothing, and asks for everything."""
    assert read_query({}, FIELDS["posts"], ReadingOptions()).asked == Asked()
    assert query_of("/posts") == {}
