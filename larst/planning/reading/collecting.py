"""The first pass over a query: words go to their meanings, everything else is a filter. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from larst.domain import Json
from larst.planning.reading.brackets import Parts
from larst.planning.reading.fields import Fields
from larst.planning.reading.vocabulary import FALSE, PAGING, TRUE, Meaning, compared
from larst.planning.reading.words import (
    Query,
    WordReader,
    Words,
    direction_of,
    is_id_list,
    unpages,
)

_INNER = re.compile(r"(?<![\w-])([\w-]{1,100})!inner")
_ZERO_BASED = frozenset({"pageindex"})
"""Words whose pages are counted from 0, as Angular Material's paginator does."""


@dataclass(slots=True)
class Collected:
    """The parts of one query.

    `alternatives` are @nestjsx/crud's `or`; `embedded` holds PostgREST's keys for an embedded
    relation, such as `comments.limit`, and `inner_joins` the relations that must not be empty;
    `ignores_case` is json-server 1's `_where`.
    """

    words: Words = field(default_factory=Words)
    filters: list[tuple[Parts, tuple[str, ...]]] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    embedded: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    inner_joins: frozenset[str] = frozenset()
    page_base: int | None = None
    is_unpaged: bool = False
    ignores_case: bool = False


def collect(query: Query, fields: Fields, *, is_change: bool) -> Collected:
    """Return the words and the filters of a query.

    Raises:
        QueryNotUnderstoodError: a key has too many brackets.
    """
    reader = WordReader(fields, query, is_change)
    collected = Collected()
    selects = _selects(reader, query)
    collected.inner_joins = frozenset(_INNER.findall(selects))
    for key, values in query.items():
        head, dot, tail = key.partition(".")
        if dot and _is_embedded(head, selects):
            collected.embedded.setdefault(head, {})[tail] = values
            continue
        parts = reader.parts_of(key)
        meaning = reader.meaning_of(parts, values)
        if meaning is not None:
            _take(collected, meaning, parts, values, fields)
        elif compared(parts[0]) == "or" and any("||" in text for text in values):
            collected.alternatives += values
        else:
            collected.filters.append((parts, values))
    return collected


def _selects(reader: WordReader, query: Query) -> str:
    """Return PostgREST's `select` where it embeds relations."""
    texts = query.get("select", ()) if not reader.fields.has("select") else ()
    return ",".join(text for text in texts if "(" in text)


def _is_embedded(head: str, selects: str) -> bool:
    return bool(selects) and any(f"{head}{mark}" in selects for mark in "(!")


def _take(
    collected: Collected, meaning: Meaning, parts: Parts, values: tuple[str, ...], fields: Fields
) -> None:
    """Take one word; some values say that another meaning is asked for."""
    root, words = parts[0], collected.words
    word = compared(root)
    if meaning is Meaning.UNPAGED:
        collected.is_unpaged = unpages(word, values[-1])
    elif meaning is Meaning.DIRECTION:
        for text in values:
            chosen, direction = direction_of(root, text, fields)
            words.add(chosen, (root,), (direction,))
    elif meaning in PAGING:
        if compared(parts[-1]) in _ZERO_BASED:
            collected.page_base = 0
        text = ",".join(values) if meaning is Meaning.RANGE else values[-1]
        words.add(meaning, (root,), (text,))
    elif (filter_object := _filter_of(meaning, parts, values, fields)) is not None:
        words.add_json(Meaning.WHERE, filter_object)
    elif meaning is not Meaning.NOISE:
        collected.ignores_case = collected.ignores_case or root == "_where"
        _add(words, meaning, parts, values)


def _filter_of(
    meaning: Meaning, parts: Parts, values: tuple[str, ...], fields: Fields
) -> Json | None:
    """Return the filter that a word's values ask for instead of what the word means; or None.

    WordPress has `include=1,2` and `exclude=1,2`; `exclude[status]=draft` leaves out records, and
    not the field.
    """
    if parts[0] in ("include", "exclude") and all(map(is_id_list, values)):
        ids: list[Json] = [text for value in values for text in value.split(",")]
        return {"id": {"nin" if meaning is Meaning.EXCLUDE else "in": ids}}
    if meaning is not Meaning.EXCLUDE or len(parts) != 2 or fields.resolve(parts[1]) is None:
        return None
    is_switch = any(text.lower() in TRUE | FALSE for text in values)
    return None if is_switch else {"not": {parts[1]: list(values)}}


def _add(words: Words, meaning: Meaning, parts: Parts, values: tuple[str, ...]) -> None:
    root = parts[0]
    if meaning in (Meaning.SEARCH, Meaning.COUNT, Meaning.SEARCH_FIELDS, Meaning.DEPENDENTS):
        parts = (root,)
    if meaning is Meaning.EMBED and root[:1] != "_":
        # include= has no effect, _embed embeds all; Stripe's include[]=total_count counts.
        if "total_count" in values:
            words.add(Meaning.COUNT, (root,), ("true",))
        values = tuple(text for text in values if text not in ("", "total_count"))
    if meaning is Meaning.WHERE and len(parts) > 1 and parts[1] in ("s", "sorts"):
        meaning, parts = Meaning.SORT, (root,)  # ransack: q[s]=views desc, q[s][]=id
    if len(parts) == 1 or values:
        words.add(meaning, parts, values)
