"""Everything that goes wrong by design, by who can mend it.

LarstError
├── CallerError              the client: send another request
│   ├── BadRequestError          it cannot be read
│   │   ├── InvalidJsonError         the body is not the JSON that it was said to be
│   │   ├── BadSessionIdError        the header does not name a session
│   │   ├── BadResourceNameError     the name cannot be a resource's
│   │   ├── BadRecordError           the record cannot be kept: no object, a bad id
│   │   └── ResultTooLargeError      the reply is over the limit: page it
│   ├── TargetTooLongError       too many path segments or query keys
│   ├── BodyTooLargeError        over LARS_MAX_BODY_BYTES
│   ├── BodyTooSlowError         it did not arrive within LARS_REQUEST_TIMEOUT_S
│   ├── UnauthorizedError        no token, or a wrong one
│   ├── ForbiddenError           not from there: a page of another origin
│   ├── PlanNotFoundError        the plan book has no such plan
│   ├── SessionNotFoundError     the session has no data
│   ├── SessionNotEmptyError     an import would replace what is there
│   ├── IdTakenError             a record has that id
│   ├── PatchConflictError       the JSON Patch does not apply to the record
│   ├── PreconditionFailedError  If-Match names another version
│   ├── SchemaBrokenError        a record is not as its resource's records are
│   └── DeadlineError            the request was late before its program began
├── PlannerError             whoever runs the planner
│   ├── NoRuleError              the built-in rules cannot read the request
│   ├── BookLockedError          the shape is not in the locked plan book
│   ├── NoUsablePlanError        the planner answered, but nothing usable
│   ├── AnswerUnusableError      one answer was no plan; asked again, it may give one
│   ├── BudgetSpentError         the planner may not be called again so soon
│   └── PlannerUnreachableError  no answer: connection, overload, time, credentials
│       └── PlannerBrokenError       something answered, but not in the provider's language
├── ProgramError             the planner, told what was wrong, may write a better program
│   ├── ProgramRefusedError      the policy refused it
│   ├── ProgramFailedError       it raised, or its REPLY is no reply
│   ├── ProgramLimitError        it used more memory, output or store calls than allowed
│   ├── ProgramTimeoutError      it ran too long
│   └── WorkerLostError          its worker process died under it
├── StoreError               whoever runs the machine
│   ├── DiskRefusedError         a write failed: nothing was changed
│   ├── SessionDamagedError      files are not what was written: set aside, nothing overwritten
│   └── DataRootTakenError       another process serves this data root
└── ConfigError              the operator, at start only

Must never know HTTP: problems.py alone maps these to statuses.
"""

from __future__ import annotations

from collections.abc import Sequence

from larst.domain import Usage, Violation


class LarstError(Exception):
    """Base of every error that LARST raises on purpose.

    `title` is short and stable, one per class; `detail` says what exactly and what to do.
    """

    title = "error"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail


class CallerError(LarstError):
    """The client can mend it."""

    title = "bad request"


class BadRequestError(CallerError):
    """The request cannot be read."""


class InvalidJsonError(BadRequestError):
    """The body is not the JSON that it was said to be."""

    title = "Invalid JSON in request body"


class BadSessionIdError(BadRequestError):
    """The header does not name a session."""

    title = "bad session id"


class BadResourceNameError(BadRequestError):
    """The name cannot be a resource's."""

    title = "bad resource name"


class BadRecordError(BadRequestError):
    """The record cannot be kept."""

    title = "bad record"


class ResultTooLargeError(BadRequestError):
    """The reply is over LARS_MAX_RESULT_BYTES."""

    title = "result too large"


class TargetTooLongError(CallerError):
    """Too many path segments or query keys."""

    title = "request target too long"


class BodyTooLargeError(CallerError):
    """The body is over LARS_MAX_BODY_BYTES."""

    title = "body too large"


class BodyTooSlowError(CallerError):
    """The body did not arrive within LARS_REQUEST_TIMEOUT_S."""

    title = "body too slow"


class UnauthorizedError(CallerError):
    """No token, or a wrong one."""

    title = "unauthorized"


