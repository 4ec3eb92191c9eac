"""Oddities in the first success of a program: possible, but probably not meant.

A planner is asked about it once; the same program again is its answer that it means it. What a
program may not do at all is in larst/session/effects.py.

Pure. Must never put a stored value into a reason: it goes to the planner. Names of fields may be
values too (`{"alice@example.com": 3}`), so a reason names only fields that the program writes out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from larst.domain import CheckedProgram, Json, Record
from larst.session.effects import READING, Effects
from larst.session.synonyms import synonym_of
from larst.store.records import key_of

_COMPUTING = frozenset(
    "calculate check classify compare compute convert count diff distance echo estimate evaluate"
    " export filter find format list lookup match parse predict preview query quote rank render"
    " report score search simulate stats suggest summary total translate validate verify".split()
)
"""Words at the end of a path that ask for a result, so that POST changes nothing."""

_MAX_RECORDS = 200
"""How many changed records are looked at for new fields."""

_IDEMPOTENT = frozenset({"PUT", "PATCH", "DELETE"})
"""Methods that clients repeat: the second time, there may be nothing left to change."""

_WRITING = frozenset("insert replace update delete update_where delete_where".split())

_READERS = frozenset({"ctx", "plan", "store", "session_store", "datetime"})
"""The names through which a program sees its request, its data and the time."""

_SERVER_ERROR, _CLIENT_ERROR = 500, 400


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What a run shows that its plan has no proof for yet.

    `words` are those of the path, without identifiers, `body` is what the client sent. `written`
    are the records that the program put, by resource, and `stored` returns a record as it is
    without them. `named` are the stored records that the path names; None: it does not exist.
    `fields_of` returns the fields that the records of a resource have.
    """

    method: str
    words: tuple[str, ...]
    body: Json
    program: CheckedProgram
    status: int
    effects: Effects
    written: Mapping[str, Collection[Record]]
    stored: Callable[[str, str], Record | None]
    named: Sequence[Record | None]
    fields_of: Callable[[str], Collection[str]]


def oddity_of(run: FirstRun) -> str | None:
    """Return the first oddity of a run, as a reason for its planner, or None."""
    if run.status >= _SERVER_ERROR:
        return (
            f"the reply has the status {run.status}: a program reports a mistake of the client"
            " with 4xx, and must not fail itself"
        )
    if run.status >= _CLIENT_ERROR:
        return None
    if run.method in READING:
        return _constant(run)
    if not run.effects.resources:
        return _nothing_changed(run)
    return _new_field(run)


def _constant(run: FirstRun) -> str | None:
    if run.method == "OPTIONS" or not is_constant(run.program):
        return None
    return (
        "every successful reply of the program is the same constant: read the request and the"
        " records, unless the reply really depends on neither"
    )


def _nothing_changed(run: FirstRun) -> str | None:
    if run.method in ("PUT", "PATCH") and run.effects.has_any:
        return None  # the client sent the values that the record has
    if is_repetition(run):
        return None
    if run.words and run.words[-1].lower().lstrip("_") in _COMPUTING:
        return None
    return (
        f"{run.method} succeeded, and no record was changed: store what the request asks for,"
        " unless it only computes"
    )


def is_repetition(run: FirstRun) -> bool:
    """Return whether a write had nothing left to change: all that it asks for is stored already.

    That is not odd, and proves nothing: the part of the program that writes has not run.
    """
    if run.method not in _IDEMPOTENT or run.status >= _CLIENT_ERROR or run.effects.has_any:
        return False
    if run.method == "DELETE":
        return bool(run.named) and not any(run.named)
    if run.body is None:
        nodes = ast.walk(run.program.tree)
        return any(isinstance(node, ast.Attribute) and node.attr in _WRITING for node in nodes)
    return bool(run.named) and all(_holds(record, run.body) for record in run.named)


def _holds(record: Record | None, body: Json) -> bool:
    """Return whether a record has all values of a body, those of other names as plain values."""
    if record is None or not isinstance(body, dict):
        return False
    plain = {value for value in record.values() if isinstance(value, str | int | float)}
    return all(
        (name in record and record[name] == value)
        or (isinstance(value, str | int | float) and value in plain)
        for name, value in body.items()
    )


def _new_field(run: FirstRun) -> str | None:
    of_client = set(_names(run.body))
    texts = {literal for literal in run.program.literals if isinstance(literal, str)}
    for resource, record in _written(run):
        stored = run.stored(resource, key_of(record["id"]))
        fields = run.fields_of(resource)
        for name, value in record.items():
            is_new = name not in fields and name not in of_client and name in texts
            if not is_new or (stored is not None and name in stored):
                continue
            # A record that has all fields of its own takes nothing from a synonym.
            candidates = [field for field in fields if stored is not None or field not in record]
            if synonym_of(name, candidates, is_flag=isinstance(value, bool)) is not None:
                return (
                    f"the program writes the field {name}, which no record has, and the records"
                    " have a field that seems to mean the same: use the field of the schema"
                )
    return None


def _written(run: FirstRun) -> Iterator[tuple[str, Record]]:
    for resource, records in run.written.items():
        for number, record in enumerate(records):
            if number == _MAX_RECORDS:
                break
            yield resource, record


def _names(body: Json) -> Iterator[str]:
    """Yield the names of all fields of a body, those in its lists and objects too."""
    pending = [body]
    for _ in range(10_000):
        if not pending:
            return
        value = pending.pop()
        if isinstance(value, dict):
            yield from value
            pending += value.values()
        elif isinstance(value, list):
            pending += value


def is_constant(program: CheckedProgram) -> bool:
    """Return whether a program can reply with success in one way only, whatever it reads."""
    if program.names.isdisjoint(_READERS):
        return True
    calls = [
        node
        for node in ast.walk(program.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "make_response"
    ]
    bodies = [call.args[1:] + [word.value for word in call.keywords] for call in _successes(calls)]
    has_dict = any(_assigns_other_reply(node) for node in ast.walk(program.tree))
    return bool(bodies) and not has_dict and len(calls) > 0 and all(map(_is_literal, bodies))


def _successes(calls: list[ast.Call]) -> Iterator[ast.Call]:
    for call in calls:
        status = call.args[0] if call.args else None
        is_error = (
            isinstance(status, ast.Constant)
            and isinstance(status.value, int)
            and status.value >= _CLIENT_ERROR
        )
        if not is_error:
            yield call


def _is_literal(parts: list[ast.expr]) -> bool:
    return not any(isinstance(node, ast.Name) for part in parts for node in ast.walk(part))


def _assigns_other_reply(node: ast.AST) -> bool:
    """Return whether REPLY is made without `make_response`, where its body is not looked at."""
    return (
        isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "REPLY" for target in node.targets)
        and not isinstance(node.value, ast.Call | ast.IfExp)
    )
