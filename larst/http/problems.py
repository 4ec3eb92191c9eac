"""Errors as HTTP problems: the only module that knows the status of an error.

Must never send more than an error's own detail: a bug gets 500, and its traceback goes to the log.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from larst import actors, errors
from larst.domain import Json, RateLimit

STATUS: Mapping[type[Exception], int] = {
    errors.BadRequestError: 400,
    errors.InvalidJsonError: 400,
    errors.BadSessionIdError: 400,
    errors.BadResourceNameError: 400,
    errors.BadRecordError: 400,
    errors.QueryNotUnderstoodError: 400,
    errors.QueryUnsupportedError: 400,
    errors.BadPagingError: 400,
    errors.ResultTooLargeError: 400,
    errors.UnauthorizedError: 401,
    errors.ForbiddenError: 403,
    errors.PlanNotFoundError: 404,
    errors.SessionNotFoundError: 404,
    errors.SnapshotNotFoundError: 404,
    errors.ContractNotFoundError: 404,
    errors.WebhookNotFoundError: 404,
    errors.ResourceSettingsNotFoundError: 404,
    errors.RequestNotFoundError: 404,
    errors.UnknownPathError: 404,
    errors.RecordNotFoundError: 404,
    errors.BookLockedError: 404,
    errors.NotAcceptableError: 406,
    errors.BodyTooSlowError: 408,
    errors.IdTakenError: 409,
    errors.ValueTakenError: 409,
    errors.SessionNotEmptyError: 409,
    errors.DocumentConflictError: 409,
    errors.PatchConflictError: 409,
    errors.CaseFailedError: 409,
    errors.UndoRefusedError: 409,
    errors.PlanPinnedError: 409,
    errors.PreconditionFailedError: 412,
    errors.BodyTooLargeError: 413,
    errors.TargetTooLongError: 414,
    errors.UnsupportedCharsetError: 415,
    errors.HostNotAllowedError: 421,
    errors.KeyReusedError: 422,
    errors.SchemaBrokenError: 422,
    errors.FieldRefusedError: 422,
    errors.RateExceededError: 429,
    errors.TooManyWatchersError: 429,
    errors.BudgetSpentError: 429,
    errors.ProgramLimitError: 500,
    errors.WorkerLostError: 500,
    actors.ActorCrashedError: 500,
    errors.NoRuleError: 501,
    errors.ExtraMissingError: 501,
    errors.AnswerUnusableError: 502,
    errors.PlannerBrokenError: 502,
    errors.NoUsablePlanError: 502,
    errors.ProgramFailedError: 502,
    errors.EffectQuestionedError: 502,
    errors.EffectRefusedError: 502,
    errors.ExampleMissedError: 502,
    errors.ContractBrokenError: 502,
    errors.ProgramRefusedError: 502,
    errors.PlannerUnreachableError: 503,
    errors.BodiesFullError: 503,
    errors.WatchersFullError: 503,
    errors.SessionDamagedError: 503,
    actors.MailboxFullError: 503,
    actors.ActorFailedError: 503,
    actors.StoppingError: 503,
    actors.ActorStoppedError: 503,
    errors.DeadlineError: 504,
    errors.ProgramTimeoutError: 504,
    actors.DeadlinePassedError: 504,
    actors.ActorLateError: 504,
    errors.DiskRefusedError: 507,
    errors.QuotaFullError: 507,
}
"""The status of each error that a request can cause; errors raised only at start have none."""

_ACTOR_PROBLEMS: Mapping[type[Exception], tuple[str, str]] = {
    actors.MailboxFullError: (
        "session busy",
        "too many requests are waiting in this session; nothing was done, try again shortly",
    ),
    actors.ActorFailedError: (
        "session failed",
        "this session crashed too often and is cooling down; other sessions are not affected",
    ),
    actors.StoppingError: ("stopping", "the service is stopping; nothing was done"),
    actors.ActorStoppedError: ("stopping", "the session stopped; nothing was done, try again"),
    actors.DeadlinePassedError: (
        "deadline passed",
        "the request waited too long and was dropped before it began; nothing was done",
    ),
    actors.ActorLateError: (
        "deadline passed",
        "the request began but did not finish in time; check its effect before you send it again",
    ),
    actors.ActorCrashedError: (
        "internal error",
        "this request triggered a bug; nothing was changed. See the log for its request id",
    ),
}
_RETRY_AFTER_S: Mapping[type[Exception], int] = {
    errors.PlannerBrokenError: 10,
    errors.PlannerUnreachableError: 10,
    errors.BodiesFullError: 1,
    errors.TooManyWatchersError: 5,
    errors.WatchersFullError: 5,
    actors.MailboxFullError: 1,
    actors.StoppingError: 5,
    actors.ActorStoppedError: 1,
    errors.SessionDamagedError: 60,
}

_log = logging.getLogger("larst.problems")


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as HTTP: a short, stable `title`, and a `detail` that says what to do."""

    status: int
    title: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Json]:
        """Return the JSON body of SPEC section 2."""
        return {"error": self.title, "detail": self.detail, "request_id": request_id}

    def rfc9457(self, request_id: str) -> dict[str, Json]:
        """Return the same facts as `application/problem+json`."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }


def problem_of(error: Exception, request_id: str) -> Problem:
    """Return the problem to send for an error; a bug is logged, and its detail is withheld.

    The crash of a session is not logged here but by its supervisor, with the id of the request.
    """
    status = STATUS.get(type(error))
    if status is None:
        _log.error(
            "bug: %s",
            type(error).__name__,
            exc_info=error,
            extra={"fields": {"request_id": request_id}},
        )
        return Problem(500, "internal error", "this is a bug; see the log for its request id")
    if isinstance(error, errors.LarstError):
        title, detail = error.title, error.detail
    else:
        title, detail = _ACTOR_PROBLEMS[type(error)]
    return Problem(status, title, detail, _headers(error))


def title_of(error: type[Exception]) -> str:
    """Return the stable title of an error class in `STATUS`."""
    return error.title if issubclass(error, errors.LarstError) else _ACTOR_PROBLEMS[error][0]


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, errors.UnauthorizedError):
        return {"WWW-Authenticate": "Bearer"}
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is None:
        retry_after_s = _RETRY_AFTER_S.get(type(error))
    if retry_after_s is None:
        return {}
    headers = {"Retry-After": str(max(1, math.ceil(retry_after_s)))}
    limit = getattr(error, "limit", None)
    return headers if limit is None else headers | rate_limit_headers(limit)


def rate_limit_headers(limit: RateLimit) -> dict[str, str]:
    """Return the RateLimit fields of draft-ietf-httpapi-ratelimit-headers-10.

    >>> rate_limit_headers(RateLimit("requests", quota=100, window_s=1, remaining=0, reset_s=0.2))
    {'RateLimit-Policy': '"requests";q=100;w=1', 'RateLimit': '"requests";r=0;t=1'}
    """
    reset_s = max(1, math.ceil(limit.reset_s))
    return {
        "RateLimit-Policy": f'"{limit.name}";q={limit.quota};w={limit.window_s}',
        "RateLimit": f'"{limit.name}";r={limit.remaining};t={reset_s}',
    }


def phrase(status: int) -> str:
    """Return the standard phrase of a status, for errors that aiohttp raises."""
    try:
        return HTTPStatus(status).phrase.lower()
    except ValueError:
        return "error"
