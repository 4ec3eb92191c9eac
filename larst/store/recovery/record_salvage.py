"""Taking the whole records out of a damaged document. Pure.

A document is a list of objects, and each object in it a record; so an object within a record must
never be taken for one, least of all where the record around it is damaged. Behind damage it has to
be found out where the list goes on: at a line that begins as those of records do (LARST writes
one record a line), or, in a list without lines, where brackets match and only records follow up to
the list's end. Where neither can be told, less is kept rather than more.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

import orjson

from larst.domain import Json, Record
from larst.errors import BadRequestError
from larst.store.collection import numeric_id
from larst.store.records import MAX_AUTO_ID, copy_with_id, key_of, validate_id, validate_record

_GAPS = [re.compile(rf"(?:\s*\S){{{count}}}\s*(?=\{{)") for count in range(3)]
"""What stands between two records, a comma and a newline, each perhaps damaged: no object within
a record can begin so near to the end of the one before."""

_IS_WITHIN = re.compile(r"\s*(?:\}|\]\s*[,}\]])")
"""What follows the last object of those within a record, and never a record."""

_IS_CUT_SHORT = re.compile(r"\s*,?\s*\"[^\"]|[^,{\n\]\0]+\"")
"""What follows an object whose closing bracket is damage in the midst of a record: more fields."""

_IS_CUT_SHORT_IN_LINE = re.compile(r"[^\S\n]*,?[^\S\n]*\"[^\"]|[^,{\n\]\0]+\"")
"""The same where a record is a line: on the next one it is a record that lost its first bracket."""

_LIST_END = re.compile(r"\s*(?:\]\s*)?\Z")
_BETWEEN_OBJECTS = re.compile(r"\}\s*,\s*(?=\{)")
_FIRST_LINE = re.compile(r"[^\s{]?[ \t\r]*\n([ \t]*)\S")
_LAST_LINE = re.compile(r"([ \t]*)[{}]")

_LONGEST_WORD = len("-Infinity")
_FIRST_GLANCE = 1000

_decoder = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Salvaged:
    """A document's whole records by key, how many were lost, and how many were given a new id."""

    records: dict[str, Record]
    lost: int
    renamed: int


def whole_records(content: bytes, last_id: int) -> Salvaged:
    """Return what is whole of a document.

    New ids, for records without one or with another's, begin behind `last_id`.
    """
    items, lost = _items(content)
    found: list[tuple[str | None, Record]] = []
    for item in items:
        try:
            record = validate_record(item)
            identifier = validate_id(record)
        except BadRequestError:
            lost += 1
            continue
        found.append((None if identifier is None else key_of(identifier), record))
    owners = _owners([key for key, _ in found])
    records: dict[str, Record] = {}
    homeless: list[Record] = []
    for index, (key, record) in enumerate(found):
        if key is None or owners[key] != index:
            homeless.append(record)
        else:
            records[key] = copy_with_id(record, record["id"])
    first = max(last_id, *map(numeric_id, records), 0) + 1
    for number, record in enumerate(homeless, first):
        records[str(number)] = copy_with_id(record, number)
    return Salvaged(records, lost, len(homeless))


def _owners(keys: list[str | None]) -> dict[str, int]:
    """Return whose each id is, by position; of two the first, unless their places tell.

    Records stand in the order of their insertion, and ids are given out in ascending order.
    Where all others ascend, an id may fit in one of the two places only, or leave in only one case
    a number for the other record to have had.
    """
    counts = Counter(keys)
    places = [index for index, key in enumerate(keys) if key is not None and counts[key] == 1]
    numbers = [0, *(numeric_id(keys[index] or "") for index in places)]
    is_ascending = all(one < other for one, other in itertools.pairwise(numbers))
    numbers.append(MAX_AUTO_ID)
    owners: dict[str, int] = {}
    for index, key in enumerate(keys):
        if key is not None and owners.setdefault(key, index) != index and is_ascending:
            first, number = owners[key], numeric_id(key)
            before, after = (
                (numbers[place], numbers[place + 1])
                for place in (bisect_left(places, first), bisect_left(places, index))
            )
            is_first = before[0] < number < before[1] and after[1] - max(number, after[0]) > 1
            is_second = after[0] < number < after[1] and min(number, before[1]) - before[0] > 1
            if is_second and not is_first:
                owners[key] = index
    return owners


def _items(content: bytes) -> tuple[list[Json], int]:
    """Return what a document holds, as far as it can be read, and how many parts cannot."""
    with contextlib.suppress(ValueError):
        value = orjson.loads(content)
        return (value, 0) if isinstance(value, list) else ([value], 0)
    return _DamagedList(content.decode(errors="surrogateescape")).read()


