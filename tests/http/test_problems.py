"""Errors to HTTP: each has a status, and none tells more than it should."""

from __future__ import annotations

import logging

import pytest

from larst import actors, errors
from larst.http.problems import STATUS, problem_of

AT_START_ONLY = {errors.DataRootTakenError, errors.ConfigError}
BASES = {
    errors.LarstError,
    errors.CallerError,
    errors.PlannerError,
    errors.ProgramError,
    errors.StoreError,
}


def _subclasses(base: type[Exception]) -> set[type[Exception]]:
    found = set(base.__subclasses__())
    return found.union(*map(_subclasses, found)) if found else found


def test_every_error_that_a_request_can_meet_has_a_status() -> None:
    """An error without one would come out as a bug."""
    raised = _subclasses(errors.LarstError) - BASES - AT_START_ONLY
    raised |= _subclasses(actors.ActorError)

    assert {error.__name__ for error in raised - set(STATUS)} == set()


def test_an_error_says_its_title_and_its_detail() -> None:
    problem = problem_of(errors.IdTakenError("members has a record 1"), "request-1")

    assert problem.status == 409
    assert problem.body("request-1") == {
        "error": "id taken",
        "detail": "members has a record 1",
        "request_id": "request-1",
    }
    assert problem.rfc9457("request-1")["title"] == "id taken"


def test_a_bug_is_logged_and_told_without_detail(caplog: pytest.LogCaptureFixture) -> None:
    """A traceback in a reply would show the inside to strangers."""
    with caplog.at_level(logging.ERROR):
        problem = problem_of(KeyError("secret"), "request-1")

    assert problem.status == 500
    assert "secret" not in problem.detail
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (actors.ActorFailedError("cooling down", retry_after_s=12.3), ("Retry-After", "13")),
        (actors.MailboxFullError(), ("Retry-After", "1")),
        (errors.UnauthorizedError(), ("WWW-Authenticate", "Bearer")),
    ],
)
def test_a_refusal_says_when_to_come_back_or_with_what(
    error: Exception, header: tuple[str, str]
) -> None:
    assert header in problem_of(error, "r").headers.items()
