"""The order of the messages in a mailbox, and the messages that it drops."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import pytest

from larst.actors.errors import DeadlinePassedError, MailboxFullError, StoppingError
from larst.actors.mailbox import Envelope, Mailbox
from tests.fake_clock import FakeClock

TextMailbox: TypeAlias = Mailbox[str, str]
TextEnvelope: TypeAlias = Envelope[str, str]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def mailbox(clock: FakeClock) -> TextMailbox:
    """A mailbox for three messages."""
    return Mailbox(size=3, grace_s=5.0, clock=clock)


def fill(mailbox: TextMailbox, *messages: str) -> list[TextEnvelope]:
    return [mailbox.put(message, timeout_s=10.0) for message in messages]


def take_all(mailbox: TextMailbox, clock: FakeClock) -> list[str]:
    messages = []
    while (envelope := mailbox.take(clock.now())) is not None:
        messages.append(envelope.message)
    return messages


def begin(mailbox: TextMailbox, clock: FakeClock) -> TextEnvelope:
    envelope = mailbox.take(clock.now())
    assert envelope is not None
    return envelope


def do_nothing() -> None:
    pass


async def test_first_in_is_first_out(mailbox: TextMailbox, clock: FakeClock) -> None:
    """The requests of one session take effect in the order of their arrival."""
    fill(mailbox, "a", "b", "c")

    assert take_all(mailbox, clock) == ["a", "b", "c"]


async def test_a_full_mailbox_refuses_a_message(mailbox: TextMailbox) -> None:
    """Every queue has a limit."""
    fill(mailbox, "a", "b", "c")

    with pytest.raises(MailboxFullError):
        fill(mailbox, "d")

    assert mailbox.depth == 3


async def test_a_dropped_message_frees_its_place(mailbox: TextMailbox, clock: FakeClock) -> None:
    """Otherwise expired messages pile up for as long as an actor hangs."""
    _, withdrawn, late = fill(mailbox, "a", "b", "c")

    mailbox.withdraw(withdrawn)
    assert mailbox.depth == 2
    late.deadline_s += 1.0
    await clock.advance(9.0)
    fill(mailbox, "d")
    await clock.advance(1.0)

    assert mailbox.depth == 1
    assert take_all(mailbox, clock) == ["d"]


async def test_an_expired_message_fails_at_its_deadline(
    mailbox: TextMailbox, clock: FakeClock
) -> None:
    """The caller learns it at the deadline, not when the actor has time."""
    (envelope,) = fill(mailbox, "a")

    await clock.advance(10.0)

    with pytest.raises(DeadlinePassedError):
        await envelope.future


async def test_a_deadline_holds_even_if_its_timer_is_late(clock: FakeClock) -> None:
    """A blocked loop fires its timers late; a message must not begin before them."""
    mailbox: TextMailbox = Mailbox(size=3, grace_s=5.0, clock=clock)
    envelope = mailbox.put("a", timeout_s=0.0)

    assert mailbox.take(clock.now()) is None
    assert isinstance(envelope.future.exception(), DeadlinePassedError)


async def test_a_message_whose_caller_left_in_this_turn_of_the_loop_is_skipped(
    mailbox: TextMailbox, clock: FakeClock
) -> None:
    """Its withdrawal is still pending when the actor takes the next message."""
    first, _ = fill(mailbox, "a", "b")
    first.future.cancel()

    assert take_all(mailbox, clock) == ["b"]


async def test_deferred_messages_that_come_back_go_first_in_the_order_of_their_return(
    mailbox: TextMailbox, clock: FakeClock
) -> None:
    """They have waited the longest, and they do not overtake each other."""
    first, second, _ = fill(mailbox, "a", "b", "c")
    for envelope in (begin(mailbox, clock), begin(mailbox, clock)):
        mailbox.defer(envelope, do_nothing)

    mailbox.put_back(first, "A")
    mailbox.put_back(second, "B")

    assert take_all(mailbox, clock) == ["A", "B", "c"]


async def test_a_deferred_message_that_was_dropped_does_not_come_back(
    mailbox: TextMailbox, clock: FakeClock
) -> None:
    """Its caller has an error, or has left: an effect would be a surprise."""
    (envelope,) = fill(mailbox, "a")
    mailbox.defer(begin(mailbox, clock), do_nothing)
    mailbox.withdraw(envelope)

    mailbox.put_back(envelope, "A")

    assert take_all(mailbox, clock) == []


async def test_failing_the_queued_messages_keeps_the_deferred_ones(
    mailbox: TextMailbox, clock: FakeClock
) -> None:
    """An error at start says nothing about a message that waits for something else."""
    deferred, queued = fill(mailbox, "a", "b")
    mailbox.defer(begin(mailbox, clock), do_nothing)

    mailbox.fail_queued(StoppingError())

    assert isinstance(queued.future.exception(), StoppingError)
    assert not deferred.future.done()
    mailbox.fail_all(StoppingError())
    assert isinstance(deferred.future.exception(), StoppingError)


async def test_a_sealed_mailbox_keeps_new_messages_for_the_next_incarnation(
    mailbox: TextMailbox, clock: FakeClock
) -> None:
    """A retired incarnation must reach its end."""
    fill(mailbox, "a")
    mailbox.seal()
    fill(mailbox, "b")

    assert take_all(mailbox, clock) == ["a"]
    assert mailbox.is_finished
    mailbox.unseal()
    assert take_all(mailbox, clock) == ["b"]


async def test_a_reply_to_a_caller_that_left_is_dropped(
    mailbox: TextMailbox, clock: FakeClock
) -> None:
    """Setting the result of a cancelled future would raise in the actor's loop."""
    (envelope,) = fill(mailbox, "a")
    begin(mailbox, clock)
    envelope.reply = "reply"
    envelope.future.cancel()

    envelope.release()
    envelope.fail(StoppingError())

    assert envelope.future.cancelled()


async def test_the_reply_cancels_the_timer_of_a_late_message(
    mailbox: TextMailbox, clock: FakeClock
) -> None:
    """A message's timer must not outlive the message."""
    (envelope,) = fill(mailbox, "a")
    begin(mailbox, clock)
    await clock.advance(10.0)
    assert clock.pending_count == 1

    envelope.reply = "reply"
    envelope.release()

    assert clock.pending_count == 0
    assert await asyncio.wait_for(envelope.future, 1) == "reply"
