"""The live changes of one session: its latest changes, its views, and the task that feeds them.

It outlives the session's actor while it is watched: a session that sleeps has no changes. Must
never feed a change that is not durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from larst.session.live.frames import Frame, LastEvent, Place
from larst.session.live.recent import RecentChanges
from larst.session.live.view import Question, View
from larst.session.live.watcher import Watcher
from larst.store.changes import NO_POSITION, CommittedChanges, Position

InThread: TypeAlias = Callable[[Callable[[], Sequence[Frame]]], Awaitable[Sequence[Frame]]]

PACE_S = 0.1
"""Events are sent together, at most this often."""

RECORD_S = 300.0
"""How long a session goes on recording its changes after its last watcher has left."""

_SLICE = 50
"""So many watchers wake up in one turn of the event loop."""

_SLICE_EFFORT = 250
"""Steps to make events in one turn of the event loop; see `View.effort`."""

_LONG_EFFORT = 1_000
"""The events of a transaction that take more steps are made in a thread."""

MAX_PENDING = 10_000
"""Changes that wait to be encoded; beyond, all watchers get the state instead."""


class Feed:
    """The live changes of one session; `now` is a monotonic clock, `sleep` waits on it.

    `in_thread` runs work that computes for long. `make_room` is called with the bytes by which a
    view has grown.
    """

    def __init__(
        self,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        in_thread: InThread,
        make_room: Callable[[View, int], None],
    ) -> None:
        self.position = NO_POSITION
        self.recent = RecentChanges()
        self.views: dict[tuple[str, str | None, bytes], View] = {}
        self._now = now
        self._sleep = sleep
        self._in_thread = in_thread
        self._make_room = make_room
        self._followers: set[asyncio.Event] = set()
        self._record_until_s = 0.0
        self._pending: list[CommittedChanges] = []
        self._pending_changes = 0
        self._wakeup = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_recording(self) -> bool:
        """Whether it needs the changes of commits."""
        return self.is_watched or self._now() < self._record_until_s

    @property
    def is_watched(self) -> bool:
        """Whether it has watchers or followers."""
        return bool(self.views or self._followers)

    def begin(self, position: Position, history: Sequence[CommittedChanges]) -> None:
        """Go on from what the session loaded; if changes are missing, its watchers begin again."""
        for view in self.views.values():
            view.state = None  # made of changes that a failed flush may have taken back
        if history:
            self._record_until_s = self._now() + RECORD_S
        if position == self.position and self.recent.end == position.number:
            return
        is_same = position.history == self.position.history
        missed = [item for item in history if item.number > self.position.number]
        has_all = is_same and self.position.number + len(missed) == position.number
        self.recent.clear(position.number - len(history))
        for item in history:
            self.recent.add(item)
        self._move_to(position)
        if has_all:
            self._feed(missed)
        else:
            self._mark_stale()

    def advance(self, position: Position, committed: Sequence[CommittedChanges]) -> None:
        """All transactions up to `position` are durable; `committed` are those it recorded."""
        if self.position.history != position.history and self.position != NO_POSITION:
            self._mark_stale()
        if not committed and position == self.position:
            return  # the write held no transaction
        self._move_to(position)
        if not committed or committed[-1].number != position.number:
            self.recent.clear(position.number)
            return
        for item in committed:
            self.recent.add(item)
        if self.views:
            self._feed(committed)

    def follow(self, has_news: asyncio.Event) -> None:
        """Set an event whenever the position changes, and keep on recording until `unfollow`."""
        self._followers.add(has_news)

    def unfollow(self, has_news: asyncio.Event) -> None:
        """Set the event no more."""
        self._followers.discard(has_news)
        self._end_recording()

    def open(self, watcher: Watcher, question: Question, after: LastEvent | None) -> bool:
        """Add a watcher that resumes; return False, with no effect, if it cannot.

        Raises:
            ProgramFailedError: the criteria cannot be tested.
        """
        if after is None or after.history != self.position.history:
            return False
        if after.place.number > self.position.number:
            return False
        view = self._view(question)
        if after.place < view.floor:
            self._make_room(view, view.extend_back(after.history, self.recent.items()))
        start = view.next_after(after.place)
        if start is None:
            return False
        self._join(watcher, view, start, after.place)
        return True

    def join(self, watcher: Watcher, question: Question, number: int) -> View:
        """Add a watcher whose state is that after a transaction, which may not be durable yet."""
        view = self._view(question)
        self._join(watcher, view, view.end, Place(number))
        return view

    def view_of(self, question: Question) -> View | None:
        """Return the view of a question, if it has watchers."""
        return self.views.get(question.key)

    def leave(self, watcher: Watcher) -> int:
        """Remove a watcher; return the bytes that are free because its view has ended."""
        watcher.leave()
        view = watcher.view
        if view is None or view.watchers or self.views.get(view.question.key) is not view:
            return 0
        del self.views[view.question.key]
        if not self.views:
            self._end_recording()
            self._pending, self._pending_changes = [], 0
            if self._task is not None:
                self._task.cancel()
                self._task = None
        return view.size_bytes

    def cancel(self) -> asyncio.Task[None] | None:
        """Stop feeding; return the task, which is about to end."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return task

    def _end_recording(self) -> None:
        """Go on recording for a while: a client may connect again."""
        self._record_until_s = self._now() + RECORD_S

    def _move_to(self, position: Position) -> None:
        self.position = position
        for has_news in self._followers:
            has_news.set()

    def _view(self, question: Question) -> View:
        return self.views.get(question.key) or View(question, self.position.number)

    def _join(self, watcher: Watcher, view: View, start: int, after: Place) -> None:
        if watcher.view is not None and watcher.view is not view:
            self.leave(watcher)
        self.views[view.question.key] = view
        watcher.join(view, start, after)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="larst live")

    def _feed(self, committed: Iterable[CommittedChanges]) -> None:
        for item in committed:
            self._pending.append(item)
            self._pending_changes += len(item.changes or ())
        if self._pending_changes > MAX_PENDING:
            self._pending, self._pending_changes = [], 0
            self._mark_stale()
        self._wakeup.set()

    def _mark_stale(self) -> None:
        """Make all watchers begin again: changes are missing, or replaced whole resources."""
        self._pending, self._pending_changes = [], 0
        for view in self.views.values():
            view.reset(self.position.number)
            for watcher in view.watchers:
                watcher.mark_stale()

    async def _run(self) -> None:
        while True:
            await self._wakeup.wait()
            self._wakeup.clear()
            pending, self._pending, self._pending_changes = self._pending, [], 0
            await self._encode(pending)
            await self._wake()
            await self._sleep(PACE_S)

    async def _encode(self, pending: Sequence[CommittedChanges]) -> None:
        turn = 0
        for view in list(self.views.values()):
            for item in pending:
                if item.changes is None:
                    self._mark_view_stale(view, item)
                    continue
                await self._add(view, item)
                turn += view.effort(item)
                if turn >= _SLICE_EFFORT:
                    turn = 0
                    await asyncio.sleep(0)

    async def _add(self, view: View, item: CommittedChanges) -> None:
        if item.number <= view.number:
            return
        make = partial(view.events_of, self.position.history, item)
        events = await self._in_thread(make) if view.effort(item) > _LONG_EFFORT else make()
        if self.views.get(view.question.key) is view:  # its watchers may have left meanwhile
            self._make_room(view, view.add(item.number, events))

    def _mark_view_stale(self, view: View, replaced: CommittedChanges) -> None:
        if replaced.number > view.number:
            view.reset(replaced.number)
            for watcher in view.watchers:
                watcher.mark_stale()

    async def _wake(self) -> None:
        for view in list(self.views.values()):
            for index, watcher in enumerate(list(view.watchers)):
                if watcher.is_behind:
                    watcher.has_news.set()
                if index % _SLICE == _SLICE - 1:
                    await asyncio.sleep(0)
