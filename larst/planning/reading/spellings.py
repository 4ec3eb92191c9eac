"""The spellings of operators, in keys, values, JSON and expressions. Data.

An operator is `""` (equality), an operator of the store, or one that operators.py rewrites.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from larst.planning.reading.vocabulary import compared

_SPELLINGS: Mapping[str, str] = {
    "": "eq equals equal equalto is exact iseq eqany isequal isequalto",
    "iexact": "iexact eqi ieq eqs",
    "ne": (
        "ne neq nei neqs not isnot notis noteq noteqall notequal notequals notequalto doesnotequal"
        " isdistinct isnt"
    ),
    "gt": "gt greaterthan greater isgreaterthan morethan strictlyafter over above",
    "gte": (
        "gte ge gteq greaterthanorequal greaterthanorequalto greaterorequal greaterthanequal"
        " greaterequal isgreaterthanorequal min minimum from since after onorafter atleast"
    ),
    "lt": "lt lessthan less islessthan strictlybefore under below lowerthan",
    "lte": (
        "lte le lteq lessthanorequal lessthanorequalto lessorequal lessthanequal lessequal"
        " islessthanorequal lowerthanorequal max maximum to until till before onorbefore atmost"
    ),
    "in": "in inq any anyof oneof isanyof isin ina containedin within",
    "nin": "nin notin out noneof isnotin isnotanyof nina noin notinq",
    "contains": "contains containss co includes",
    "icontains": (
        "icontains containsi cont icont conts contl contany match search text partial"
        " ipartial iconts substring"
    ),
    "notcontains": (
        "notcontains notcontainsi ncontains ncontainss notcont noticont excl excludes notlike nlike"
        " doesnotmatch nilike notilike doesnotcontain ncont nicontains nco notmatch"
    ),
    "like": "like likelower matches matchesany",
    "ilike": "ilike",
    "startswith": (
        "startswith startswiths starts start sw prefix beginswith begins startwith startany"
    ),
    "istartswith": "startswithi istartswith istarts",
    "endswith": "endswith endswiths ends end ew suffix endwith endany",
    "iendswith": "endswithi iendswith iends",
    "nstartswith": (
        "nstartswith notstartswith doesnotstartwith notstart nstartswiths nistartswith nsw"
    ),
    "nendswith": "nendswith notendswith doesnotendwith notend nendswiths niendswith newith",
    "exists": "exists present isset defined specified",
    "null": "null isnull",
    "notnull": "notnull isnotnull nnull nonnull",
    "blank": "blank empty isempty isblank",
    "notblank": "nempty notempty isnotempty notblank isnotblank",
    "true": "istrue true",
    "false": "isfalse false",
    "between": "between bt btw range inrange isbetween",
    "notbetween": "nbetween notbetween nbt",
    "all": "all cs has hasevery",
    "overlap": "ov overlap overlaps hassome",
    "regex": "regex regexp",
    "iregex": "iregex imatch",
    "size": "size len length month day week weekday hour minute second isoyear quarter",
    "date": "date",
    "date_gt": "dategt",
    "date_gte": "dategte",
    "date_lt": "datelt",
    "date_lte": "datelte",
    "date_between": "daterange",
    "year": "year",
    "year_gt": "yeargt",
    "year_gte": "yeargte",
    "year_lt": "yearlt",
    "year_lte": "yearlte",
}
OPERATORS: Mapping[str, str] = {
    spelling: operator
    for operator, spellings in _SPELLINGS.items()
    for spelling in spellings.split()
}
"""The operators by their compared spelling."""

SYMBOLS: Mapping[str, str] = {
    ">=": "gte",
    "<=": "lte",
    "!=": "ne",
    "<>": "ne",
    "==": "",
    "!~": "notcontains",
    ">": "gt",
    "<": "lt",
    "!": "ne",
    "~": "icontains",
    "=": "",
}
"""Operators that are spelled in symbols."""

BOUNDS: Mapping[str, str] = {"start": "gte", "end": "lte"}
"""Operators that bound a number or a date, and mean a prefix or a suffix of a text."""

SUFFIX_OPERATORS = frozenset(
    "eq ne neq not gt gte ge gteq lt lte le lteq in nin like ilike nlike contains icontains cont"
    " icont ncontains startswith istartswith endswith iendswith starts ends exists isnull null"
    " notnull between range regex iregex iexact exact min max from to after before since until"
    " start end notin notcont notcontains noteq present blank isempty size has hasany date year"
    " dategte dategt datelte datelt yeargte yeargt yearlte yearlt month day matches any all"
    " greaterthan lessthan overlap sw ew daterange true false istrue isfalse cs notblank".split()
)
"""Operators that may follow a field after `_` or `__`; others are too likely parts of names."""

PREFIX_OPERATORS: Mapping[str, str] = {
    "min": "gte",
    "minimum": "gte",
    "max": "lte",
    "maximum": "lte",
    "from": "gte",
    "to": "lte",
    "since": "gte",
    "until": "lte",
    "start": "gte",
    "end": "lte",
    "after": "gte",
    "before": "lte",
    "gt": "gt",
    "gte": "gte",
    "lt": "lt",
    "lte": "lte",
    "not": "ne",
    "exclude": "ne",
    "without": "ne",
    "by": "",
    "is": "",
    "filter": "",
    "filterby": "",
    "where": "",
    "search": "icontains",
    "has": "exists",
    "with": "exists",
    "exists": "exists",
}
"""Operators that may stand before a field: `minViews`, `max_price`, `not_status`."""

BY_FIELD = re.compile(r"(?:get|find|search|filter|query)(?:All)?By_?(?P<field>[A-Z]\w*)")
"""Keys such as `getByFirstName` and paths such as `findByStatus`, which ask for a plain list."""


def operator_of(spelling: str) -> str | None:
    """Return the operator that a spelling names, `""` for equality; None if none does."""
    if spelling in SYMBOLS:
        return SYMBOLS[spelling]
    return OPERATORS.get(compared(spelling))
