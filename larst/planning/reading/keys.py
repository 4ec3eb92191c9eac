"""The key of a filter: which field it names, and with which operator. Pure.

`views_gte` · `views__gte` · `views:gte` · `views.gte` · `viewsGte` · `minViews` · `min_views` ·
`status!=x` · `views>50` · `getByFirstName` · `ids` · a learned field in another spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from larst.planning.reading.fields import Fields
from larst.planning.reading.operators import operator_for
from larst.planning.reading.spellings import (
    BY_FIELD,
    OPERATORS,
    PREFIX_OPERATORS,
    SUFFIX_OPERATORS,
    SYMBOLS,
)
from larst.planning.reading.vocabulary import compared

MAX_CHARACTERS = 200
"""A longer key is taken as the name of a field."""


@dataclass(frozen=True, slots=True)
class FilterKey:
    """A field and an operator. `value` is set where the key holds it: `?views>50`.

    A key whose field no record ever had is not `is_known`. `is_list`: the values are a list, as
    those of `ids`. `is_by_field`: a key such as `findByStatus`.
    """

    field: str
    operator: str = ""
    value: str | None = None
    is_known: bool = True
    is_list: bool = False
    is_by_field: bool = False


_INLINE = re.compile(r"(?P<field>[\w.\-]+)\s*(?P<symbol>>=|<=|!=|<>|!~|==|>|<|~)\s*(?P<value>.+)")
_TRAILING = re.compile(r"(?P<field>[\w.\-]+)\s*(?P<symbol>>|<|!~|!|~)")
_SEPARATOR = re.compile(r"_{1,2}|[:.@\-]|(?<=[a-z0-9])(?=[A-Z])")
_IGNORING_CASE = {"contains": "icontains", "startswith": "istartswith", "endswith": "iendswith"}


def read_key(key: str, fields: Fields, *, has_value: bool) -> FilterKey:
    """Return the field and operator of a key; `has_value` is whether it came with a value."""
    if fields.has(key) or len(key) > MAX_CHARACTERS:
        return FilterKey(key, is_known=fields.has(key))
    if (symbolic := _symbolic(key, fields, has_value=has_value)) is not None:
        return symbolic
    if (name := fields.resolve(key)) is not None:
        return FilterKey(name)
    for reader in (_suffixed, _by_field, _prefixed, _plural):
        if (filter_key := reader(key, fields)) is not None:
            return filter_key
    return _path(key, fields)


def read_compound(key: str, fields: Fields) -> tuple[str, list[FilterKey]] | None:
    """Return the joining word and the parts of ransack's `title_or_body_cont`; None for others."""
    for word in ("or", "and"):
        *names, last = key.split(f"_{word}_") if len(key) <= MAX_CHARACTERS else [key]
        filter_key = read_key(last, fields, has_value=True) if names else None
        if filter_key is None or not filter_key.is_known:
            continue
        paths = [_path(name, fields) for name in names]
        if all(path.is_known for path in paths):
            operator = filter_key.operator
            return word, [*(FilterKey(path.field, operator) for path in paths), filter_key]
    return None


def _path(key: str, fields: Fields) -> FilterKey:
    """Return a key that has no operator; `meta__lang` reaches into an object as `meta.lang`."""
    path = key.replace("__", ".")
    for spelling in (key, path, path.replace("->>", ".").replace("->", ".")):
        name = fields.resolve(spelling) or spelling
        if fields.knows(name):
            return FilterKey(name)
    if fields.related(key) is not None:
        return FilterKey(f"{key}.id")  # author=2, where records hold no field author
    joined = _joined_relation(key, fields)
    return FilterKey(joined or key, is_known=joined is not None)


def _joined_relation(key: str, fields: Fields) -> str | None:
    """Read `user_name` as the name of the user, as ransack joins them, or of an object `user`."""
    head, separator, tail = key.partition("_")
    if separator and fields.has(f"{head}.{tail}"):
        return f"{head}.{tail}"
    further = fields.related(head) if separator and head not in fields.names else None
    name = None if further is None else further.resolve(tail)
    return None if name is None else f"{head}.{name}"


def _symbolic(key: str, fields: Fields, *, has_value: bool) -> FilterKey | None:
    pattern = _TRAILING if has_value else _INLINE
    if (match := pattern.fullmatch(key)) is None:
        return None
    symbol = match["symbol"]
    if has_value and symbol in "<>":
        symbol += "="  # `views>=50` arrives as the key `views>` and the value 50
    value = None if has_value else match["value"]
    return _with_operator(match["field"], SYMBOLS[symbol], fields, value)


def _suffixed(key: str, fields: Fields) -> FilterKey | None:
    """Read `views_gte`, `views__not_in`, `views:gte` and `viewsGte`."""
    first: FilterKey | None = None
    for match in _SEPARATOR.finditer(key):
        field, spelling = key[: match.start()], compared(key[match.end() :])
        if not field or spelling not in OPERATORS:
            continue
        candidate = _with_suffix(field, spelling, match[0], fields)
        if candidate is not None and candidate.is_known:
            return candidate
        first = first or candidate
    return first


def _with_suffix(field: str, spelling: str, separator: str, fields: Fields) -> FilterKey | None:
    is_marked = separator in ("__", ":", ".", "@")
    is_free = is_marked or (separator[:1] == "_" and spelling in SUFFIX_OPERATORS)
    if not is_free and fields.resolve(field) is None:
        return None
    name = _path(field, fields).field
    operator = operator_for(spelling, name, fields) or ""
    if separator == ":":
        operator = _IGNORING_CASE.get(operator, operator)
    return _with_operator(field, operator, fields)


def _prefixed(key: str, fields: Fields) -> FilterKey | None:
    """Read `minViews`, `min_views`, `not_status`."""
    for match in _SEPARATOR.finditer(key):
        operator = PREFIX_OPERATORS.get(compared(key[: match.start()]))
        name = fields.resolve(key[match.end() :])
        if operator is not None and name is not None:
            return FilterKey(name, operator)
        relation = key[match.end() : match.end() + 1].lower() + key[match.end() + 1 :]
        if operator == "exists" and fields.related(relation) is not None:
            return FilterKey(relation, operator)  # hasComments=true
    return None


def _by_field(key: str, fields: Fields) -> FilterKey | None:
    match = BY_FIELD.fullmatch(key)
    if match is None:
        return None
    name = match["field"]
    camel = name[:1].lower() + name[1:]
    field = fields.resolve(name) or fields.resolve(camel)
    return FilterKey(field or camel, is_known=field is not None, is_by_field=True)


def _plural(key: str, fields: Fields) -> FilterKey | None:
    """Read `ids=1,2`, and the plural of a learned field."""
    if compared(key) in ("ids", "idlist", "idin", "pks", "primarykeys"):
        return FilterKey("id", "in", is_list=True)
    if (name := fields.resolve(f"{key}s")) is not None and "array" in fields.kinds(name):
        return FilterKey(name)  # tag=a, of the list tags
    if len(key) < 4 or not key.endswith("s"):
        return None
    endings = ((3, "y"), (2, ""), (1, "")) if key.endswith("es") else ((1, ""),)
    for length, ending in endings:
        if (name := fields.resolve(key[:-length] + ending)) is not None:
            return FilterKey(name, "in", is_list=True)
    return None


def _with_operator(
    field: str, operator: str, fields: Fields, value: str | None = None
) -> FilterKey:
    path = _path(field, fields)
    if not path.is_known and (plural := _plural(field, fields)) is not None:
        path = plural
    return FilterKey(path.field, operator, value, path.is_known)
