"""Every error that LARST raises on purpose, by who can fix it.

LarstError
├── CallerError              the client: send a different request
│   ├── BadRequestError          the request cannot be understood
│   │   ├── InvalidJsonError         the body is not valid JSON, or not exactly representable
│   │   ├── BadSessionIdError        the header is not a valid session id
│   │   ├── BadResourceNameError     not a valid name for a resource
│   │   ├── BadRecordError           not a valid record: not an object, or a bad id or value
│   │   ├── QueryNotUnderstoodError  a key or a value of the query has no known meaning
│   │   ├── BadPagingError           paging makes no sense, or does not apply
│   │   └── ResultTooLargeError      the reply exceeds the limit: ask for a page
│   ├── UnknownPathError         a change of a path that only resembles a known one
│   ├── TargetTooLongError       too long, or too many path segments or query values
│   ├── BodyTooLargeError        over LARS_MAX_BODY_BYTES, or too many values
│   ├── UnsupportedCharsetError  the body is in a charset that is not read
│   ├── NotAcceptableError       none of the media types that the client accepts can be made
│   ├── BodyTooSlowError         did not arrive within LARS_REQUEST_TIMEOUT_S
│   ├── BodiesFullError          other requests hold too many bytes; the same one may succeed soon
│   ├── UnauthorizedError        no token, or a wrong one
│   ├── ForbiddenError           not allowed from there, such as a page of another origin
│   ├── HostNotAllowedError      the request names a host that is not this service's
│   ├── PlanNotFoundError        the plan book has no such plan
│   ├── SessionNotFoundError     the session has no data
│   ├── ContractNotFoundError    the session has no contract
│   ├── SnapshotNotFoundError    the session has no such snapshot
│   ├── RequestNotFoundError     the ring of requests does not have the request
│   ├── RecordNotFoundError      the record to watch does not exist
│   ├── TooManyWatchersError     the session or its tenant has as many watchers as it may have
│   ├── WatchersFullError        the service has as many watchers as it may have
│   ├── SessionNotEmptyError     an import would replace existing data
│   ├── IdTakenError             another record has that id
│   ├── DocumentConflictError    the body names another record or resource than the path
│   ├── UndoRefusedError         what a plan changed cannot be taken back
│   ├── CaseFailedError          a new program gives other replies than the cases of its plan
│   ├── PlanPinnedError          a pinned plan serves the shape, and has another intent
│   ├── PatchConflictError       the JSON Patch does not apply to the record
│   ├── PreconditionFailedError  If-Match names another version, or If-None-Match this one
│   ├── KeyReusedError           the Idempotency-Key belongs to another request
│   ├── SchemaBrokenError        the record does not match the resource's schema
│   ├── RateExceededError        the session sent too many requests in a short time
│   └── DeadlineError            the deadline passed before the program began
├── PlannerError             the operator of the planner
│   ├── NoRuleError              the built-in rules do not cover the request
│   ├── BookLockedError          the plan book is locked and has no plan for the shape
│   ├── NoUsablePlanError        the planner gave only unusable answers
│   ├── AnswerUnusableError      one answer contained no plan; another attempt may succeed
│   ├── BudgetSpentError         too many planner calls in a short time
│   └── PlannerUnreachableError  no answer: connection, overload, timeout, credentials
│       └── PlannerBrokenError       an answer that is not in the provider's format
├── ProgramError             the planner: write a better program
│   ├── ProgramRefusedError      the policy refused it
│   ├── ProgramFailedError       it raised, or its REPLY is not a valid reply
│   │   ├── EffectRefusedError       it changed what the request does not name
│   │   ├── ExampleMissedError       its reply is not the one that a user wants
│   │   └── ContractBrokenError      its reply is not as the session's contract has it
│   ├── ProgramLimitError        it exceeded memory, output or store calls
│   ├── ProgramTimeoutError      it ran too long
│   └── WorkerLostError          its worker process died
├── StoreError               the operator of the machine
│   ├── DiskRefusedError         a write failed; nothing was changed
│   ├── SessionDamagedError      files are corrupt: set aside, nothing overwritten
│   ├── DataRootTakenError       another process serves this data root
│   └── DataRootFormatError      a newer LARST has written this data root
├── QuotaFullError           the operator: the session or the tenant may have no more of it
├── ExtraMissingError        the operator: install an extra of the package
└── ConfigError              the operator, at start only

Must never know HTTP: `larst/http/problems.py` alone maps these to statuses.
"""

