"""Which keys are words, and which are fields."""

from __future__ import annotations

import pytest

from larst.planning.reading.fields import Fields
from larst.planning.reading.vocabulary import WORDS, Meaning, compared
from larst.planning.reading.words import WordReader
from tests.planning.reading.world import FIELDS

_POSTS = FIELDS["posts"]


def _meaning(key: str, text: str, fields: Fields = _POSTS, *, is_change: bool = False) -> object:
    reader = WordReader(fields, {key: (text,)}, is_change)
    return reader.meaning_of(reader.parts_of(key), (text,))


@pytest.mark.parametrize(
    ("key", "text", "meaning"),
    [
        ("page", "2", Meaning.PAGE),
        ("_page", "2", Meaning.PAGE),
        ("PageNumber", "2", Meaning.PAGE),
        ("page[number]", "2", Meaning.PAGE),
        ("page[size]", "2", Meaning.LIMIT),
        ("page.size", "2", Meaning.LIMIT),
        ("pagination[pageSize]", "2", Meaning.LIMIT),
        ("pagination[withCount]", "true", Meaning.COUNT),
        ("pagination", "false", Meaning.UNPAGED),
        ("paginate", "10", Meaning.LIMIT),
        ("per-page", "2", Meaning.LIMIT),
        ("$top", "2", Meaning.LIMIT),
        ("take", "2", Meaning.LIMIT),
        ("size", "2", Meaning.LIMIT),
        ("size", "large", None),
        ("first", "2", Meaning.LIMIT),
        ("first", "Ann", None),
        ("$skip", "2", Meaning.OFFSET),
        ("start", "2", Meaning.OFFSET),
        ("start", "2025-01-01", None),
        ("from", "10", Meaning.OFFSET),
        ("from", "2025-01-01", None),
        ("to", "20", Meaning.END),
        ("to", "Bob", None),
        ("after", "abc", Meaning.AFTER),
        ("after", "2025-01-01", None),
        ("starting_after", "5", Meaning.AFTER),
        ("before", "2025-01-01", None),
        ("range", "[0,9]", Meaning.RANGE),
        ("sort", "views", Meaning.SORT),
        ("sort", "desc", Meaning.DIRECTION),
        ("order", "desc", Meaning.DIRECTION),
        ("order", "views", Meaning.SORT),
        ("order[views]", "desc", Meaning.SORT),
        ("desc", "true", Meaning.DIRECTION),
        ("desc", "views", Meaning.DIRECTION),
        ("desc", "a text", None),
        ("o", "-views", Meaning.SORT),
        ("o", "x", None),
        ("q", "text", Meaning.SEARCH),
        ("q", '{"a":1}', Meaning.WHERE),
        ("q[status_eq]", "draft", Meaning.WHERE),
        ("search[value]", "x", Meaning.SEARCH),
        ("s", "text", Meaning.SEARCH),
        ("s", '{"a":1}', Meaning.WHERE),
        ("filter", "x", Meaning.WHERE),
        ("filter[status]", "x", Meaning.WHERE),
        ("filter.status", "x", Meaning.WHERE),
        ("where", "x", Meaning.WHERE),
        ("fields", "id", Meaning.SELECT),
        ("keys", "title", Meaning.SELECT),
        ("keys", "abc", None),
        ("include", "comments", Meaning.EMBED),
        ("count", "true", Meaning.COUNT),
        ("count", "10", Meaning.LIMIT),
        ("count", "many", None),
        ("total", "true", Meaning.COUNT),
        ("total", "5", None),
        ("meta", "total_count", Meaning.COUNT),
        ("meta", "de", None),
        ("_", "1700000000000", Meaning.NOISE),
        ("t", "1700000000", Meaning.NOISE),
        ("t", "abc", None),
        ("utm_source", "x", Meaning.NOISE),
        ("api_key", "x", Meaning.NOISE),
        ("format", "json", Meaning.NOISE),
        ("format", "csv", None),
        ("lang", "en", Meaning.NOISE),
        ("_method", "GET", Meaning.NOISE),
        ("utf8", "x", Meaning.NOISE),
        ("status", "x", None),
        ("title", "x", None),
        ("nope", "x", None),
        ("page[foo]", "1", None),
        ("limit[gt]", "1", None),
    ],
)  # fmt: skip
def test_a_key_is_a_word_by_its_value(key: str, text: str, meaning: Meaning | None) -> None:
    """A likely field counts as a word only with a value of the word's kind."""
    assert _meaning(key, text) is meaning


@pytest.mark.parametrize("key", sorted({"page", "limit", "sort", "q", "filter", "count", "t"}))
def test_a_learned_field_wins_over_every_word(key: str) -> None:
    """A resource may have a field `page`; `_page` is still the word."""
    fields = Fields({key})
    assert _meaning(key, "1", fields) is None
    assert _meaning(f"_{key}", "1", fields) is not None


@pytest.mark.parametrize(
    ("key", "text", "meaning"),
    [
        ("_", "1", Meaning.NOISE),
        ("api_key", "x", Meaning.NOISE),
        ("t", "1", None),
        ("v", "1", None),
        ("lang", "en", None),
        ("key", "x", None),
        ("q", "x", Meaning.SEARCH),
        ("text", "x", None),
        ("term", "x", None),
        ("limit", "5", Meaning.LIMIT),
    ],
)
def test_a_change_takes_fewer_words(key: str, text: str, meaning: Meaning | None) -> None:
    """A word that could be a filter must not be dropped there: it would widen the change."""
    assert _meaning(key, text, is_change=True) is meaning


def test_words_are_compared_without_case_and_separators() -> None:
    """`per_page`, `perPage` and `_per_page` are one word."""
    assert {compared(word) for word in ("per_page", "perPage", "_per_page", "PER-PAGE")} == {
        "perpage"
    }
    assert compared("x" * 100) == "x" * 100


def test_every_word_is_in_its_compared_form() -> None:
    """Else it could never be met."""
    assert {word for word in WORDS if compared(word) != word} == set()
