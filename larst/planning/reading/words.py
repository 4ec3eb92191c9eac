"""The words of a query: which keys are words of the vocabulary, and what their values ask. Pure.

A learned field wins over any word, except an object that a plain text could never equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from larst.domain import Json
from larst.planning.reading.brackets import Parts, Tree, insert, parts_of
from larst.planning.reading.fields import Fields
from larst.planning.reading.paging import is_cursor
from larst.planning.reading.sorting import is_direction, reversed_direction
from larst.planning.reading.texts import is_json
from larst.planning.reading.vocabulary import (
    CHANGE_SEARCH,
    FALSE,
    NOISE_KEY,
    NUMERIC_NOISE,
    PAGE_PARTS,
    PAGING,
    SURE_NOISE,
    TRUE,
    WEAK_WORDS,
    WORDS,
    Meaning,
    compared,
)

Query = Mapping[str, tuple[str, ...]]

_DOTTED = frozenset({"page", "pagination", "filter", "filters", "where", "sort", "order", "search"})
_COUNT_VALUES = frozenset(
    "true false exact planned estimated allpages none yes no * total_count filter_count".split()
)
_ASCENDING_WORDS = frozenset({"asc", "ascending", "sortasc", "sortascending", "isascending"})
_ASCENDING_WORDS |= {"orderasc"}
_BOOLEAN_WORDS = frozenset(
    "desc descending reverse reversed isdesc sortdesc orderdesc sortdescending".split()
)
_NAMING = frozenset({Meaning.SORT, Meaning.SELECT, Meaning.EXCLUDE})
_NUMBERS = re.compile(r"\d+(?:,\d+)*")
_LONG_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,20})?")
_DATE = re.compile(r"\d{4}-\d\d.{0,40}")

_JSON_FILTER = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"])")
"""How a search that is a filter in JSON begins; `q={0}` and `q=[draft]` are texts."""


@dataclass(slots=True)
class Words:
    """The words that a query has, by their meaning: their values, and their trees of brackets."""

    texts: dict[Meaning, list[str]] = field(default_factory=dict)
    trees: dict[Meaning, Tree] = field(default_factory=dict)
    json_values: dict[Meaning, list[Json]] = field(default_factory=dict)

    def add(self, meaning: Meaning, parts: Parts, values: tuple[str, ...]) -> None:
        """Take the values of one key."""
        if len(parts) == 1:
            self.texts.setdefault(meaning, []).extend(values)
        else:
            insert(self.trees.setdefault(meaning, {}), parts, values)

    def add_json(self, meaning: Meaning, value: Json) -> None:
        """Take a value that was part of a JSON filter."""
        if isinstance(value, dict | list) and meaning not in PAGING:
            self.json_values.setdefault(meaning, []).append(value)
        else:
            self.texts.setdefault(meaning, []).append(str(value))

    @property
    def is_used(self) -> bool:
        """Whether the query has a word."""
        return bool(self.texts or self.trees or self.json_values)

    def last(self, meanings: frozenset[Meaning]) -> dict[Meaning, str]:
        """Return the last value of each of the meanings that the query has."""
        return {meaning: texts[-1] for meaning, texts in self.texts.items() if meaning in meanings}

    def has(self, meaning: Meaning) -> bool:
        """Return whether the query has a word of the meaning."""
        return meaning in self.texts or meaning in self.trees or meaning in self.json_values


@dataclass(frozen=True, slots=True)
class WordReader:
    """Decides the meaning of each key of one query. `is_change`: it changes what matches."""

    fields: Fields
    query: Query
    is_change: bool = False

    def parts_of(self, key: str) -> Parts:
        """Return the parts of a key; `filter.status` and `page.size` as if in brackets."""
        parts = parts_of(key)
        head, dot, tail = parts[0].partition(".")
        if not dot or compared(head) not in _DOTTED or head in self.fields.names:
            return parts
        return (head, tail, *parts[1:])

    def meaning_of(self, parts: Parts, values: tuple[str, ...]) -> Meaning | None:
        """Return what a key asks for as a word; None for a filter."""
        root = parts[0]
        if self._is_field(parts, values):
            return None
        if NOISE_KEY.fullmatch(root):
            return Meaning.NOISE
        word, text = compared(root), values[-1] if values else ""
        if word in ("page", "pagination", "paging") and len(parts) > 1:
            return PAGE_PARTS.get(compared(parts[1]))
        meaning = WORDS.get(word)
        if meaning is None or not self._fits(meaning, word, text, parts):
            return None
        return self._narrowed(meaning, word, text, parts)

    def _is_field(self, parts: Parts, values: tuple[str, ...]) -> bool:
        """Return whether a key is a learned field, and its value could be the field's."""
        root = parts[0]
        if not self.fields.has(root):
            return False
        if len(parts) > 1 or compared(root) not in WORDS:
            return True
        is_object = self.fields.kinds(root) - {"null"} == {"object"}
        return not is_object or any(is_json(text) for text in values)

    def _narrowed(self, meaning: Meaning, word: str, text: str, parts: Parts) -> Meaning:
        """Return the meaning of a word whose value decides between two."""
        if meaning is Meaning.SORT and len(parts) == 1:
            return self._sort_or_direction(word, text, parts[0])
        if meaning is Meaning.UNPAGED and text.isdigit() and text not in ("0", "1"):
            return Meaning.LIMIT
        if word == "count" and text.isdigit():
            return self._count_or_limit(text)
        if word == "s" and len(parts) == 1 and not is_json(text):
            return Meaning.SEARCH
        if word == "searchby" and self._is_searched_by(text):
            return Meaning.SEARCH_FIELDS
        if meaning is Meaning.SEARCH and (_JSON_FILTER.match(text) or len(parts) > 1):
            return Meaning.SEARCH if parts[1:] == ("value",) else Meaning.WHERE
        return meaning

    def _sort_or_direction(self, word: str, text: str, root: str) -> Meaning:
        """Return whether `order=desc` is a direction: beside another sort, a bad one is too."""
        if text and is_direction(text):
            is_other = word in ("order", "sort") or self._has_another_sort(root)
            return Meaning.DIRECTION if is_other else Meaning.SORT
        name = re.split(r"[\s,:.]", text.lstrip("-+"), maxsplit=1)[0]
        is_bad = word == "order" and text and self.fields.resolve(name) is None
        if is_bad and not is_json(text) and self._has_another_sort(root):
            return Meaning.DIRECTION
        return Meaning.SORT

    def _is_searched_by(self, text: str) -> bool:
        return self.fields.resolve(re.split(r"[,:;]", text, maxsplit=1)[0]) is not None

    def _has_another_sort(self, root: str) -> bool:
        return any(
            key.partition("[")[0] != root
            and WORDS.get(compared(key.partition("[")[0])) is Meaning.SORT
            for key in self.query
        )

    def _count_or_limit(self, text: str) -> Meaning:
        meanings = {WORDS.get(compared(key)) for key in self.query}
        if Meaning.LIMIT in meanings:
            return Meaning.COUNT
        if text == "1" and not meanings & PAGING:
            return Meaning.COUNT
        return Meaning.LIMIT

    def _fits(self, meaning: Meaning, word: str, text: str, parts: Parts) -> bool:
        """Return whether the value is of the kind that the word's meaning takes."""
        if len(parts) > 1 and not self._may_have_brackets(meaning, parts):
            return False
        if meaning in PAGING:
            return self._fits_paging(meaning, word, text, parts[0])
        match meaning:
            case Meaning.NOISE:
                return self._is_noise(word, text)
            case Meaning.DIRECTION:
                return self._fits_direction(word, text)
            case Meaning.COUNT:
                return _fits_count(word, text)
            case Meaning.UNPAGED:
                return text.lower() in TRUE | FALSE or text.isdigit()
            case Meaning.SEARCH_FIELDS:
                return self._is_searched_by(text)
        return self._fits_naming(meaning, word, text, parts)

    def _fits_naming(self, meaning: Meaning, word: str, text: str, parts: Parts) -> bool:
        if self.is_change and meaning is Meaning.SEARCH and len(parts) == 1:
            return word in CHANGE_SEARCH
        if self.is_change and word == "only":
            return False  # only=draft could mean records.
        if self.is_change and meaning in (Meaning.EXCLUDE, Meaning.EMBED):
            # exclude=1,2 and include=1,2 could mean records.
            return meaning is Meaning.EMBED and not is_id_list(text)
        is_weak = meaning in _NAMING and word in WEAK_WORDS and parts[0][:1] not in "_$"
        return not is_weak or self._fits_weak(text)

    def _fits_weak(self, text: str) -> bool:
        """Return whether a word that is a likely field has a value that names fields."""
        if is_json(text):
            return True
        names = re.split(r"[,\s]+", text.strip("-+ "))
        return all(
            self.fields.resolve(name.partition(":")[0].partition(".")[0].lstrip("-+")) is not None
            or self.fields.related(name.partition(".")[0]) is not None
            for name in names
        )

    def _may_have_brackets(self, meaning: Meaning, parts: Parts) -> bool:
        if meaning is Meaning.DIRECTION:
            return all(part == "" or part.isdecimal() for part in parts[1:])
        if meaning is Meaning.SEARCH:
            return parts[1] != "regex"
        return meaning not in (PAGING - {Meaning.RANGE}) | {Meaning.COUNT, Meaning.NOISE}

    def _is_noise(self, word: str, text: str) -> bool:
        if word in ("format", "alt", "wt", "export"):
            return text.lower() in ("json", "jsonp", "")
        if self.is_change and word not in SURE_NOISE:
            return False
        if word in NUMERIC_NOISE:
            return _LONG_NUMBER.fullmatch(text) is not None or (word == "cache" and not text)
        return True

    def _fits_paging(self, meaning: Meaning, word: str, text: str, root: str) -> bool:
        is_marked = root[:1] in ("_", "$")
        if meaning in (Meaning.AFTER, Meaning.BEFORE):
            return is_marked or (is_cursor(text) and _DATE.fullmatch(text) is None)
        if word in ("from", "to") or (word in WEAK_WORDS and not is_marked):
            return text.isdecimal()
        return True

    def _fits_direction(self, word: str, text: str) -> bool:
        if word in ("desc", "asc"):
            return is_direction(text) or not text or self.fields.resolve(text) is not None
        return True


