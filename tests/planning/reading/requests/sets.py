"""The sets of records that the requests mean, by their ids. Data."""

from __future__ import annotations

from collections.abc import Callable

from larst.domain import Json, Record
from tests.planning.reading.world import POSTS, USERS

Row = tuple[str, list[Json]]


def where(test: Callable[[Record], bool], records: list[Record] = POSTS) -> list[Json]:
    """Return the ids of the records that meet a test."""
    return [record["id"] for record in records if test(record)]


def by(name: str, *, reverse: bool = False) -> list[Json]:
    """Return the ids of the posts in the order of a field."""
    return [post["id"] for post in sorted(POSTS, key=lambda p: p[name], reverse=reverse)]


ALL = list(range(1, 31))
P2 = list(range(11, 21))
DRAFT = where(lambda p: p["status"] == "draft")
PUBLISHED = where(lambda p: p["status"] != "draft")
GT50 = where(lambda p: p["views"] > 50)
GE50 = where(lambda p: p["views"] >= 50)
LT50 = where(lambda p: p["views"] < 50)
LE50 = where(lambda p: p["views"] <= 50)
V50_60 = where(lambda p: 50 <= p["views"] <= 60)
OUT50_60 = where(lambda p: not 50 <= p["views"] <= 60)
DOWN = by("views", reverse=True)
UP = by("views")
TOP3 = DOWN[:3]
T3 = [3, 30]
T_3 = where(lambda p: "3" in p["title"])
DE = where(lambda p: p["meta"]["lang"] == "de")
A = where(lambda p: "a" in p["tags"])
B_ONLY = where(lambda p: "a" not in p["tags"])
GT50_DRAFT = where(lambda p: p["views"] > 50 and p["status"] == "draft")
OR95_1 = where(lambda p: p["views"] > 95 or p["id"] == 1)
LATE = list(range(20, 31))
EARLY = list(range(1, 21))
MIDDLE = list(range(20, 25))
USER2 = where(lambda p: p["userId"] == 2)
OF_USER2 = USER2
WITH_COMMENTS = [1, 2, 3]
BY_STATUS_THEN_VIEWS = [
    post["id"] for post in sorted(POSTS, key=lambda p: (p["status"], -p["views"]))
]
ADULTS = where(lambda u: u["age"] >= 27, USERS)
NO_3 = where(lambda p: "3" not in p["title"])
NOT_POST_1 = where(lambda p: not p["title"].startswith("Post 1"))
DRAFT_OR_1 = where(lambda p: p["status"] == "draft" or p["id"] == 1)
GE50_DRAFT_BELOW_20 = where(lambda p: p["status"] == "draft" and p["views"] >= 50 and p["id"] < 20)
