"""Runs of plans that succeeded, noted in memory, so that a pin can keep them as cases.

Must never write them anywhere: a user decides which of them are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from cachetools import LRUCache

from larst.domain import BodyKind, Record, RequestContext, WantedReply
from larst.planning import RULES, ReadyPlan
from larst.planning.shapes import ShapedRequest
from larst.store import SessionStore

MAX_RECORDS = 20
"""The records of a resource that a case holds: those that the path names, and the first ones."""

MAX_RESOURCES = 8
MAX_CASE_BYTES = 32 * 1024
_MAX_NOTED = 512


@dataclass(frozen=True, slots=True)
class NotedRun:
    """A successful run: its request, and the records that it could find, by resource.

    `goal` is the reply that its sender wanted.
    """

    request: RequestContext
    given: Mapping[str, list[Record]]
    goal: WantedReply | None = None


class NotedRuns:
    """The latest run of each plan of a model, in memory only."""

    def __init__(self) -> None:
        self._runs: LRUCache[str, NotedRun | None] = LRUCache(_MAX_NOTED)

    def needs(self, ready: ReadyPlan) -> bool:
        """Return whether the next successful run of a plan is to be noted."""
        return ready.maker.planner != RULES and ready.key not in self._runs

    def note(self, ready: ReadyPlan, shaped: ShapedRequest, store: SessionStore) -> None:
        """Note a run that is about to be committed."""
        self._runs[ready.key] = _noted(ready, shaped, store)

    def get(self, key: str) -> NotedRun | None:
        """Return the noted run of a plan, or None."""
        return self._runs.get(key)


def _noted(ready: ReadyPlan, shaped: ShapedRequest, store: SessionStore) -> NotedRun | None:
    """Return the run; None if it cannot be a case: a text for a body, or too much data."""
    request = shaped.request
    if request.body.kind in (BodyKind.TEXT, BodyKind.PATCH):
        return None
    words = (ready.plan.resource, *request.segments, *ready.program.literals)
    names = [str(word) for word in dict.fromkeys(words) if word in store.data.resources]
    given = {name: _records(store, name, request.segments) for name in names[:MAX_RESOURCES]}
    size_bytes = len(json.dumps([given, request.body.json], default=str))
    return (
        NotedRun(request, given, request.guidance.reply) if size_bytes <= MAX_CASE_BYTES else None
    )


def _records(store: SessionStore, name: str, ids: tuple[str, ...]) -> list[Record]:
    by_id = {id: record for id in ids if (record := store.data.record(name, id)) is not None}
    items, _ = store.commits.begin().resource(name).list(limit=MAX_RECORDS)
    records = {str(record["id"]): record for record in (*by_id.values(), *items)}
    return list(islice(records.values(), MAX_RECORDS))
