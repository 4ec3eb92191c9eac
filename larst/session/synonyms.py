"""Field names that usually mean the same: a table and one reader. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

_GROUPS = (
    "status state stage phase condition",
    "done completed complete finished closed",
    "active enabled",
    "deleted removed trashed",
    "archived hidden",
    "read seen viewed",
    "cancelled canceled",
    "paid settled",
    "published public visible live",
    "price cost rate fee",
    "total sum amount totalprice totalamount grandtotal",
    "quantity qty count number units",
    "stock inventory instock available onhand",
    "name title label",
    "fullname displayname name",
    "description summary details",
    "text body content message comment",
    "email mail emailaddress",
    "phone telephone mobile phonenumber",
    "createdat created createdon creationdate datecreated creationtime",
    "updatedat updated updatedon modified modifiedat lastmodified changedat",
    "owner ownerid user userid author authorid",
    "assignee assigneeid assignedto",
    "due duedate dueat deadline",
    "rating stars score",
    "priority severity importance urgency",
    "category type kind group",
    "image picture photo avatar imageurl",
    "url link href uri",
    "balance funds credit",
    "likes likecount likescount votes upvotes",
    "views viewcount viewscount hits visits",
)
"""Each group: spellings of one thing, in lower case and without separators."""

_STATES = frozenset(_GROUPS[0].split())
_PREFIXES = re.compile(r"(?:is|has|was)(?=[A-Z_])")
_PARTICIPLE = re.compile(r".{3,}ed")
_LONG = 6
"""Names of so many letters that differ in one only are taken for two spellings."""


def _groups_of_words() -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for number, group in enumerate(_GROUPS):
        for word in group.split():
            groups.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in groups.items()}


_GROUPS_OF: Mapping[str, frozenset[int]] = _groups_of_words()


def synonym_of(name: str, others: Iterable[str], *, is_flag: bool = False) -> str | None:
    """Return the first of `others` that probably means what `name` means, or None.

    `is_flag`: its value is a boolean, so that `cancelled` may stand for a status.

    >>> synonym_of("status", ["id", "state"])
    'state'
    >>> synonym_of("is_done", ["completed"])
    'completed'
    >>> synonym_of("cancelled", ["status"], is_flag=True)
    'status'
    >>> synonym_of("note", ["state"])
    """
    return next((other for other in others if _mean_the_same(name, other, is_flag)), None)


@lru_cache(maxsize=4096)
def _mean_the_same(name: str, other: str, is_flag: bool) -> bool:
    word, other_word = _plain(name), _plain(other)
    if not word or not other_word:
        return False
    if word == other_word or {word, f"{word}s"} & {other_word, f"{other_word}s"}:
        return True
    if _GROUPS_OF.get(word, frozenset()) & _GROUPS_OF.get(other_word, frozenset()):
        return True
    if is_flag and other_word in _STATES and _PARTICIPLE.fullmatch(word):
        return True
    return min(len(word), len(other_word)) >= _LONG and _differ_in_one(word, other_word)


def _plain(name: str) -> str:
    """Return a name in lower case, without separators and without `is` or `has` before it."""
    name = name[:64]
    return re.sub(r"[^a-z0-9]", "", _PREFIXES.sub("", name, count=1).lower())


def _differ_in_one(word: str, other: str) -> bool:
    """Return whether one letter was added, left out or replaced."""
    if abs(len(word) - len(other)) > 1:
        return False
    start = next(
        (index for index, pair in enumerate(zip(word, other, strict=False)) if pair[0] != pair[1]),
        min(len(word), len(other)),
    )
    tail, other_tail = word[start:], other[start:]
    return tail[1:] == other_tail[1:] or tail[1:] == other_tail or tail == other_tail[1:]
