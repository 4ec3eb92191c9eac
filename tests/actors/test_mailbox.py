"""What waits, in which order, and what is dropped."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import pytest

from larst.actors.errors import DeadlinePassedError, MailboxFullError, StoppingError
from larst.actors.mailbox import Envelope, Mailbox
from tests.fake_clock import FakeClock

Letters: TypeAlias = Mailbox[str, str]
Letter: TypeAlias = Envelope[str, str]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def mailbox(clock: FakeClock) -> Letters:
    """Room for three."""
    return Mailbox(size=3, grace_s=5.0, clock=clock)


def fill(mailbox: Letters, *messages: str) -> list[Letter]:
    return [mailbox.put(message, timeout_s=10.0) for message in messages]


def take_all(mailbox: Letters) -> list[str]:
    taken = []
    while (envelope := mailbox.take()) is not None:
        taken.append(envelope.message)
    return taken


def begin(mailbox: Letters) -> Letter:
    envelope = mailbox.take()
    assert envelope is not None
    return envelope


def nothing() -> None:
    pass


async def test_first_in_is_first_out(mailbox: Letters) -> None:
    """Requests of one session take effect in the order they came."""
    fill(mailbox, "a", "b", "c")

    assert take_all(mailbox) == ["a", "b", "c"]


async def test_a_full_mailbox_takes_nothing(mailbox: Letters) -> None:
    """Every queue has a bound."""
    fill(mailbox, "a", "b", "c")

    with pytest.raises(MailboxFullError):
        fill(mailbox, "d")

    assert mailbox.depth == 3


async def test_what_was_dropped_leaves_no_trace(mailbox: Letters, clock: FakeClock) -> None:
    """Else those who time out on a hung actor pile up for as long as it hangs."""
    expired, left, stays = fill(mailbox, "a", "b", "c")
    del expired

    mailbox.withdraw(left)
    assert mailbox.depth == 2
    stays.deadline_s += 1.0
    await clock.advance(9.0)
    fill(mailbox, "d")
    await clock.advance(1.0)

    assert mailbox.depth == 1
    assert take_all(mailbox) == ["d"]


async def test_an_expired_one_is_told_so(mailbox: Letters, clock: FakeClock) -> None:
    """The asker learns at its deadline, not when the actor has time."""
    (envelope,) = fill(mailbox, "a")

    await clock.advance(10.0)

    with pytest.raises(DeadlinePassedError):
        await envelope.reply


async def test_a_deadline_counts_even_if_its_timer_is_late(clock: FakeClock) -> None:
    """A blocked loop fires its timers late; a message must not slip through before them."""
    mailbox: Letters = Mailbox(size=3, grace_s=5.0, clock=clock)
    envelope = mailbox.put("a", timeout_s=0.0)

    assert mailbox.take() is None
    assert isinstance(envelope.reply.exception(), DeadlinePassedError)


async def test_one_whose_asker_left_in_this_very_turn_is_skipped(mailbox: Letters) -> None:
    """Its withdrawal is on its way, but the actor was quicker."""
    gone, _ = fill(mailbox, "a", "b")
    gone.reply.cancel()

    assert take_all(mailbox) == ["b"]


async def test_those_that_return_go_first_in_the_order_of_their_return(mailbox: Letters) -> None:
    """They have waited longest; among themselves nobody overtakes."""
    first, second, _ = fill(mailbox, "a", "b", "c")
    for envelope in (begin(mailbox), begin(mailbox)):
        mailbox.park(envelope, nothing)

    mailbox.put_back(first, "A")
    mailbox.put_back(second, "B")

    assert take_all(mailbox) == ["A", "B", "c"]


async def test_a_parked_one_that_was_dropped_does_not_return(mailbox: Letters) -> None:
    """Its asker was told, or has left: its effect would surprise everybody."""
    (envelope,) = fill(mailbox, "a")
    mailbox.park(begin(mailbox), nothing)
    mailbox.withdraw(envelope)

    mailbox.put_back(envelope, "A")

    assert take_all(mailbox) == []


async def test_failing_the_queued_leaves_the_parked(mailbox: Letters) -> None:
    """A refused start says nothing about what still waits for something else."""
    parked, queued = fill(mailbox, "a", "b")
    mailbox.park(begin(mailbox), nothing)

    mailbox.fail_queued(StoppingError())

    assert isinstance(queued.reply.exception(), StoppingError)
    assert not parked.reply.done()
    mailbox.fail_all(StoppingError())
    assert isinstance(parked.reply.exception(), StoppingError)


async def test_a_sealed_mailbox_keeps_what_comes_for_the_next(mailbox: Letters) -> None:
    """An incarnation that is to end must come to an end."""
    fill(mailbox, "a")
    mailbox.seal()
    fill(mailbox, "b")

    assert take_all(mailbox) == ["a"]
    assert mailbox.is_served
    mailbox.unseal()
    assert take_all(mailbox) == ["b"]


async def test_an_answer_for_one_who_left_is_dropped(mailbox: Letters) -> None:
    """Answering a cancelled future would raise in the middle of the actor's loop."""
    (envelope,) = fill(mailbox, "a")
    begin(mailbox)
    envelope.settle("answer")
    envelope.reply.cancel()

    envelope.release()
    envelope.fail(StoppingError())

    assert envelope.reply.cancelled()


async def test_a_late_timer_is_taken_back_with_the_answer(
    mailbox: Letters, clock: FakeClock
) -> None:
    """A timer per message must not outlive it."""
    (envelope,) = fill(mailbox, "a")
    begin(mailbox)
    await clock.advance(10.0)
    assert clock.pending_count == 1

    envelope.settle("answer")
    envelope.release()

    assert clock.pending_count == 0
    assert await asyncio.wait_for(envelope.reply, 1) == "answer"
