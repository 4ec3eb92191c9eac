"""Clients that spread one question over several keys: Firebase, DataTables, PrimeNG, SCIM. Pure.

Each is rewritten into keys that the reading knows, before anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from larst.errors import QueryNotUnderstoodError, QueryUnsupportedError
from larst.planning.reading.fields import Fields
from larst.planning.reading.texts import parse_json
from larst.planning.reading.vocabulary import WORDS, Meaning, compared

Query = Mapping[str, tuple[str, ...]]

_FIREBASE = frozenset(
    {"limitToFirst", "limitToLast", "startAt", "endAt", "equalTo", "startAfter", "shallow"}
)
_STRONG = ("limitToFirst", "limitToLast", "equalTo", "shallow")
_FIREBASE_BOUNDS = {"startAt": "gte", "endAt": "lte", "equalTo": "eq", "startAfter": "gt"}
_DATATABLES_COLUMN = re.compile(r"columns\[(?P<index>\d{1,4})\]\[(?P<part>\w+)\](?:\[\w+\])?")
_DATATABLES_ORDER = re.compile(r"order\[(?P<index>\d{1,2})\]\[(?P<part>column|dir|name)\]")
_PAIRS = (
    ("filterby", "filtervalue"),
    ("filterfield", "filtervalue"),
    ("filtercolumn", "filtervalue"),
    ("filterkey", "filtervalue"),
    ("searchby", "searchvalue"),
    ("searchfield", "searchvalue"),
    ("searchcolumn", "searchvalue"),
)


def translated(query: Query, fields: Fields) -> Query:
    """Return the query with the keys of such clients rewritten; most are returned as they are.

    Raises:
        QueryNotUnderstoodError: a part of theirs has no meaning here.
    """
    if any(key[:1] == " " for key in query):
        query = _rejoined(query)
    marks = [key for key in query if key in _FIREBASE and not fields.has(key)]
    order = query.get("orderBy", ("",))[-1]
    if marks and (order[:1] == '"' or not {*_STRONG}.isdisjoint(marks)):
        return _firebase(query)
    if "columns[0][data]" in query:
        return _datatables(query)
    words = {compared(key): key for key in query if not fields.has(key)}
    for word in ("pagination", "page", "paging"):
        if word in words and query[words[word]][-1][:1] == "{":
            return _json_paging(query, words[word])
    if {"first", "rows"} <= words.keys() or {"startindex", "count"} <= words.keys():
        query = _with_first(query, words)
    pair = next((pair for pair in _PAIRS if words.keys() >= {*pair}), None)
    return query if pair is None else _pair(query, words[pair[0]], words[pair[1]], fields)


def _rejoined(query: Query) -> Query:
    """Put together a filter that an unencoded `&&` has split: `filter=a=1 && b=2`."""
    joined: dict[str, tuple[str, ...]] = {}
    last = ""
    for key, values in query.items():
        if key[:1] == " " and WORDS.get(compared(last)) is Meaning.WHERE:
            tail = f"{key}={values[-1]}" if values[-1] else key
            joined[last] = (*joined[last][:-1], f"{joined[last][-1]}&&{tail}")
        else:
            joined[key] = values
            last = key
    return joined


def _firebase(query: Query) -> Query:
    """Rewrite `orderBy="views"&startAt=50&limitToFirst=3`.

    https://firebase.google.com/docs/database/rest/retrieve-data
    """
    field = _unquoted(query.get("orderBy", ('"$key"',))[-1]).replace("/", ".")
    name = "id" if field in ("$key", "$priority", "$value") else field
    translated: dict[str, tuple[str, ...]] = {}
    for key, values in query.items():
        if key in _FIREBASE_BOUNDS:
            text = _unquoted(values[-1])
            translated[f"{name}__{_FIREBASE_BOUNDS[key]}"] = (text.removesuffix("\uf8ff"),)
        elif key in ("limitToFirst", "limitToLast"):
            translated["limit"] = values
        elif key == "orderBy":
            translated["sort"] = (f"-{name}" if "limitToLast" in query else name,)
        elif key == "shallow":
            raise QueryUnsupportedError("shallow is not supported; use fields=id")
        else:
            translated[key] = values
    if "limitToLast" in query:
        translated.setdefault("sort", (f"-{name}",))
    return translated


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(parse_json(text, "a value"))
        except QueryNotUnderstoodError:
            return text[1:-1]
    return text


def _datatables(query: Query) -> Query:
    """Rewrite the keys of DataTables' server-side processing.

    https://datatables.net/manual/server-side
    """
    translated: dict[str, tuple[str, ...]] = {}
    columns: dict[str, dict[str, str]] = {}
    orders: dict[str, dict[str, str]] = {}
    for key, values in query.items():
        if (match := _DATATABLES_COLUMN.fullmatch(key)) is not None:
            part = "value" if key.endswith("[search][value]") else match["part"]
            columns.setdefault(match["index"], {})[part] = values[-1]
        elif (match := _DATATABLES_ORDER.fullmatch(key)) is not None:
            orders.setdefault(match["index"], {})[match["part"]] = values[-1]
        elif key not in ("search[regex]", "draw"):
            translated["q" if key == "search[value]" else key] = values
    keys = [_datatables_key(orders[index], columns) for index in sorted(orders, key=int)]
    searches = {column.get("data", ""): column.get("value", "") for column in columns.values()}
    translated |= {f"{name}__icontains": (text,) for name, text in searches.items() if text}
    return {**translated, "sort": (",".join(keys),)} if keys else translated


def _datatables_key(order: Mapping[str, str], columns: Mapping[str, Mapping[str, str]]) -> str:
    name = order.get("name") or columns.get(order.get("column", ""), {}).get("data", "")
    if not name:
        raise QueryNotUnderstoodError("order names a column that columns does not have")
    return f"-{name}" if order.get("dir") == "desc" else name


def _with_first(query: Query, words: Mapping[str, str]) -> Query:
    """Rewrite PrimeNG's `first=20&rows=10`, and SCIM's `startIndex=21&count=10` from 1.

    https://primeng.org/paginator, RFC 7644 section 3.4.2.4
    """
    key = words["first"] if "rows" in words else words["startindex"]
    text = query[key][-1]
    if "rows" not in words and text.isdecimal():
        text = str(max(int(text[:20]) - 1, 0))
    remaining = {name: values for name, values in query.items() if name != key}
    return remaining | {"offset": (text,)}


def _json_paging(query: Query, key: str) -> Query:
    """Rewrite `pagination={"page":2,"perPage":10}` as `page[page]=2&page[perPage]=10`."""
    value = parse_json(query[key][-1], key)
    remaining = {name: values for name, values in query.items() if name != key}
    return remaining | {f"page[{name}]": (str(part),) for name, part in value.items()}


def _pair(query: Query, name_key: str, value_key: str, fields: Fields) -> Query:
    """Rewrite `filterBy=status&filterValue=draft`; a search matches a part of the text."""
    translated = {key: value for key, value in query.items() if key not in (name_key, value_key)}
    name, texts = query[name_key][-1], query[value_key]
    if any(texts):
        suffix = "__icontains" if compared(name_key).startswith("search") else ""
        translated[f"{fields.resolve(name) or name}{suffix}"] = texts
    return translated
