"""A sorted list in blocks: it is built, changed and read in small steps. Pure.

One `sort` of 200,000 entries holds the interpreter's lock, and with it the event loop, for 0.3 s.
Here no call of the interpreter handles more than some thousand entries at once.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

Entry: TypeAlias = Any
"""A tuple that differs from all other entries; its last item is the place of a record."""

BLOCK = 512
_SAMPLES_PER_BLOCK = 4


class SortedBlocks:
    """Distinct entries in ascending order.

    >>> entries = SortedBlocks([(3,), (1,), (2,)])
    >>> entries.add((0,))
    >>> entries.remove((2,))
    >>> list(entries.between(1, 3)), len(entries)
    ([(1,), (3,)], 3)
    """

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self._blocks = _sorted_blocks(entries) or [[]]
        self._first = [block[0] for block in self._blocks if block]
        self._count = len(entries)

    def __len__(self) -> int:
        return self._count

    def add(self, entry: Entry) -> None:
        """Add an entry."""
        number = self._block_of(entry)
        block = self._blocks[number]
        insort(block, entry)
        self._count += 1
        if not self._first:
            self._first = [entry]
        self._first[number] = block[0]
        if len(block) > 2 * BLOCK:
            self._blocks[number : number + 1] = [block[:BLOCK], block[BLOCK:]]
            self._first.insert(number + 1, block[BLOCK])

    def remove(self, entry: Entry) -> None:
        """Remove an entry.

        Raises:
            KeyError: it is not there.
        """
        number = self._block_of(entry)
        block = self._blocks[number]
        index = bisect_left(block, entry)
        if index == len(block) or block[index] != entry:
            raise KeyError(entry)
        del block[index]
        self._count -= 1
        if block:
            self._first[number] = block[0]
        else:
            del self._first[number]
            if len(self._blocks) > 1:
                del self._blocks[number]

    def free_some(self) -> bool:
        """Drop a block for good; return whether more are left."""
        if self._blocks:
            self._blocks.pop()
        return bool(self._blocks)

    def between(self, start: int, stop: int | None) -> Iterator[Entry]:
        """Yield the entries from position `start` up to `stop`, which is not included."""
        place, last = 0, self._count if stop is None else stop
        for block in self._blocks:
            if place >= last:
                return
            if place + len(block) > start:
                yield from block[max(0, start - place) : last - place]
            place += len(block)

    def backwards(self, start: int, stop: int | None) -> Iterator[Entry]:
        """Yield the entries as `between` does, in descending order."""
        place, last = 0, self._count if stop is None else stop
        for block in reversed(self._blocks):
            if place >= last:
                return
            if place + len(block) > start:
                yield from block[::-1][max(0, start - place) : last - place]
            place += len(block)

    def position(self, entry: Entry) -> int:
        """Return how many entries are smaller."""
        number = self._block_of(entry)
        before = sum(map(len, self._blocks[:number]))
        return before + bisect_left(self._blocks[number], entry)

    def _block_of(self, entry: Entry) -> int:
        # The last block that begins at or before the entry.
        return max(0, bisect_right(self._first, entry) - 1)


def _sorted_blocks(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Return the entries in sorted blocks, which a sample of them divides."""
    if len(entries) <= BLOCK:
        return [sorted(entries)] if entries else []
    size = len(entries) * _SAMPLES_PER_BLOCK // BLOCK
    # A random sample: no order of the records, however chosen, makes the blocks uneven.
    sample = random.sample(entries, size)
    ordered = [entry for block in _sorted_blocks(sample) for entry in block]
    starts = ordered[_SAMPLES_PER_BLOCK::_SAMPLES_PER_BLOCK]
    blocks: list[list[Entry]] = [[] for _ in range(len(starts) + 1)]
    for entry in entries:
        blocks[bisect_right(starts, entry)].append(entry)
    return list(_split(block for block in blocks if block))


def _split(blocks: Iterable[list[Entry]]) -> Iterator[list[Entry]]:
    """Yield the blocks sorted; one that is much too large is divided again."""
    for block in blocks:
        if len(block) > 8 * BLOCK:
            yield from _sorted_blocks(block)
        else:
            block.sort()
            yield block