from __future__ import annotations

from collections.abc import Sequence

from larst.domain import RateLimit, Usage, Violation


class LarstError(Exception):
    """Base class of every error that LARST raises on purpose.

    `title` is short and stable. `detail` says exactly what went wrong and what to do.
    """

    title = "error"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail


class CallerError(LarstError):
    """The client can fix it by sending a different request."""

    title = "bad request"


class BadRequestError(CallerError):
    """The request cannot be understood."""


class InvalidJsonError(BadRequestError):
    """The body is not valid JSON, or contains a number that cannot be kept exactly."""

    title = "Invalid JSON in request body"

    def __init__(self, detail: str) -> None:
        super().__init__(f"Invalid JSON: {detail}")  # clients match the first two words


class BadSessionIdError(BadRequestError):
    """The header is not a valid session id."""

    title = "bad session id"


class BadResourceNameError(BadRequestError):
    """The name is not valid for a resource."""

    title = "bad resource name"


class BadRecordError(BadRequestError):
    """The record is not an object, or has an id or a value that cannot be stored."""

    title = "bad record"


class QueryNotUnderstoodError(BadRequestError):
    """A key or a value of the query has no known meaning; the detail names the nearest."""

    title = "query not understood"


class QueryUnsupportedError(QueryNotUnderstoodError):
    """A part of the query asks for something that no rule can do, such as groups and aggregates."""


class BadPagingError(BadRequestError):
    """Paging makes no sense, or does not apply to the request."""

    title = "bad paging"


class ResultTooLargeError(BadRequestError):
    """The reply is over LARS_MAX_RESULT_BYTES."""

    title = "result too large"


class RateExceededError(CallerError):
    """Too many requests in a short time; `limit` says when there may be more."""

    title = "too many requests"

    def __init__(self, detail: str, limit: RateLimit) -> None:
        super().__init__(detail)
        self.limit = limit
        self.retry_after_s = limit.reset_s


class TooManyWatchersError(CallerError):
    """The session or its tenant has as many watchers as it may have."""

    title = "too many watchers"


class WatchersFullError(CallerError):
    """The service has as many watchers as it may have."""

    title = "too many watchers in all"


class RecordNotFoundError(CallerError):
    """The record to watch, or the one above it, does not exist."""

    title = "not found"


class UnknownPathError(CallerError):
    """A change names a path that only resembles a known one."""

    title = "not found"


class TargetTooLongError(CallerError):
    """The request target is too long, or has too many path segments or query values."""

    title = "request target too long"


class BodyTooLargeError(CallerError):
    """The body is over LARS_MAX_BODY_BYTES, or has too many values, fields, parts or operations."""

    title = "body too large"


class UnsupportedCharsetError(CallerError):
    """The body is in a charset that is not read."""

    title = "unsupported media type"


class NotAcceptableError(CallerError):
    """None of the media types that the client accepts can be made."""

    title = "not acceptable"


class BodyTooSlowError(CallerError):
    """The body did not arrive within LARS_REQUEST_TIMEOUT_S."""

    title = "body too slow"


class BodiesFullError(CallerError):
    """The bodies of all requests together exceed LARS_MAX_BODY_BYTES_IN_FLIGHT."""

    title = "too many bytes in flight"


class UnauthorizedError(CallerError):
    """The request has no token, or a wrong one."""

    title = "unauthorized"


class ForbiddenError(CallerError):
    """The request is not allowed from there, such as from a page of another origin."""

    title = "forbidden"


class HostNotAllowedError(CallerError):
    """The request names a host that is not this service's."""

    title = "misdirected request"


class PlanNotFoundError(CallerError):
    """The plan book has no such plan, or the key is the beginning of several."""

    title = "not found"


class SessionNotFoundError(CallerError):
    """The session has no data."""

    title = "not found"


class ContractNotFoundError(CallerError):
    """The session has no contract."""

    title = "not found"


class SnapshotNotFoundError(CallerError):
    """The session has no such snapshot."""

    title = "not found"


