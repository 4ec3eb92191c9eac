"""How much work a message does on the event loop, and in a thread instead."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from larst.domain import LeaveLoopError, Record
from larst.errors import ProgramTimeoutError
from larst.store.collection import Collection
from larst.store.io_threads import Threads
from larst.store.records import count_values
from larst.store.transaction import Transaction
from larst.store.work import Work


class _Timer:
    def __init__(self) -> None:
        self.now_s = 100.0
        self.look_s = 0.0

    def __call__(self) -> float:
        self.now_s += self.look_s
        return self.now_s


@pytest.fixture
def timer() -> _Timer:
    return _Timer()


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = Threads.open()
    yield threads
    threads.close()


@pytest.fixture
def work(threads: Threads, timer: _Timer) -> Work:
    work = Work(threads, loop_steps=10, timer=timer)
    work.begin(5)
    return work


def test_steps_are_shared_by_all_calls_of_a_message(work: Work) -> None:
    work.spend(6)
    with pytest.raises(LeaveLoopError):
        work.spend(6)
    work.spend(4)


def test_a_new_message_has_all_steps_again(work: Work) -> None:
    work.spend(10)

    work.begin(5)

    work.spend(10)


def test_steps_that_are_only_required_are_not_taken(work: Work) -> None:
    work.require(10)
    work.spend(10)
    with pytest.raises(LeaveLoopError):
        work.require(1)


def test_steps_that_take_long_leave_the_event_loop(work: Work, timer: _Timer) -> None:
    """A record may have megabytes."""
    work.spend(1)
    timer.now_s += 0.1

    with pytest.raises(LeaveLoopError):
        work.spend(1)


async def test_small_work_runs_at_once_and_large_work_in_a_thread(work: Work) -> None:
    def look(steps: int) -> int:
        work.spend(steps)
        return threading.get_ident()

    small = await work.run(lambda: look(10))
    large = await work.run(lambda: look(11))

    assert small == threading.get_ident()
    assert large != threading.get_ident()


async def test_the_error_of_a_call_can_run_it_again_elsewhere(work: Work) -> None:
    """A sandbox knows the store's methods only."""
    with pytest.raises(LeaveLoopError) as caught:
        work.spend(11)

    assert await caught.value.off_loop(lambda: list(work.paced(range(11)))) == list(range(11))


async def test_work_in_a_thread_ends_at_the_deadline_of_its_message(
    work: Work, timer: _Timer
) -> None:
    def look() -> None:
        for number in work.paced(range(100_000)):
            if number == 5_000:
                timer.now_s += 6

    with pytest.raises(ProgramTimeoutError):
        await work.off_loop(look)


async def test_after_work_in_a_thread_the_loop_has_all_steps_again(work: Work) -> None:
    work.spend(10)
    await work.off_loop(lambda: work.spend(10**9))

    work.spend(10)
    with pytest.raises(LeaveLoopError):
        work.spend(1)


async def test_a_cancelled_message_waits_until_its_thread_has_let_the_store_be(
    work: Work,
) -> None:
    """A new incarnation loads the store, while the thread would still write to it."""
    begun, ended = threading.Event(), threading.Event()

    def look() -> None:
        begun.set()
        try:
            while True:
                work.spend(1)
        finally:
            ended.set()

    task = asyncio.ensure_future(work.off_loop(look))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert ended.is_set()


def test_a_search_leaves_the_event_loop_within_one_record(threads: Threads, timer: _Timer) -> None:
    """900 needles in a text of 1 MB were one look at the time."""
    stored = Collection({"1": {"id": 1, "t": "a" * 2_000}})
    work = Work(threads, timer=timer)
    view = Transaction({"users": stored}, work).resource("users")
    work.begin(5)
    timer.look_s = 0.001

    assert view.search({"&": [{"t__icontains": "a"}] * 3})
    with pytest.raises(LeaveLoopError):
        view.search({"&": [{"t__icontains": "a"}] * 60})
    assert timer.now_s < 100 + 0.03


@pytest.mark.parametrize("action", ["insert", "replace", "update"])
def test_a_record_of_many_values_leaves_the_event_loop(threads: Threads, action: str) -> None:
    """A program wrote 20 records of 40,000 values: their check and commit held it for 150 ms."""
    many: Record = {"a": [{"b": 1}] * 5_000}
    stored = {"users": Collection({"1": {"id": 1}})}
    view = Transaction(stored, Work(threads)).resource("users")

    with pytest.raises(LeaveLoopError):
        view.insert(many) if action == "insert" else getattr(view, action)(1, many)
    for _ in range(100):
        view.insert({"a": [{"b": 1}] * 10})


def test_a_change_of_a_large_record_is_large() -> None:
    """The schema check and the indexes look at the whole record, not only at the change."""
    stored = {"users": Collection({"1": {"id": 1, "a": [[1]] * 5_001}})}
    transaction = Transaction(stored)

    transaction.resource("users").update(1, {"b": 1})

    assert transaction.is_large


@pytest.mark.parametrize("patch", [[{"op": "add", "path": "/b", "value": 1}], {"b": 1}])
def test_a_change_of_a_small_record_is_not_large(patch: object) -> None:
    transaction = Transaction({"users": Collection({"1": {"id": 1, "a": [[1]] * 100}})})

    transaction.resource("users").update(1, patch)  # type: ignore[arg-type]  # as programs do

    assert not transaction.is_large


@pytest.mark.parametrize(
    ("value", "count"),
    [(None, 1), ("x" * 640, 11), ([1, (2, 3)], 5), ({"a": {"b": [1]}, "c": "d"}, 5), ([], 1)],
)
def test_values_are_counted_with_their_texts(value: object, count: int) -> None:
    """A program may store tuples, which become lists."""
    assert count_values(value, 1_000) == count


def test_the_count_of_values_stops_at_its_limit() -> None:
    """A list may hold another one many times."""
    value: list[object] = [1]
    for _ in range(200):
        value = [value, value]

    assert count_values(value, 1_000) >= 1_000


@pytest.mark.parametrize(
    ("records", "values", "is_large"),
    [(1, 5_001, True), (100, 51, True), (501, 1, True), (1, 2_000, False), (400, 5, False)],
)
def test_a_large_transaction_has_many_records_or_many_values(
    records: int, values: int, *, is_large: bool
) -> None:
    transaction = Transaction({})
    for _ in range(records):
        transaction.resource("users").insert({"a": [[1]] * values})

    assert transaction.is_large is is_large


async def test_work_in_a_thread_may_be_given_less_time(work: Work, timer: _Timer) -> None:
    """And what follows has the time of its message again."""

    def take(time_s: float) -> None:
        timer.now_s += time_s
        work.spend(1)

    with work.within(1):
        await work.off_loop(lambda: take(0.9))
        with pytest.raises(ProgramTimeoutError):
            await work.off_loop(lambda: take(0.2))

    await work.off_loop(lambda: take(2))
