"""What the descriptions share: schemas of simple values, and the errors of similar operations."""

from __future__ import annotations

from collections.abc import Mapping

from larst import actors, errors
from larst.http.problems import STATUS, title_of
from larst.openapi.schemas import COUNT, Schema

TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
TIME: Schema = {"type": "string", "format": "date-time"}
COUNTS: Schema = {"type": "object", "additionalProperties": COUNT}

ID_ERRORS = (errors.BadSessionIdError, errors.SessionNotFoundError)
"""The errors of work on the session that the path names."""

JSON_ERRORS = (errors.BadRequestError, errors.InvalidJsonError, errors.BodyTooSlowError)
"""The errors of a small JSON body."""

SESSION_ERRORS = (
    errors.BadSessionIdError,
    errors.SessionDamagedError,
    errors.DiskRefusedError,
    actors.MailboxFullError,
    actors.ActorFailedError,
    actors.StoppingError,
    actors.DeadlinePassedError,
    actors.ActorCrashedError,
)
"""The errors of work that runs inside a session."""


def json_of(schema: Schema) -> Mapping[str, Schema]:
    """Return the content of a JSON body."""
    return {"application/json": schema}


def errors_of(*classes: type[Exception]) -> Mapping[int, str]:
    """Return the statuses of the errors, each with a description."""
    titles: dict[int, dict[str, None]] = {}
    all_classes: tuple[type[Exception], ...] = (errors.ForbiddenError, *classes)
    for error in all_classes:
        titles.setdefault(STATUS[error], {})[title_of(error)] = None
    return {status: f"The error is `{'` or `'.join(texts)}`." for status, texts in titles.items()}
