"""Everything that the runtime raises on purpose, by what became of the message.

ActorError
├── MailboxFullError      too many wait already: nothing was sent
├── StoppingError         the supervisor is draining: not begun, no effect
├── ActorFailedError      it crashed too often and cools down: not begun, no effect
├── DeadlinePassedError   not begun in time: dropped, no effect
├── ActorLateError        begun, but not answered in time: it may have had effects
├── ActorCrashedError     the actor crashed on this very message; the cause is the bug
└── ActorStoppedError     the runtime was cancelled under the actor: not begun, no effect

Must never know what a message means, nor how an error is told to a client.
"""

from __future__ import annotations


class ActorError(Exception):
    """Base of every error that the runtime raises on purpose."""


class MailboxFullError(ActorError):
    """The mailbox has no room; nothing was sent, and asking again later is safe."""


class StoppingError(ActorError):
    """The supervisor takes no more messages; this one had no effect."""


class ActorFailedError(ActorError):
    """The actor crashed too often and cools down; the message had no effect.

    `retry_after_s` is the time, in seconds, until the next ask will be tried.
    """

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DeadlinePassedError(ActorError):
    """The deadline passed before the message began; it was dropped and had no effect."""


class ActorLateError(ActorError):
    """The message began but has no answer in time; it runs on and may have effects."""


class ActorCrashedError(ActorError):
    """The actor crashed on this very message; `__cause__` is the bug.

    Nothing of the message took effect as far as the runtime knows.
    """

    @classmethod
    def on(cls, bug: BaseException) -> ActorCrashedError:
        """Return the error that tells an asker of `bug`."""
        error = cls(f"the actor crashed on this message: {type(bug).__name__}")
        error.__cause__ = bug
        return error


class ActorStoppedError(ActorError):
    """The runtime was cancelled before the message began; it had no effect."""
