"""Spring Data's finders: `search/findByTitleContaining?title=a` is a filter on the title. Pure.

https://docs.spring.io/spring-data/jpa/reference/repositories/query-keywords-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.fields import Fields
from larst.planning.reading.vocabulary import PAGING, WORDS, Meaning, compared

Query = Mapping[str, tuple[str, ...]]

FINDER = re.compile(r"(?:get|find|read|search|query)(?:All)?By_?(?P<criteria>[A-Z]\w{0,200})")

_OPERATORS: Mapping[str, str] = {
    spelling: operator
    for operator, spellings in {
        "gte": "GreaterThanEqual",
        "gt": "GreaterThan IsGreaterThan After IsAfter",
        "lte": "LessThanEqual",
        "lt": "LessThan IsLessThan Before IsBefore",
        "contains": "Containing Contains IsContaining",
        "startswith": "StartingWith StartsWith IsStartingWith",
        "endswith": "EndingWith EndsWith IsEndingWith",
        "like": "Like IsLike",
        "nin": "NotIn IsNotIn",
        "in": "In IsIn",
        "ne": "Not IsNot",
        "isnull": "IsNull Null",
        "notnull": "IsNotNull NotNull",
        "true": "IsTrue True",
        "false": "IsFalse False",
        "": "Is Equals",
    }.items()
    for spelling in spellings.split()
}
_IGNORING_CASE: Mapping[str, str] = {
    "": "iexact",
    "contains": "icontains",
    "startswith": "istartswith",
    "endswith": "iendswith",
    "like": "ilike",
}
_WITHOUT_VALUE: Mapping[str, tuple[str, str]] = {
    "isnull": ("isnull", "true"),
    "notnull": ("isnull", "false"),
    "true": ("", "true"),
    "false": ("", "false"),
}
_ENDING = re.compile(f"(?P<field>.+?)(?P<word>{'|'.join(sorted(_OPERATORS, key=len)[::-1])})")
_UNSUPPORTED = re.compile(r".+?(?:Between|Or[A-Z].*|Exists|Regex|MatchesRegex|Near|Within)")
_NOT_CRITERIA = PAGING | {Meaning.SORT, Meaning.DIRECTION, Meaning.SELECT, Meaning.EMBED}


def with_finder(name: str, query: Query, fields: Fields) -> Query:
    """Return the query with the operators that the finder's name gives its parameters.

    A parameter is found by the name of its field; the only one may have any name.

    Raises:
        QueryNotUnderstoodError: the name has a keyword that is not supported.
    """
    match = FINDER.fullmatch(name)
    if match is None:
        return query
    criteria, _, order = match["criteria"].partition("OrderBy")
    conditions = list(_conditions(criteria, fields, name))
    finder_query = dict(query)
    if len(conditions) == 1:
        finder_query = _renamed(finder_query, conditions[0][0], fields)
    for field, operator in conditions:
        if operator in _WITHOUT_VALUE:
            suffix, value = _WITHOUT_VALUE[operator]
            finder_query[f"{field}__{suffix}" if suffix else field] = (value,)
        elif operator and (values := finder_query.pop(field, None)) is not None:
            finder_query[f"{field}__{operator}"] = values
    if order and not any(WORDS.get(compared(key)) is Meaning.SORT for key in query):
        finder_query["sort"] = (_sort(order, fields),)
    return finder_query


def _conditions(criteria: str, fields: Fields, name: str) -> Iterator[tuple[str, str]]:
    """Yield each field of the name, and its operator."""
    ignores_all = criteria.endswith("AllIgnoreCase")
    for part in re.split(r"And(?=[A-Z])", criteria.removesuffix("AllIgnoreCase")):
        text = re.sub(r"Ignor(?:e|ing)Case\Z", "", part)
        ending = _ENDING.fullmatch(text)
        if _field(text, fields) is None and _UNSUPPORTED.fullmatch(text) is not None:
            raise QueryNotUnderstoodError(
                f"{name[:80]} is not supported; write the filter, as in ?views_gte=50&views_lte=60"
            )
        is_field = ending is None or _field(text, fields) is not None
        operator = "" if is_field or ending is None else _OPERATORS[ending["word"]]
        stem = text if is_field or ending is None else ending["field"]
        if ignores_all or text != part:
            operator = _IGNORING_CASE.get(operator, operator)
        yield _field(stem, fields) or stem[:1].lower() + stem[1:], operator


def _field(name: str, fields: Fields) -> str | None:
    camel = name[:1].lower() + name[1:]
    return next((field for field in (name, camel) if fields.has(field)), fields.resolve(camel))


def _renamed(
    query: dict[str, tuple[str, ...]], field: str, fields: Fields
) -> dict[str, tuple[str, ...]]:
    """Return the query with its only parameter under the name of the field."""
    names = [key for key in query if WORDS.get(compared(key)) not in _NOT_CRITERIA]
    if len(names) != 1 or "[" in names[0]:
        return query
    (name,) = names
    if name != field and (fields.resolve(name) in (None, field)):
        return {(field if key == name else key): values for key, values in query.items()}
    return query


def _sort(order: str, fields: Fields) -> str:
    """Return the sort of `ViewsDescTitleAsc`."""
    keys: list[str] = []
    for match in re.finditer(r"(?P<field>[A-Z].*?)(?:(?P<direction>Desc|Asc)(?![a-z])|\Z)", order):
        name = _field(match["field"], fields) or match["field"][:1].lower() + match["field"][1:]
        keys.append(f"-{name}" if match["direction"] == "Desc" else name)
    return ",".join(keys)
