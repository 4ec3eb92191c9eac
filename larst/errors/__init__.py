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
│   ├── WebhookNotFoundError     the session has no such webhook
│   ├── RequestNotFoundError     the ring of requests does not have the request
│   ├── RecordNotFoundError      the record to watch does not exist
│   ├── TooManyWatchersError     the session or its tenant has as many watchers as it may have
│   ├── WatchersFullError        the service has as many watchers as it may have
│   ├── SessionNotEmptyError     an import would replace existing data
│   ├── IdTakenError             another record has that id
│   ├── ValueTakenError          another record has the value of a unique field
│   ├── FieldRefusedError        a field is not as the settings of its resource require
│   ├── ResourceSettingsNotFoundError  the resource has no settings of its own
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

from larst.errors.base import (
    ConfigError,
    ExtraMissingError,
    LarstError,
    QuotaFullError,
)
from larst.errors.caller import (
    BadPagingError,
    BadRecordError,
    BadRequestError,
    BadResourceNameError,
    BadSessionIdError,
    BodiesFullError,
    BodyTooLargeError,
    BodyTooSlowError,
    CallerError,
    CaseFailedError,
    ContractNotFoundError,
    DeadlineError,
    DocumentConflictError,
    FieldRefusedError,
    ForbiddenError,
    HostNotAllowedError,
    IdTakenError,
    InvalidJsonError,
    KeyReusedError,
    NotAcceptableError,
    PatchConflictError,
    PlanNotFoundError,
    PlanPinnedError,
    PreconditionFailedError,
    QueryNotUnderstoodError,
    QueryUnsupportedError,
    RateExceededError,
    RecordNotFoundError,
    RequestNotFoundError,
    ResourceSettingsNotFoundError,
    ResultTooLargeError,
    SchemaBrokenError,
    SessionNotEmptyError,
    SessionNotFoundError,
    SnapshotNotFoundError,
    TargetTooLongError,
    TooManyWatchersError,
    UnauthorizedError,
    UndoRefusedError,
    UnknownPathError,
    UnsupportedCharsetError,
    ValueTakenError,
    WatchersFullError,
    WebhookNotFoundError,
)
from larst.errors.planner import (
    AnswerUnusableError,
    BookLockedError,
    BudgetSpentError,
    NoRuleError,
    NoUsablePlanError,
    PlannerBrokenError,
    PlannerError,
    PlannerUnreachableError,
)
from larst.errors.program import (
    ContractBrokenError,
    EffectQuestionedError,
    EffectRefusedError,
    ExampleMissedError,
    ProgramError,
    ProgramFailedError,
    ProgramLimitError,
    ProgramRefusedError,
    ProgramTimeoutError,
    WorkerLostError,
)
from larst.errors.store import (
    DataRootFormatError,
    DataRootTakenError,
    DiskRefusedError,
    SessionDamagedError,
    StoreError,
)

__all__ = [
    "AnswerUnusableError",
    "BadPagingError",
    "BadRecordError",
    "BadRequestError",
    "BadResourceNameError",
    "BadSessionIdError",
    "BodiesFullError",
    "BodyTooLargeError",
    "BodyTooSlowError",
    "BookLockedError",
    "BudgetSpentError",
    "CallerError",
    "CaseFailedError",
    "ConfigError",
    "ContractBrokenError",
    "ContractNotFoundError",
    "DataRootFormatError",
    "DataRootTakenError",
    "DeadlineError",
    "DiskRefusedError",
    "DocumentConflictError",
    "EffectQuestionedError",
    "EffectRefusedError",
    "ExampleMissedError",
    "ExtraMissingError",
    "FieldRefusedError",
    "ForbiddenError",
    "HostNotAllowedError",
    "IdTakenError",
    "InvalidJsonError",
    "KeyReusedError",
    "LarstError",
    "NoRuleError",
    "NoUsablePlanError",
    "NotAcceptableError",
    "PatchConflictError",
    "PlanNotFoundError",
    "PlanPinnedError",
    "PlannerBrokenError",
    "PlannerError",
    "PlannerUnreachableError",
    "PreconditionFailedError",
    "ProgramError",
    "ProgramFailedError",
    "ProgramLimitError",
    "ProgramRefusedError",
    "ProgramTimeoutError",
    "QueryNotUnderstoodError",
    "QueryUnsupportedError",
    "QuotaFullError",
    "RateExceededError",
    "RecordNotFoundError",
    "RequestNotFoundError",
    "ResourceSettingsNotFoundError",
    "ResultTooLargeError",
    "SchemaBrokenError",
    "SessionDamagedError",
    "SessionNotEmptyError",
    "SessionNotFoundError",
    "SnapshotNotFoundError",
    "StoreError",
    "TargetTooLongError",
    "TooManyWatchersError",
    "UnauthorizedError",
    "UndoRefusedError",
    "UnknownPathError",
    "UnsupportedCharsetError",
    "ValueTakenError",
    "WatchersFullError",
    "WebhookNotFoundError",
    "WorkerLostError",
]
