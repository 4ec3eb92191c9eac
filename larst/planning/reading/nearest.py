"""The word that a misspelt one was probably meant to be. Pure."""

from __future__ import annotations

from collections.abc import Iterable

MIN_CHARACTERS = 3
MAX_CHARACTERS = 40


def nearest(word: str, candidates: Iterable[str], *, at_most: int = 2) -> str | None:
    """Return the candidate within `at_most` letters of the word, one for short words; or None.

    A word of one or two letters is near to everything, and so to nothing.
    """
    if len(word) < MIN_CHARACTERS or len(word) > MAX_CHARACTERS:
        return None
    bound = min(at_most, 1 if len(word) <= 5 else 2)
    best: tuple[int, str] | None = None
    for candidate in candidates:
        if abs(len(candidate) - len(word)) > bound:
            continue
        distance = _distance(word.lower(), candidate.lower(), bound)
        if distance <= bound and (best is None or distance < best[0]):
            best = distance, candidate
    return None if best is None else best[1]


def _distance(word: str, candidate: str, bound: int) -> int:
    """Return the number of letters to insert, delete, replace or swap (optimal alignment)."""
    before: list[int] = []
    row = list(range(len(candidate) + 1))
    for i, letter in enumerate(word, 1):
        previous, row = row, [i]
        for j, other in enumerate(candidate, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == candidate[j - 2] and word[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > bound:
            return bound + 1
        before = previous
    return row[-1]
