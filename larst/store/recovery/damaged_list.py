"""Reading the objects of a JSON list that is damaged somewhere. Pure.

Objects nested within a record must not be mistaken for records, least of all where the record
around them is damaged. Behind damage, the list continues

1. at a line that begins as the lines of records do: LARST writes one record a line;
2. in a list without such lines, where brackets match and only records follow up to its end.

Where neither can be established, less is kept rather than more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from larst.domain import Json

_GAPS = [re.compile(rf"(?:\s*\S){{{count}}}\s*(?=\{{)") for count in range(3)]
"""Text between two records: a comma and a newline, either of which may be damaged. An object
within a record cannot begin so close to the end of the previous one."""

_IS_WITHIN = re.compile(r"\s*(?:\}|\]\s*[,}\]])")
"""Text that follows the last of the objects within a record, and never follows a record."""

_IS_CUT_SHORT = re.compile(r"\s*,?\s*\"[^\"]|[^,{\n\]\0]+\"")
"""More fields: the bracket that closed the object is damage in the middle of a record."""

_IS_CUT_SHORT_IN_LINE = re.compile(r"[^\S\n]*,?[^\S\n]*\"[^\"]|[^,{\n\]\0]+\"")
"""The same where each record is a line: the next line is a record without its first bracket."""

_LIST_END = re.compile(r"\s*(?:\]\s*)?\Z")
_BETWEEN_OBJECTS = re.compile(r"\}\s*,\s*(?=\{)")
_FIRST_LINE = re.compile(r"[^\s{]?[ \t\r]*\n([ \t]*)\S")
_LAST_LINE = re.compile(r"([ \t]*)[{}]")

_MAX_WORD_CHARACTERS = len("-Infinity")
_FIRST_DECODE_CHARACTERS = 1000

_decoder = json.JSONDecoder()


@dataclass(slots=True)
class _Run:
    """Consecutive records; `end` is the position of the damage, or of the list's end, behind them.

    `is_within`: they turned out to be objects within another record.
    """

    end: int
    items: list[Json] = field(default_factory=list)
    lost: int = 0
    is_within: bool = False


class DamagedList:
    """The text of a list that cannot be parsed as a whole."""

    def __init__(self, content: bytes) -> None:
        text = content.decode(errors="surrogateescape")
        self._text = text = text.rstrip("\0 \t\r\n")  # an unsynced write leaves zeros
        line_start = rf"\n{_indentation(text)}"
        self._line = re.compile(line_start + r"(?=\{)")
        # Without indentation, an object within a record can begin a line, too.
        no_record = re.compile(line_start + r"\{[ \t\r]*" + line_start + r"[^ \t]")
        self._has_lines = len(self._line.findall(text)) > 2 * len(no_record.findall(text))
        self._is_sure_of_lines = self._has_lines and _FIRST_LINE.match(text) is not None
        self._cut_short = _IS_CUT_SHORT_IN_LINE if self._is_sure_of_lines else _IS_CUT_SHORT
        self._is_broken_off = False

    def read(self) -> tuple[list[Json], int]:
        """Return the whole records, and the number of damaged parts."""
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
        """Return the records behind the damage, from the next line that begins one."""
        while (match := self._line.search(self._text, damage)) is not None:
            run = self._run(match.end())
            if not run.is_within:
                return run
            damage = run.end
        return None

    def _by_depth(self, damage: int) -> _Run | None:
        """Return the records behind the damage, if they continue up to the list's end.

        Before each of them, as many brackets are closed as were opened since the damage.
        """
        total = _Run(damage)
        for start in self._balanced_starts(damage):
            if start < total.end:
                continue
            run = self._run(start)
            total.end = run.end
            if not run.is_within:
                total.items += run.items
                total.lost += run.lost
                if _LIST_END.match(self._text, run.end):
                    return total
                total.lost += bool(run.items)  # otherwise it may be text of the damaged record
        return None

    def _balanced_starts(self, damage: int) -> Iterator[int]:
        """Yield where objects follow a comma, outside of all brackets opened since the damage."""
        text, position = self._text, damage
        is_open = text.startswith("{", damage)  # otherwise the record's first bracket is damaged
        depth = {"{}": 0 if is_open else 1, "[]": 0 if is_open or damage else -1}
        for match in _BETWEEN_OBJECTS.finditer(text, damage):
            start = match.end()
            for pair in depth:
                opened, closed = (text.count(bracket, position, start) for bracket in pair)
                depth[pair] += opened - closed
            position = start
            if not any(depth.values()):
                yield start

    def _run(self, position: int) -> _Run:
        """Return the consecutive records that begin here."""
        run = _Run(position)
        while True:
            start, end = self._next(run.end)
            if end is None:
                run.end = start
                return run
            run.end = end
            if self._cut_short.match(self._text, end) and self._next(end)[1] is None:
                return run
            try:
                run.items.append(orjson.loads(_encode(self._text[start:end])))
            except ValueError:  # it holds a byte that is not UTF-8
                run.lost += 1
            if position and _IS_WITHIN.match(self._text, end):
                run.is_within = True
                return run

    def _next(self, position: int) -> tuple[int, int | None]:
        """Return the start of the next record, as far as it is visible, and its end."""
        matches = (gap.match(self._text, position) for gap in _GAPS)
        starts = [match.end() for match in matches if match]
        for start in starts:
            if (end := self._end_of(start)) is not None:
                return start, end
        return (starts[0] if starts else position), None

    def _end_of(self, start: int) -> int | None:
        """Return the end of the object that begins here; None if it is damaged.

        Decodes a growing part of the text: for each error, the decoder counts all lines before it.
        """
        size = _FIRST_DECODE_CHARACTERS
        while True:
            text = self._text[start : start + size]
            try:
                return start + _decoder.raw_decode(text)[1]
            except json.JSONDecodeError as error:
                is_at_end = error.pos > len(text) - _MAX_WORD_CHARACTERS
                if not is_at_end and not error.msg.startswith("Unterminated string"):
                    return None
            except (ValueError, RecursionError):  # too many digits or levels for any record
                return None
            if start + size >= len(self._text):
                # Well-formed up to the end: all text behind `start` is within this record.
                self._is_broken_off = True
                return None
            size *= 8


def _indentation(text: str) -> str:
    """Return the indentation of a line that begins a record, by the list's first or last line."""
    if first := _FIRST_LINE.match(text):
        return first[1]
    end = text.removesuffix("]").rstrip()
    start = end.rfind("\n") + 1
    last = _LAST_LINE.match(end, start)
    return last[1] if start and last else ""


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
