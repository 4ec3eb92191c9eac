"""Reading a json-server `db.json`: lists of records, and objects that are singletons. Pure.

What cannot be stored is refused with every place named, or changed where the import is lenient,
which says what it changed. Must never drop a value in silence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from larst.domain import SINGLETON_ID, SINGLETON_OWN_ID, Json, Record, RecordId
from larst.errors import BadRecordError, BadRequestError, BadResourceNameError, InvalidJsonError
from larst.store.collection import Collection, numeric_id
from larst.store.records import (
    MAX_AUTO_ID,
    copy_with_id,
    key_of,
    type_name,
    validate_id,
    validate_record,
    validate_resource_name,
)
from larst.store.transfer.json_text import JsonText

RESERVED_NAMES = frozenset({"docs", "healthz", "metrics", "readyz", "redoc", "_larst"})
"""Names whose paths LARST serves itself."""

MAX_NAMED_PLACES = 200
"""How many places an error, or a report, names; it counts the others."""

LIST_NAME = "items"
"""The resource that a list without a name becomes in a lenient import."""

VALUE = "value"
"""The field that holds a value other than an object, in a lenient import."""

_NOT_AN_OBJECT = {
    "": "the import is empty; ",
    "[": "this is a list: put it under the name of its resource, or import it with ?lenient=true"
    " (--lenient on the command line); ",
}
"""Why a text is not a `db.json`, by its first character."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
_MAX_NAME_CHARACTERS = 64


@dataclass(slots=True)
class ImportReport:
    """What an import found; `is_lenient` changes what cannot be stored, else it is refused.

    `changes` lists the changes, and the new ids of records that had none; `warnings` the resources
    that clients cannot reach as usual.
    """

    is_lenient: bool = False
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str, change: str) -> None:
        """Note a problem, with the change that solves it in a lenient import."""
        if self.is_lenient:
            self.changes.append(f"{problem}; {change}")
        else:
            self.problems.append(problem)

    def refuse(self) -> None:
        """Return if the report has no problems.

        Raises:
            BadRecordError: names every place of a problem.
        """
        if self.problems:
            raise BadRecordError(
                f"{'; '.join(shortened(self.problems))}. Nothing was imported: correct the file,"
                " or import it with ?lenient=true (--lenient on the command line)"
            )


def shortened(lines: list[str]) -> list[str]:
    """Return the lines, with a count in place of those that are too many."""
    if len(lines) <= MAX_NAMED_PLACES:
        return lines
    return [*lines[:MAX_NAMED_PLACES], f"and {len(lines) - MAX_NAMED_PLACES} more"]


def read_db_json(
    raw: bytes | bytearray, start: int, report: ImportReport
) -> Iterator[tuple[str, Collection]]:
    """Yield the resources of a `db.json`; an object in it becomes a singleton.

    Raises:
        InvalidJsonError: it is not JSON, or holds numbers that cannot be stored exactly.
        BadRecordError: something in it cannot be stored, and the import is not lenient.
    """
    try:
        text = JsonText(raw[start:].decode() if start else raw.decode())
    except UnicodeDecodeError as error:
        raise InvalidJsonError("the import is not UTF-8 text") from error
    if (opening := text.peek()) == "[" and report.is_lenient:
        report.note("the file is a list", f"imported as the resource {LIST_NAME}")
        yield LIST_NAME, _read_list(LIST_NAME, text, report)
    elif opening == "{":
        yield from _read_object(text, report)
    else:
        reason = _NOT_AN_OBJECT.get(opening, "")
        raise BadRequestError(
            f'{reason}a db.json is an object of resources: {{"posts": [{{…}}, …], …}}'
        )
    if text.peek():
        raise text.expected("the end")


def _read_object(text: JsonText, report: ImportReport) -> Iterator[tuple[str, Collection]]:
    names: set[str] = set()
    misnamed: list[tuple[str, str, Collection]] = []
    for name in text.names():
        if name.startswith("$") and text.peek() not in ("[", "{"):
            text.value()  # "$schema" and the like are for editors
            continue
        collection = _read_resource(name, text, report)
        if problem := _problem_of_name(name, report):
            misnamed.append((name, problem, collection))
        else:
            names.add(name)
            yield name, collection
    new_names = _NewNames(names)
    for name, problem, collection in misnamed:  # last, when the names of all others are known
        new_name = new_names.derive(name)
        report.note(problem, f"imported as {new_name}")
        yield new_name, collection


def _problem_of_name(name: str, report: ImportReport) -> str | None:
    if name in RESERVED_NAMES:
        report.warnings.append(
            f"{name}: LARST serves the path /{name} itself; read this resource at /api/{name}"
        )
    try:
        validate_resource_name(name)
    except BadResourceNameError as error:
        return str(error)
    return None


