"""Compares the records of a session with those that a case expects. Pure.

All records must be as before, except those that the case names. A changed record may have new
fields (`closed_at`) but keeps its others; resources that did not exist before are not looked at,
because a program may keep a log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import orjson

from larst.domain import Json
from larst.evaluation.suite import Case, DataAfter
from larst.evaluation.values import agrees, has_fields

Records = Mapping[str, Sequence[Mapping[str, Json]]]


def records_of_export(export: bytes) -> Records:
    """Return the records of a session by resource, from its export."""
    records: dict[str, list[Mapping[str, Json]]] = {}
    rows: list[Mapping[str, Json]] = []
    for line in export.splitlines():
        entry = orjson.loads(line)
        if "resource" in entry:
            rows = records.setdefault(entry["resource"], [])
        elif "record" in entry:
            rows.append(entry["record"])
    return records


def data_mismatches(case: Case, after: Records) -> list[str]:
    """Return every difference between the records and those expected; empty if they agree."""
    return [
        f"{resource}: {reason}"
        for resource, before in case.records.items()
        for reason in _mismatches(before, after.get(resource, ()), case.after, resource)
    ]


def _mismatches(
    before: Sequence[Mapping[str, Json]],
    after: Sequence[Mapping[str, Json]],
    expected: DataAfter,
    resource: str,
) -> Iterator[str]:
    rows = {str(row["id"]): row for row in after}
    changed, removed = expected.changed.get(resource, {}), expected.removed.get(resource, [])
    for record in before:
        key = str(record["id"])
        row = rows.pop(key, None)
        if record["id"] in removed:
            if row is not None:
                yield f"record {key} is still there"
        elif row is None:
            yield f"record {key} is gone"
        else:
            yield from _record_mismatches(record, row, changed.get(key))
    yield from _added_mismatches(list(rows.values()), expected.added.get(resource, []))


def _record_mismatches(
    before: Mapping[str, Json], after: Mapping[str, Json], changes: Mapping[str, Json] | None
) -> Iterator[str]:
    key = before["id"]
    if changes is None:
        if after != before:
            yield f"record {key} has changed: {after}"
        return
    for name, value in {**before, **changes}.items():
        if not agrees(after.get(name), value):
            yield f"record {key} has {name} {after.get(name)!r}, not {value!r}"


def _added_mismatches(
    rows: Sequence[Mapping[str, Json]], expected: Sequence[Mapping[str, Json]]
) -> Iterator[str]:
    unmatched = list(rows)
    for fields in expected:
        match = next((row for row in unmatched if has_fields(row, fields)), None)
        if match is None:
            yield f"no new record has {dict(fields)}"
        else:
            unmatched.remove(match)
    if len(rows) > len(expected):
        yield f"{len(rows)} new records, not {len(expected)}"


def stale_records(case: Case, body: Json) -> Iterator[str]:
    """Yield why a reply contradicts the change that the case expects: it has a record as before."""
    for resource, changes in case.after.changed.items():
        for record in case.records.get(resource, ()):
            if str(record["id"]) in changes and _holds(body, record):
                yield f"the body has record {record['id']} of {resource} as it was before"


def _holds(value: Json, record: Mapping[str, Json]) -> bool:
    if isinstance(value, Mapping):
        return value == record or any(_holds(part, record) for part in value.values())
    return isinstance(value, list) and any(_holds(part, record) for part in value)
