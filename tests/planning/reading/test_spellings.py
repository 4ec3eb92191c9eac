"""Every spelling of one meaning is read alike."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from hypothesis import given, settings

from larst.planning.reading.asked import Asked
from tests.effort import examples
from tests.planning.reading.world import asked
from tests.planning.reading.writers import CONDITIONS, PAGES, SORTS, WRITERS, Conditions


def _meaning(target: str) -> Asked:
    """Return the question without the page's number, which not every dialect has."""
    return replace(asked(target), page=None, page_base=1)


@settings(max_examples=examples(25), deadline=None)
@given(CONDITIONS, PAGES, SORTS)
def test_every_spelling_of_one_meaning_is_read_alike(
    conditions: Conditions, page: tuple[int, int] | None, sort: list[tuple[str, bool]]
) -> None:
    """One meaning, one shape: plans are shared between dialects, and answers are the same."""
    readings = {
        name: _meaning("/posts?" + "&".join(write(conditions, page, sort)))
        for name, write in WRITERS.items()
    }
    expected = readings["hand-written"]
    assert {name: reading for name, reading in readings.items() if reading != expected} == {}


@settings(max_examples=examples(12), deadline=None)
@given(CONDITIONS)
def test_url_encoding_changes_no_meaning(conditions: Conditions) -> None:
    """Some clients encode brackets and dollars, others do not."""
    for write in WRITERS.values():
        pairs = write(conditions, None, [])
        encoded = [f"{quote(key, safe='')}={value}" for key, _, value in _partitioned(pairs)]
        assert asked("/posts?" + "&".join(encoded)) == asked("/posts?" + "&".join(pairs))


def _partitioned(pairs: list[str]) -> list[tuple[str, str, str]]:
    return [pair.partition("=") for pair in pairs]
