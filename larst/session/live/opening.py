"""Opening a watch, as a message of the session: which records, from which event on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from larst.domain import SINGLETON_ID, RequestContext, SessionKey
from larst.errors import QueryNotUnderstoodError, RecordNotFoundError, ResultTooLargeError
from larst.planning.shapes import ShapedRequest, watched_records
from larst.session.live.feed import Feed
from larst.session.live.frames import LastEvent, encode_state
from larst.session.live.hub import Feeds
from larst.session.live.view import Question, present
from larst.session.live.watcher import Watcher
from larst.store import SessionStore
from larst.store.changes import Position
from larst.store.searching import test_steps
from larst.telemetry import RequestTrace

MAX_STEPS = 64
"""The steps of the criteria of a watch; see `test_steps`. A text in all fields takes eight."""

RESUMED = b": resumed\n\n"


@dataclass(slots=True)
class Watch:
    """A GET whose client wants to see changes; `last` is the event after which it resumes.

    `request` asks for the records as a plain GET would. A state over `limit_bytes` is refused.
    `opening` is what the stream begins with, once the watch is open.
    """

    request: RequestContext
    trace: RequestTrace
    key: SessionKey
    watcher: Watcher
    feeds: Feeds
    last: LastEvent | None
    limit_bytes: int
    opening: bytes = b""


async def open_watch(store: SessionStore, shaped: ShapedRequest, watch: Watch) -> None:
    """Add the watcher to the session's feed, and set what its stream begins with.

    Raises:
        QueryNotUnderstoodError: the request asks for something that cannot be watched.
        RecordNotFoundError: the record, or the one above, does not exist.
        ResultTooLargeError: the state is over the limit.
    """
    resource, identifier, criteria = watched_records(shaped, store.data)
    if test_steps(criteria) > MAX_STEPS:
        raise QueryNotUnderstoodError(
            f"a watch can have at most {MAX_STEPS} conditions: every change is held against them;"
            " watch more records, and choose among them where they arrive"
        )
    question = Question(resource, identifier, criteria)
    feed = watch.feeds.open(watch.key, store.position)
    if feed.open(watch.watcher, question, watch.last):
        watch.opening = RESUMED
        return
    number = store.changes.number
    data = await _state(store, feed, question, watch, number)
    view = feed.join(watch.watcher, question, number)
    view.state = number, data
    watch.opening = encode_state(Position(store.position.history, number), data)


async def _state(
    store: SessionStore, feed: Feed, question: Question, watch: Watch, number: int
) -> bytes:
    view = feed.view_of(question)
    if view is not None and view.state is not None and view.state[0] == number:
        return view.state[1]
    data = await store.work.run(partial(_present, store, question, watch))
    if data is None:
        raise ResultTooLargeError(
            f"the records come to more than {watch.limit_bytes} bytes (LARS_MAX_RESULT_BYTES);"
            " watch fewer of them with a filter, such as ?status=open"
        )
    return data


def _present(store: SessionStore, question: Question, watch: Watch) -> bytes | None:
    if question.identifier is None:
        records = store.data.matching(question.resource, question.criteria)
        return present(records, question, watch.limit_bytes)
    record = store.data.record(question.resource, question.identifier)
    if record is None and watch.last is None and question.identifier != SINGLETON_ID:
        raise RecordNotFoundError(
            f"{question.resource} has no record {question.identifier[:80]} to watch; watch the"
            f" collection /{question.resource} to see it come"
        )
    return present([] if record is None else [record], question, watch.limit_bytes)
