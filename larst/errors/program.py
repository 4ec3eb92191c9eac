"""Errors of programs: the planner can fix them with a better program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from larst.errors.base import LarstError

if TYPE_CHECKING:
    from larst.domain import Violation


class ProgramError(LarstError):
    """The planner can fix it: given the reason, it may write a better program."""

    title = "program failed"


class ProgramRefusedError(ProgramError):
    """The policy refused the program; `violations` names every reason."""

    title = "program refused"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(str(violation) for violation in violations))
        self.violations = tuple(violations)


class ProgramFailedError(ProgramError):
    """The program raised, or its REPLY is not a valid reply; the detail may quote values."""


class EffectRefusedError(ProgramFailedError):
    """The program changed what the request does not name; the detail quotes no value."""

    title = "effects refused"


class EffectQuestionedError(ProgramFailedError):
    """The program did something odd, and its planner has not said that it means it.

    The detail quotes no value.
    """

    title = "effects questioned"


class ExampleMissedError(ProgramFailedError):
    """The reply is not the one that a user wants; the detail quotes no value but of the example."""

    title = "example missed"


class ContractBrokenError(ProgramFailedError):
    """The reply is not as the session's contract has it; the detail quotes no value."""

    title = "contract broken"


class ProgramLimitError(ProgramError):
    """The program exceeded its memory, output or store calls; nothing was changed."""

    title = "program limit exceeded"


class ProgramTimeoutError(ProgramError):
    """The program ran too long and was stopped; nothing was changed."""

    title = "program timed out"


class WorkerLostError(ProgramError):
    """The sandbox worker died while it ran the program; nothing was changed."""

    title = "sandbox worker lost"
