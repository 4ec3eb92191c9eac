"""Worked examples: requests with the programs that answer them, and the choice of the nearest.

Each `.md` file has a title and these parts: what a model sees of the request, the plan, the
records that the example runs against, and requests with their replies. Standard library only.
Must never choose at random: equal requests get equal prompts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_PART = re.compile(
    r"^## (?P<name>\w[\w ]*)\n+(?:(?P<line>[^\n`][^\n]*)\n+)?```\w+\n(?P<text>.*?)\n```",
    re.MULTILINE | re.DOTALL,
)
_PLAN = re.compile(r"action (?P<action>\w+), resource (?P<resource>[\w-]+)")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_CLASS = re.compile(r"<.*")

_VERBS: Sequence[frozenset[str]] = tuple(
    frozenset(words.split())
    for words in (
        "close cancel archive complete finish approve reject publish unpublish activate deactivate"
        " enable disable lock unlock suspend resume start stop pause open reopen ship deliver pay"
        " confirm block ban verify accept decline mark return refund submit expire end",
        "total sum revenue sales amount turnover spend spending",
        "average avg mean rating score",
        "count number size how many",
        "report stats statistics summary overview dashboard metrics breakdown by per group"
        " histogram distribution",
        "top best highest most largest biggest cheapest lowest least max min oldest newest latest"
        " recent last first leaderboard ranking popular",
        "today week month year overdue due expired upcoming between since until late soon old",
        "transfer move swap exchange send reassign merge",
        "assign unassign invite join leave follow enroll subscribe attach link book reserve borrow",
        "add append push tag untag remove tags items like unlike vote upvote increment decrement"
        " bump adjust restock deposit withdraw charge credit",
        "copy clone duplicate fork",
        "bulk batch all many import archive-done purge clear cleanup",
        "checkout order purchase buy place convert",
        "unique distinct names categories values options suggestions autocomplete",
        "random sample missing without empty low stock duplicates orphans unused inactive",
        "quote estimate calculate convert compute preview validate check simulate tax discount",
        "export csv text vcard",
        "toggle switch flip",
        "history log audit timeline events feed activity",
        "next previous neighbours position queue",
        "login register profile me password",
    )
)
"""Words that ask for the same kind of program."""


@dataclass(frozen=True, slots=True)
class Example:
    """One example. `context`, `schemas` and `links` are what a model sees of its request.

    `records` and `requests` are for the tests, which run each example.
    """

    name: str
    title: str
    context: Mapping[str, Any]
    schemas: Mapping[str, Any]
    links: Mapping[str, Any]
    action: str
    resource: str | None
    program: str
    records: Mapping[str, Any]
    requests: Sequence[Mapping[str, Any]]

    @property
    def is_plain(self) -> bool:
        """Whether the rules serve such requests: a model sees them only in place of the rules."""
        return self.action != "custom"


@cache
def examples() -> tuple[Example, ...]:
    """Return all examples, by name."""
    names = sorted(path.name for path in files(__name__).iterdir() if path.name.endswith(".md"))
    return tuple(parse(name.removesuffix(".md"), _text(name)) for name in names)


def parse(name: str, text: str) -> Example:
    """Return the example in a file.

    Raises:
        ValueError: a part is missing.
    """
    parts = {match["name"]: match for match in _PART.finditer(text)}
    if missing := {"Seen", "Plan", "Records", "Requests"} - parts.keys():
        raise ValueError(f"{name}.md lacks the part {', '.join(sorted(missing))}")
    plan = _PLAN.fullmatch(parts["Plan"]["line"] or "")
    if plan is None:
        raise ValueError(f"{name}.md: the plan needs a line 'action NAME, resource NAME'")
    seen = json.loads(parts["Seen"]["text"])
    return Example(
        name=name,
        title=text.partition("\n")[0].removeprefix("# "),
        context=seen["context"],
        schemas=seen["schemas"],
        links=seen["links"],
        action=plan["action"],
        resource=None if plan["resource"] == "null" else plan["resource"],
        program=parts["Plan"]["text"],
        records=json.loads(parts["Records"]["text"]),
        requests=json.loads(parts["Requests"]["text"]),
    )


def nearest(
    context: Mapping[str, Any], pool: Iterable[Example], *, schemas: Mapping[str, Any]
) -> list[Example]:
    """Return the examples of the pool, the one nearest to the request first.

    Near is: the same method, the same or a similar verb, path nesting, and kind and fields of the
    body. Equally near examples are in the order of their names.
    """
    traits = _Traits.of(context, schemas)
    return sorted(
        pool,
        key=lambda example: (
            -traits.similarity(_Traits.of(example.context, example.schemas)),
            example.name,
        ),
    )


def is_family(example: Example, context: Mapping[str, Any], *, schemas: Mapping[str, Any]) -> bool:
    """Return whether an example's request differs from `context` in little but its resource.

    Both have the same method, ids in the same places, and the same last word or a similar verb.
    """
    traits, other = _Traits.of(context, schemas), _Traits.of(example.context, example.schemas)
    is_like = (traits.method, traits.nesting) == (other.method, other.nesting)
    return is_like and bool(traits.last & other.last or traits.groups & other.groups)


@dataclass(frozen=True, slots=True)
class _Traits:
    """The properties of a request that its program depends on."""

    method: str
    nesting: tuple[bool, ...]
    last: frozenset[str]
    words: frozenset[str]
    groups: frozenset[int]
    body: str
    fields: frozenset[str]
    query: frozenset[str]

    @classmethod
    def of(cls, context: Mapping[str, Any], schemas: Mapping[str, Any]) -> _Traits:
        path = [part for part in context["path"].split("/") if part]
        names = [part for part in path if not part.startswith("<")]
        verbs = [part for part in names if part not in schemas] or names[-1:]
        words = frozenset(word for part in verbs for word in _words(part))
        last = frozenset(_words(names[-1])) if names else frozenset()
        query = frozenset(context.get("query") or {})
        body = context.get("body_json")
        all_words = words | {word for key in query for word in _words(key)}
        return cls(
            method=context["method"],
            nesting=tuple(part.startswith("<") for part in path),
            last=last,
            words=words,
            groups=frozenset(i for i, group in enumerate(_VERBS) if group & all_words),
            body=_kind(body, context.get("body_text")),
            fields=frozenset(body) if isinstance(body, Mapping) else frozenset(),
            query=query,
        )

    def similarity(self, other: _Traits) -> float:
        """Return how near two requests are; only the order of the results has a meaning."""
        return (
            3.0 * (self.method == other.method)
            + 1.0 * ((self.method == "GET") == (other.method == "GET"))
            + 3.0 * bool(self.last & other.last)
            + 2.0 * _overlap(self.words, other.words)
            + 3.0 * _overlap(self.groups, other.groups)
            + 2.0 * (self.nesting == other.nesting)
            + 1.0 * (any(self.nesting) == any(other.nesting))
            + 1.5 * (self.body == other.body)
            + 1.0 * _overlap(self.fields, other.fields)
            + 1.0 * (bool(self.query) == bool(other.query))
        )


def _words(name: str) -> list[str]:
    """Return the words of a name, in singular where that is simple: `low-stock`, `byCategory`."""
    words = [word.lower() for word in _WORD.findall(name)]
    return words + [word[:-1] for word in words if word.endswith("s") and len(word) > 3]


def _overlap(one: frozenset[Any], other: frozenset[Any]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def _kind(body: object, text: object) -> str:
    if text is not None:
        return "text"
    return "none" if body is None else "list" if isinstance(body, list) else type(body).__name__


def _text(name: str) -> str:
    return (files(__name__) / name).read_text("utf-8")
