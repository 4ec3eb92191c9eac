"""Errors that the client can fix by sending a different request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larst.errors.base import LarstError

if TYPE_CHECKING:
    from larst.domain import RateLimit


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


class WebhookNotFoundError(CallerError):
    """The session has no such webhook."""

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


class ValueTakenError(CallerError):
    """Another record has the value of a field that is unique in its resource."""

    title = "value taken"


class FieldRefusedError(CallerError):
    """A field is not as the settings of its resource require."""

    title = "field refused"


class ResourceSettingsNotFoundError(CallerError):
    """The resource has no settings of its own."""

    title = "not found"


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