@dataclass(slots=True)
class _NewNames:
    """Derives valid names for resources, none of which is taken."""

    taken: set[str]
    last_numbers: Counter[str] = field(default_factory=Counter)

    def derive(self, name: str) -> str:
        """Return the name with other characters replaced, and a number where that is taken."""
        base = _NOT_IN_NAMES.sub("-", name)[: _MAX_NAME_CHARACTERS - 6].strip("-") or "resource"
        candidate = base
        while candidate in self.taken:
            self.last_numbers[base] += 1
            candidate = f"{base}-{self.last_numbers[base] + 1}"
        self.taken.add(candidate)
        return candidate


def _read_resource(name: str, text: JsonText, report: ImportReport) -> Collection:
    if text.peek() == "[":
        return _read_list(name[:80], text, report)
    value = text.value()
    if not isinstance(value, dict):
        report.note(
            f"{name[:80]} is {type_name(value)}, neither a list of records nor an object",
            f'imported as {{"{VALUE}": …}}',
        )
        value = {VALUE: value}
    collection = Collection()
    record = _storable(name[:80], value, report)
    if record is not None:
        own = {SINGLETON_OWN_ID if key == "id" else key: item for key, item in record.items()}
        collection.records[SINGLETON_ID] = copy_with_id(own, SINGLETON_ID)
    return collection


def _read_list(name: str, text: JsonText, report: ImportReport) -> Collection:
    rows: list[tuple[str, RecordId | None, Record]] = []
    for index, item in enumerate(text.items()):
        place = f"{name}[{index}]"
        if not isinstance(item, dict):
            report.note(
                f"{place} is {type_name(item)}, not an object", f'imported as {{"{VALUE}": …}}'
            )
            item = {VALUE: item}
        if (record := _storable(place, item, report)) is not None:
            rows.append((place, _id_of(place, record, report), record))
    own_keys = [key_of(identifier) for _, identifier, _ in rows if identifier is not None]
    collection = Collection(next_id=max(map(numeric_id, own_keys), default=0) + 1)
    _note_new_ids(name, sum("id" not in record for _, _, record in rows), report)
    places: dict[str, str] = {}
    for place, identifier, record in rows:
        key = "" if identifier is None else key_of(identifier)
        if key in places:
            new_id = _allocate_id(collection, place, report)
            report.note(
                f"{place} has the id {identifier!r:.80} of {places[key]}", f"its id is now {new_id}"
            )
            identifier = new_id
        elif identifier is None:
            identifier = _allocate_id(collection, place, report)
        places.setdefault(key or key_of(identifier), place)
        add_record(collection, identifier, record)
    return collection


def _note_new_ids(name: str, count: int, report: ImportReport) -> None:
    """Note the records without an id, which get one: not a problem, but a difference."""
    if count:
        report.changes.append(
            f"{name}: {count} {'record has' if count == 1 else 'records have'} no id;"
            f" {'it has a new one' if count == 1 else 'each has a new one'}"
        )


def _storable(place: str, item: Record, report: ImportReport) -> Record | None:
    try:
        return validate_record(item)
    except BadRecordError as error:
        report.note(f"{place}: {error}", "left out")
        return None


def _id_of(place: str, record: Record, report: ImportReport) -> RecordId | None:
    """Return the id of a record; None for a new one."""
    try:
        return validate_id(record)
    except BadRecordError as error:
        report.note(f"{place}: {error}", "it has a new id")
        return None


def _allocate_id(collection: Collection, place: str, report: ImportReport) -> int:
    if collection.next_id > MAX_AUTO_ID:
        report.problems.append(f"{place}: every number was given out; give each record an id")
        report.refuse()
    return collection.next_id


def add_record(collection: Collection, identifier: RecordId, record: Record) -> None:
    """Add a record.

    Raises:
        BadRecordError: its id is taken.
    """
    key = key_of(identifier)
    if key in collection.records:
        raise BadRecordError(f"two records have the id {identifier!r:.80}")
    collection.next_id = max(collection.next_id, numeric_id(key) + 1)
    collection.records[key] = copy_with_id(record, identifier)


def value_of(records: list[Record]) -> Json:
    """Return records as a `db.json` has them: the object of a singleton, or the list."""
    if len(records) != 1 or records[0]["id"] != SINGLETON_ID:
        return records
    (record,) = records
    return {
        "id" if name == SINGLETON_OWN_ID else name: item
        for name, item in record.items()
        if name != "id"
    }