@dataclass(slots=True)
class _Run:
    """Records one behind another; `end` is where damage, or the list's end, follows them.

    `is_within`: they turned out to be within another record.
    """

    end: int
    items: list[Json] = field(default_factory=list)
    lost: int = 0
    is_within: bool = False


class _DamagedList:
    """The text of a list that cannot be read as a whole."""

    def __init__(self, text: str) -> None:
        self._text = text.rstrip("\0 \t\r\n")  # zeros: what an unsynced write leaves
        text = self._text
        begin = rf"\n{_indentation(text)}"
        self._line = re.compile(begin + r"(?=\{)")
        # Where lines are not indented within a record, an object within it can begin one, too.
        unlike = re.compile(begin + r"\{[ \t\r]*" + begin + r"[^ \t]")
        self._has_lines = len(self._line.findall(text)) > 2 * len(unlike.findall(text))
        self._is_sure_of_lines = self._has_lines and _FIRST_LINE.match(text) is not None
        self._cut_short = _IS_CUT_SHORT_IN_LINE if self._is_sure_of_lines else _IS_CUT_SHORT
        self._is_broken_off = False

    def read(self) -> tuple[list[Json], int]:
        """Return the records that are whole, and how many parts are not."""
        items: list[Json] = []
        lost = 0
        run: _Run | None = self._run(0)
        while run is not None:
            items += run.items
            lost += run.lost
            if _LIST_END.match(self._text, run.end):
                break
            lost += 1
            if self._is_broken_off and not self._is_sure_of_lines:
                break
            run = self._by_line(run.end) if self._has_lines else self._by_depth(run.end)
        return items, lost

    def _by_line(self, damage: int) -> _Run | None:
        """Return the records behind damage, from the next line that begins one; None: no such."""
        while (found := self._line.search(self._text, damage)) is not None:
            run = self._run(found.end())
            if not run.is_within:
                return run
            damage = run.end
        return None

    def _by_depth(self, damage: int) -> _Run | None:
        """Return the records behind damage, if they go up to the list's end; None: no such.

        Before each of them as many brackets are closed as were opened since the damage.
        """
        text, at = self._text, damage
        is_begun = text.startswith("{", damage)  # else the record's first bracket is damaged
        depth = {"{}": 0 if is_begun else 1, "[]": 0 if is_begun or damage else -1}
        taken = _Run(damage)
        for found in _BETWEEN_OBJECTS.finditer(text, damage):
            start = found.end()
            for pair in depth:
                depth[pair] += text.count(pair[0], at, start) - text.count(pair[1], at, start)
            at = start
            if start < taken.end or any(depth.values()):
                continue
            run = self._run(start)
            taken.end = run.end
            if not run.is_within:
                taken.items += run.items
                taken.lost += run.lost
                if _LIST_END.match(text, run.end):
                    return taken
                taken.lost += bool(run.items)  # else it may be text of the damaged record
        return None

    def _run(self, at: int) -> _Run:
        """Return the records that stand here, one behind another."""
        run = _Run(at)
        while True:
            start, end = self._next(run.end)
            if end is None:
                run.end = start
                return run
            run.end = end
            if self._cut_short.match(self._text, end) and self._next(end)[1] is None:
                return run
            try:
                run.items.append(orjson.loads(_bytes(self._text[start:end])))
            except ValueError:  # a byte that is no text
                run.lost += 1
            if at and _IS_WITHIN.match(self._text, end):
                run.is_within = True
                return run

    def _next(self, at: int) -> tuple[int, int | None]:
        """Return where the next record begins, as far as it can be seen, and where it ends."""
        starts = [found.end() for gap in _GAPS if (found := gap.match(self._text, at))]
        for start in starts:
            if (end := self._end_of(start)) is not None:
                return start, end
        return (starts[0] if starts else at), None

    def _end_of(self, start: int) -> int | None:
        """Return where the object ends that begins here, None where it is damaged.

        The reader gets as much as it needs: at each error it counts the lines of all it was given.
        """
        size = _FIRST_GLANCE
        while True:
            text = self._text[start : start + size]
            try:
                return start + _decoder.raw_decode(text)[1]
            except json.JSONDecodeError as error:
                is_at_end = error.pos > len(text) - _LONGEST_WORD
                if not is_at_end and not error.msg.startswith("Unterminated string"):
                    return None
            except (ValueError, RecursionError):  # endless digits, or nesting: in no record
                return None
            if start + size >= len(self._text):
                # So far it was well formed: whatever is behind `start` is within this record.
                self._is_broken_off = True
                return None
            size *= 8


def _indentation(text: str) -> str:
    """Return what stands before a record that begins a line, by the list's first or last line."""
    if first := _FIRST_LINE.match(text):
        return first[1]
    end = text.removesuffix("]").rstrip()
    start = end.rfind("\n") + 1
    last = _LAST_LINE.match(end, start)
    return last[1] if start and last else ""


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