class RequestNotFoundError(CallerError):
    """The ring of requests does not have the request, or has it no longer."""

    title = "not found"


class SessionNotEmptyError(CallerError):
    """An import would replace existing data without permission to do so."""

    title = "session not empty"


class IdTakenError(CallerError):
    """Another record has that id."""

    title = "id taken"


class DocumentConflictError(CallerError):
    """The body names another record, or another resource, than the path."""

    title = "document conflict"


class PatchConflictError(CallerError):
    """The JSON Patch does not apply to the stored record."""

    title = "patch does not apply"


class UndoRefusedError(CallerError):
    """What the latest run of a plan changed cannot be taken back; nothing was changed."""

    title = "cannot undo"


class CaseFailedError(CallerError):
    """A new program for a plan does not give the replies of the plan's cases."""

    title = "case failed"


class PlanPinnedError(CallerError):
    """A user approved the plan of the shape; a request with another intent cannot replace it."""

    title = "plan pinned"


class PreconditionFailedError(CallerError):
    """If-Match or If-None-Match does not allow the change of the stored version."""

    title = "precondition failed"


class KeyReusedError(CallerError):
    """The Idempotency-Key was sent before, with a different request."""

    title = "idempotency key reused"


class SchemaBrokenError(CallerError):
    """With LARS_SCHEMA_MODE=enforce, a record does not match its resource's schema."""

    title = "schema broken"


class DeadlineError(CallerError):
    """The deadline of the request passed before its program began; nothing was changed."""

    title = "deadline passed"


class PlannerError(LarstError):
    """The operator of the planner can fix it."""


class NoRuleError(PlannerError):
    """The built-in rules do not cover the request."""

    title = "no rule for this request"


class BookLockedError(PlannerError):
    """The plan book is locked and has no plan for this shape."""

    title = "no plan for this request"


class NoUsablePlanError(PlannerError):
    """The planner used all of its attempts without a usable answer."""

    title = "no usable plan"


class AnswerUnusableError(PlannerError):
    """An answer of a model contained no plan: refused, cut off, or in the wrong format.

    `may_ask_again` says whether another attempt, with the reason, may succeed; `usage` is the
    cost of the answer.
    """

    title = "no usable plan"

    def __init__(self, detail: str, usage: Usage, *, may_ask_again: bool) -> None:
        super().__init__(detail)
        self.usage = usage
        self.may_ask_again = may_ask_again


class BudgetSpentError(PlannerError):
    """Too many planner calls in a short time; retry after `retry_after_s`.

    `limit` is the limit that was met; None: the calls of all sessions are spent.
    """

    title = "planner budget spent"

    def __init__(self, detail: str, retry_after_s: float, limit: RateLimit | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.limit = limit


class PlannerUnreachableError(PlannerError):
    """The provider did not answer: no connection, overload, timeout, or wrong credentials.

    `retry_after_s` is the time in seconds after which a retry may succeed. `is_transient` says
    whether the same call may succeed a moment later.
    """

    title = "planner unreachable"

    def __init__(
        self, detail: str, retry_after_s: float | None = None, *, is_transient: bool = True
    ) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.is_transient = is_transient


class PlannerBrokenError(PlannerUnreachableError):
    """The answer is not in the provider's format, such as an HTML page or broken JSON."""

    title = "planner broken"


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


class StoreError(LarstError):
    """The operator of the machine can fix it."""


class DiskRefusedError(StoreError):
    """A write failed (full, read-only or broken disk); nothing was changed."""

    title = "disk refused the write"


class SessionDamagedError(StoreError):
    """Files of the session are corrupt; they were set aside, and nothing was overwritten."""

    title = "session damaged"


class DataRootTakenError(StoreError):
    """Another process serves this data root."""

    title = "data root taken"


class DataRootFormatError(StoreError):
    """The data root has a format that this LARST does not know; nothing was changed."""

    title = "data root format"


class QuotaFullError(LarstError):
    """A quota of the session or the tenant is full; nothing was changed."""

    title = "quota full"


class ExtraMissingError(LarstError):
    """The request needs an extra of the package that is not installed; the detail names it."""

    title = "extra not installed"


class ConfigError(LarstError):
    """A setting or a command-line argument is wrong; raised only at start."""

    title = "wrong setting"
