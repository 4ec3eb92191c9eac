"""Every error that the runtime raises on purpose, by its effect on the message.

ActorError
├── MailboxFullError      too many messages wait: not sent
├── StoppingError         the supervisor is draining: not begun, no effect
├── ActorFailedError      crashed too often and is cooling down: not begun, no effect
├── DeadlinePassedError   not begun in time: dropped, no effect
├── ActorLateError        begun, but no reply in time: it may have had effects
├── ActorCrashedError     the actor crashed on this message; the cause is the bug
└── ActorStoppedError     the runtime was cancelled under the actor, or the actor sleeps and the
                          message must not wake it: not begun, no effect

Must never know the meaning of a message, or how a client sees an error.
"""

from __future__ import annotations


class ActorError(Exception):
    """Base class of every error that the runtime raises on purpose."""


class MailboxFullError(ActorError):
    """The mailbox is full; the message was not sent, and sending it again later is safe."""


class StoppingError(ActorError):
    """The supervisor accepts no more messages; this message had no effect."""


class ActorFailedError(ActorError):
    """The actor crashed too often and is cooling down; the message had no effect.

    `retry_after_s` is the time in seconds until the supervisor accepts messages for it again.
    """

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DeadlinePassedError(ActorError):
    """The deadline passed before the message began; it was dropped and had no effect."""


class ActorLateError(ActorError):
    """The message began but has no reply in time; it continues and may have effects."""


class ActorCrashedError(ActorError):
    """The actor crashed on this message; `__cause__` is the bug.

    As far as the runtime knows, no part of the message took effect.
    """

    @classmethod
    def on(cls, bug: BaseException) -> ActorCrashedError:
        """Return the error to raise to the caller whose message met `bug`."""
        error = cls(f"the actor crashed on this message: {type(bug).__name__}")
        error.__cause__ = bug
        return error


class ActorStoppedError(ActorError):
    """No actor was there to begin the message, which had no effect."""