class ForbiddenError(CallerError):
    """The request may not come from there."""

    title = "forbidden"


class PlanNotFoundError(CallerError):
    """The plan book has no such plan, or several that the key could mean."""

    title = "not found"


class SessionNotFoundError(CallerError):
    """The session has no data."""

    title = "not found"


class SessionNotEmptyError(CallerError):
    """An import would replace what is there, and was not told to."""

    title = "session not empty"


class IdTakenError(CallerError):
    """A record with that id exists."""

    title = "id taken"


class PatchConflictError(CallerError):
    """The JSON Patch does not apply to the record as it is."""

    title = "patch does not apply"


class PreconditionFailedError(CallerError):
    """If-Match names another version than the stored one."""

    title = "precondition failed"


class SchemaBrokenError(CallerError):
    """A record is not as its resource's records are, and LARS_SCHEMA_MODE=enforce."""

    title = "schema broken"


class DeadlineError(CallerError):
    """The request's deadline passed before its program began; nothing happened."""

    title = "deadline passed"


class PlannerError(LarstError):
    """Whoever runs the planner can mend it."""


class NoRuleError(PlannerError):
    """The built-in rules cannot read the request."""

    title = "no rule for this request"


class BookLockedError(PlannerError):
    """The plan book is locked and has no plan for this shape."""

    title = "no plan for this request"


class NoUsablePlanError(PlannerError):
    """The planner answered as often as allowed, and no answer was usable."""

    title = "no usable plan"


class AnswerUnusableError(PlannerError):
    """One answer of a model held no plan: refused, cut off, or not in the form asked for.

    `may_ask_again` tells whether the model could do better, told what was wrong; `usage` is what
    the answer has cost.
    """

    title = "no usable plan"

    def __init__(self, detail: str, usage: Usage, *, may_ask_again: bool) -> None:
        super().__init__(detail)
        self.usage = usage
        self.may_ask_again = may_ask_again


class BudgetSpentError(PlannerError):
    """The planner may not be called again so soon; `retry_after_s` says when."""

    title = "planner budget spent"

    def __init__(self, detail: str, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class PlannerUnreachableError(PlannerError):
    """The provider gave no answer: no connection, overload, no time left, or no permission.

    `retry_after_s` is when it may be worth trying again, in seconds; `is_transient` tells whether
    the very same call may succeed a moment later.
    """

    title = "planner unreachable"

    def __init__(
        self, detail: str, retry_after_s: float | None = None, *, is_transient: bool = True
    ) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.is_transient = is_transient


class PlannerBrokenError(PlannerUnreachableError):
    """Something answered, but not in the provider's language: an HTML page, broken JSON."""

    title = "planner broken"


class ProgramError(LarstError):
    """The planner, told what was wrong, may write a better program."""

    title = "program failed"


class ProgramRefusedError(ProgramError):
    """The policy refused the program; `violations` names every reason."""

    title = "program refused"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(str(violation) for violation in violations))
        self.violations = tuple(violations)


class ProgramFailedError(ProgramError):
    """The program raised, or assigned something to REPLY that is no reply."""


class ProgramLimitError(ProgramError):
    """The program used more memory, output or store calls than allowed."""

    title = "program limit exceeded"


class ProgramTimeoutError(ProgramError):
    """The program ran longer than allowed and was stopped; nothing was changed."""

    title = "program timed out"


class WorkerLostError(ProgramError):
    """The sandbox worker died under the program; nothing was changed."""

    title = "sandbox worker lost"


class StoreError(LarstError):
    """Whoever runs the machine can mend it."""


class DiskRefusedError(StoreError):
    """A write failed (full, read-only or broken disk); nothing was changed."""

    title = "disk refused the write"


class SessionDamagedError(StoreError):
    """Files of the session are not what was written; they were set aside, none overwritten."""

    title = "session damaged"


class DataRootTakenError(StoreError):
    """Another process serves this data root."""

    title = "data root taken"


class ConfigError(LarstError):
    """A setting is wrong; only at start."""

    title = "wrong setting"
