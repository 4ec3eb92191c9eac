"""Migrations and seed data as SQL. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from larst.domain import Json, Record
from larst.eject.description import Api, Field, Kind, Resource
from larst.openapi.names import words

_TYPES: Mapping[Kind, str] = {
    "integer": "INTEGER",
    "number": "ANY",
    "boolean": "INTEGER",
    "text": "TEXT",
    "any": "ANY",
    "json": "TEXT",
}
_ROWS_A_STATEMENT = 100


def migrations(api: Api) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each migration, in order."""
    yield "0001_next_ids.sql", _NEXT_IDS
    for number, resource in enumerate(api.resources, 2):
        yield f"{number:04}_{resource.module}.sql", _migration(resource)


_NEXT_IDS = """\
-- The next id of each resource: the id of a deleted record is not given out again.
CREATE TABLE next_ids (
    name TEXT PRIMARY KEY,
    next_id INTEGER NOT NULL
) STRICT;
"""


def _migration(resource: Resource) -> str:
    columns = ",\n".join(f"    {_column(field)}" for field in resource.fields)
    return (
        f"CREATE TABLE {quoted(resource.name)} (\n{columns}\n) STRICT;\n\n"
        f"{''.join(_indexes(resource))}"
        f"INSERT INTO next_ids VALUES ({text_literal(resource.name)}, 1);\n"
    )


def _column(field: Field) -> str:
    column = f"{quoted(field.name)} {_TYPES[field.kind]}"
    if field.name == "id":
        not_null = "" if field.kind == "integer" else " NOT NULL"
        return f"{column} PRIMARY KEY{not_null}"
    checks = {
        "boolean": f" CHECK ({quoted(field.name)} IN (0, 1))",
        # In SQLite before 3.41, json_valid(NULL) is 0.
        "json": f" CHECK ({quoted(field.name)} IS NULL OR json_valid({quoted(field.name)}))",
    }
    not_null = " NOT NULL" if field.is_required and not field.is_nullable else ""
    if not_null:
        checks["json"] = f" CHECK (json_valid({quoted(field.name)}))"
    return column + not_null + checks.get(field.kind, "")


def _indexes(resource: Resource) -> Iterator[str]:
    links = sorted({name for below in resource.below for name in below.links})
    for name in links:
        index = quoted(f"{resource.name}_{name}")
        yield f"CREATE INDEX {index} ON {quoted(resource.name)} ({quoted(name)});\n\n"


def seed(api: Api, *, limit: int | None = None) -> str:
    """Return the statements that fill an empty database; `limit` is a number of records each."""
    return "\n".join(filter(None, (_seed(resource, limit) for resource in api.resources))) or (
        "-- The session had no records.\n"
    )


def _seed(resource: Resource, limit: int | None) -> str:
    records = resource.records[:limit]
    statements = "".join(
        _insert(resource, records[start : start + _ROWS_A_STATEMENT])
        for start in range(0, len(records), _ROWS_A_STATEMENT)
    )
    next_id = f"next_id = {resource.next_id} WHERE name = {text_literal(resource.name)}"
    return f"-- {words(resource.module)}\n{statements}UPDATE next_ids SET {next_id};\n"


def _insert(resource: Resource, records: Sequence[Record]) -> str:
    names = ", ".join(quoted(field.name) for field in resource.fields)
    rows = ",\n".join(
        "    (" + ", ".join(_value(field, record) for field in resource.fields) + ")"
        for record in records
    )
    return f"INSERT INTO {quoted(resource.name)} ({names}) VALUES\n{rows};\n"


def _value(field: Field, record: Record) -> str:
    if field.name not in record:
        return "NULL"
    value = record[field.name]
    if field.kind == "json":
        return text_literal(json.dumps(value, ensure_ascii=False))
    if value is None:
        return "NULL"
    if field.kind == "integer" and isinstance(value, float):
        value = int(value)
    return literal(value)


def literal(value: Json) -> str:
    """Return a scalar as SQL writes it."""
    if isinstance(value, bool):
        return str(int(value))
    return text_literal(value) if isinstance(value, str) else repr(value)


def text_literal(text: str) -> str:
    """Return a text as SQL writes it; SQLite's own scripts cannot hold NUL.

    >>> text_literal("it's")
    "'it''s'"
    """
    if "\0" in text:
        return f"CAST(X'{text.encode().hex()}' AS TEXT)"
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return the name of a table or a column, quoted only where SQL needs it."""
    if name.isidentifier() and name.isascii() and name.upper() not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


_KEYWORDS = frozenset(
    "ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN"
    " BETWEEN BY CASCADE CASE CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS"
    " CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED"
    " DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS"
    " EXPLAIN FAIL FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB GROUP GROUPS HAVING"
    " IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL"
    " JOIN KEY LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF"
    " OFFSET ON OR ORDER OTHERS OUTER OVER PARTITION PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE"
    " RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT RETURNING RIGHT"
    " ROLLBACK ROW ROWS SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO TRANSACTION TRIGGER"
    " UNBOUNDED UNION UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH"
    " WITHOUT".split()
)