def _fits_count(word: str, text: str) -> bool:
    is_number = text.isdigit() and (word == "count" or text in ("0", "1"))
    return not text or is_number or set(text.lower().split(",")) <= _COUNT_VALUES


def unpages(word: str, text: str) -> bool:
    """Return whether a word such as `pagination=false` asks for the whole list."""
    is_on = text.lower() in TRUE
    return (
        is_on if word in ("unpaged", "nopaging", "nopagination", "disablepagination") else not is_on
    )


def direction_of(root: str, text: str, fields: Fields) -> tuple[Meaning, str]:
    """Return the meaning and the text of a direction word: `desc=true`, `ascending=false`.

    `desc=views` and `orderByDesc=views` are a sort.
    """
    word = compared(root)
    is_ascending = "asc" in word and word not in _BOOLEAN_WORDS
    if not is_direction(text) and fields.resolve(text) is not None and "sc" in word:
        return Meaning.SORT, text if is_ascending else f"-{text}"
    if word in _ASCENDING_WORDS:
        return Meaning.DIRECTION, reversed_direction(text or "true")
    if word in _BOOLEAN_WORDS and text.lower() not in ("asc", "desc"):
        return Meaning.DIRECTION, "asc" if text.lower() in FALSE else "desc"
    return Meaning.DIRECTION, text


def is_id_list(text: str) -> bool:
    """Return whether a text is a list of numbers: `include=1,2` asks for records, not relations."""
    return _NUMBERS.fullmatch(text) is not None
