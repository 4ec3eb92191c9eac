"""Errors as HTTP problems: each has a status, and no reply reveals more than it should."""

from __future__ import annotations

import logging
from collections.abc import Set as AbstractSet

import pydantic_monty
import pytest

from larst import actors, errors
from larst.http.problems import STATUS, problem_of, title_of
from larst.sandbox.failures import TRANSLATED

ONLY_AT_START = {errors.DataRootTakenError, errors.DataRootFormatError, errors.ConfigError}
BASES = {
    errors.LarstError,
    errors.CallerError,
    errors.PlannerError,
    errors.ProgramError,
    errors.StoreError,
}


def _subclasses(base: type[Exception]) -> set[type[Exception]]:
    direct = set(base.__subclasses__())
    return direct.union(*map(_subclasses, direct)) if direct else direct


class TestNoErrorIsUnmapped:
    """An error that is not in the tables reaches the client as a bug, with status 500."""

    def test_every_error_of_larst_that_a_request_can_meet_has_a_status(self) -> None:
        expected = _subclasses(errors.LarstError) - BASES - ONLY_AT_START

        assert _names(expected - set(STATUS)) == set()

    def test_every_public_error_of_the_actors_has_a_status_and_a_title(self) -> None:
        exported = {getattr(actors, name) for name in actors.__all__}
        expected = {
            item
            for item in exported
            if isinstance(item, type) and issubclass(item, actors.ActorError)
        } - {actors.ActorError}

        assert expected >= _subclasses(actors.ActorError)
        assert _names(expected - set(STATUS)) == set()
        assert all(title_of(error) for error in expected)

    def test_every_error_of_the_interpreter_is_translated(self) -> None:
        """A new release may add a class; it must not reach the client as a bug."""
        exported = {getattr(pydantic_monty, name) for name in pydantic_monty.__all__}
        expected = {
            item for item in exported if isinstance(item, type) and issubclass(item, BaseException)
        }

        assert expected >= {pydantic_monty.MontyError}
        assert _names(expected - set(TRANSLATED)) == set()

    def test_errors_raised_only_at_start_have_no_status(self) -> None:
        assert set(STATUS).isdisjoint(ONLY_AT_START | BASES)


def _names(classes: AbstractSet[type[BaseException]]) -> set[str]:
    return {error.__name__ for error in classes}


def test_a_problem_has_the_title_and_the_detail_of_its_error() -> None:
    problem = problem_of(errors.IdTakenError("members has a record 1"), "request-1")

    assert problem.status == 409
    assert problem.body("request-1") == {
        "error": "id taken",
        "detail": "members has a record 1",
        "request_id": "request-1",
    }
    assert problem.rfc9457("request-1")["title"] == "id taken"


def test_a_bug_is_logged_and_its_detail_is_withheld(caplog: pytest.LogCaptureFixture) -> None:
    """A traceback in a reply would show internals to any client."""
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
def test_a_refusal_has_the_header_that_says_when_or_how_to_retry(
    error: Exception, header: tuple[str, str]
) -> None:
    assert header in problem_of(error, "r").headers.items()


def test_the_detail_of_invalid_json_begins_with_these_words() -> None:
    """Clients of the original service match them."""
    problem = problem_of(errors.InvalidJsonError("EOF at line 1"), "r")

    assert problem.detail == "Invalid JSON: EOF at line 1"
