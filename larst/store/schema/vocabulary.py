"""Vocabularies: the few words that a text field has, such as the names of states. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice

from larst.domain import Json

MAX_RECORDS = 500
MAX_WORDS = 8
LEAST_USES = 2
"""A word that is there once may be a name; one of the words of a field must be there twice."""

_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,23}")


def vocabulary_of(records: Iterable[Mapping[str, Json]]) -> dict[str, list[str]]:
    """Return the words of each field whose values are few single words, several of them repeated.

    >>> rows = [{"name": "Ann", "state": "open"}, {"name": "Ben", "state": "open"}]
    >>> vocabulary_of(rows)
    {'state': ['open']}
    """
    counts: dict[str, dict[str, int]] = {}
    plain_fields: set[str] = set()
    for record in islice(records, MAX_RECORDS):
        for name, value in record.items():
            if name in plain_fields:
                continue
            words = counts.setdefault(name, {})
            if isinstance(value, str) and _WORD.fullmatch(value) and len(words) <= MAX_WORDS:
                words[value] = words.get(value, 0) + 1
            elif value is not None:
                plain_fields.add(name)
    return {
        name: sorted(words)
        for name, words in counts.items()
        if name not in plain_fields
        and 0 < len(words) <= MAX_WORDS
        and sum(words.values()) >= LEAST_USES * len(words)
    }
