"""Meanings, and how each dialect writes them. Data for properties."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

from hypothesis import strategies as st

from larst.domain import Json

Conditions = list[tuple[str, str, Json]]

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
CONDITIONS = st.lists(_CONDITION, max_size=3, unique_by=lambda part: part[0])
PAGES = st.one_of(st.none(), st.tuples(st.integers(1, 5), st.integers(1, 20)))
SORTS = st.lists(
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
