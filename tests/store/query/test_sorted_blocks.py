"""Sorted blocks behave as one sorted list."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larst.store.query import sorted_blocks
from larst.store.query.sorted_blocks import SortedBlocks
from tests.effort import examples


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_blocks, "BLOCK", 16)


NUMBERS = st.integers(0, 300)


@settings(max_examples=examples(75), deadline=None)
@given(st.sets(NUMBERS), st.lists(NUMBERS, max_size=60), NUMBERS, NUMBERS)
def test_they_hold_what_a_sorted_list_holds(
    begin: set[int], toggled: list[int], start: int, length: int
) -> None:
    blocks, numbers = SortedBlocks([(number,) for number in begin]), set(begin)
    for number in toggled:
        if number in numbers:
            numbers.remove(number)
            blocks.remove((number,))
        else:
            numbers.add(number)
            blocks.add((number,))

    entries = sorted((number,) for number in numbers)
    stop = start + length
    assert list(blocks.between(start, stop)) == entries[start:stop]
    assert list(blocks.between(start, None)) == entries[start:]
    assert list(blocks.backwards(start, stop)) == entries[::-1][start:stop]
    assert [blocks.position(entry) for entry in entries] == list(range(len(entries)))
    assert len(blocks) == len(entries)


@given(st.lists(NUMBERS, unique=True, min_size=150))
def test_no_block_is_large(numbers: list[int]) -> None:
    """Each block is sorted in one call, which nothing can interrupt."""
    blocks = SortedBlocks([(number,) for number in numbers])

    assert max(map(len, blocks._blocks)) <= 8 * sorted_blocks.BLOCK


def test_an_entry_that_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(KeyError):
        SortedBlocks([(1,)]).remove((2,))
