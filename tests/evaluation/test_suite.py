"""The suite: strictly read, and judged by every rule that it can state."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from larst.domain import Json
from larst.errors import ConfigError
from larst.evaluation.judging import judge
from larst.evaluation.suite import Case, Expectation, load_suite

CASE: dict[str, Json] = {
    "group": "custom",
    "name": "a case",
    "when": {"method": "GET", "path": "/a"},
    "then": {"status": 200},
}

# SPEC section 2's table, row by row, and the case that stands for it.
ROWS = {
    "POST": "create",
    "GET one": "get",
    "GET one, missing": "get, missing",
    "GET all": "list",
    "GET all, never stored": "list, never stored",
    "limit, offset, sort": "page and sort",
    "search": "search, exact",
    "prefix": "search, prefix",
    "suffix": "search, suffix",
    "contains": "search, contains",
    "getBy": "search, by field",
    "several criteria": "search, several criteria",
    "_min, _max": "range, from and to",
    "[gte], _ne": "range, bracketed",
    "_in": "membership",
    "q": "full text",
    "PUT": "replace",
    "PATCH": "merge",
    "JSON Patch": "JSON Patch",
    "DELETE": "delete",
    "POST a list": "create several, all or none",
    "POST with an id": "id of the client's own",
    "filters on the collection": "filter keeps the envelope",
    "nested": "nested, list",
    "nested, missing parent": "nested, no such parent",
    "bulk DELETE": "delete all that match",
    "bulk PATCH": "change all that match",
    "bulk without a criterion": "change all, without a criterion",
    "form": "a form",
    "unknown field": "filter by a field that no record has",
    "X-Total-Count": "search, paged",
    "HEAD": "head",
    "OPTIONS": "options",
    "405": "a method that a path cannot have",
    "types": "values compared by the type stored",
    "bad JSON": "a body that is no JSON",
    "kept exactly": "odd keys and values, kept exactly",
}


def write(path: Path, *cases: Json) -> Path:
    file = path / "suite.json"
    file.write_text(json.dumps(list(cases)))
    return file


class TestTheSuiteThatShips:
    def test_it_has_about_sixty_cases_in_three_groups(self) -> None:
        groups = [case.group for case in load_suite()]

        assert 55 <= len(groups) <= 75
        assert {group: groups.count(group) >= 10 for group in groups} == dict.fromkeys(
            ("contract", "custom", "adversarial"), True
        )

    def test_every_row_of_the_contracts_table_has_a_case(self) -> None:
        contract = {case.name for case in load_suite() if case.group == "contract"}

        assert set(ROWS.values()) - contract == set()

    def test_every_case_expects_more_than_a_status(self) -> None:
        """A planner that answers 200 to everything must not pass."""
        bare = [
            case.name
            for case in load_suite()
            if not case.checks
            and case.then.statuses == [200]
            and not {"body", "has", "headers", "present"} & case.then.model_fields_set
        ]

        assert bare == []

    def test_its_dates_are_of_the_present_month(self) -> None:
        (case,) = [
            case
            for case in load_suite(today=date(2026, 12, 31))
            if case.name == "birthdays this month"
        ]

        assert [request.body["birthday"] for request in case.given] == ["1990-12-05", "1991-01-05"]


class TestSuitesOfOnesOwn:
    def test_a_file_is_read(self, tmp_path: Path) -> None:
        assert [case.name for case in load_suite(write(tmp_path, CASE))] == ["a case"]

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"group": "mine"}, "0.group: Input should be"),
            ({"whenn": 1}, "0.whenn: Extra inputs"),
            ({"then": {"status": 99}}, "greater than or equal to 200"),
            ({"when": {"method": "GET", "path": "a"}}, "0.when.path: String should match"),
        ],
    )
    def test_what_is_wrong_with_it_is_said_in_a_line(
        self, tmp_path: Path, change: dict[str, Json], reason: str
    ) -> None:
        with pytest.raises(ConfigError) as wrong:
            load_suite(write(tmp_path, {**CASE, **change}))

        assert reason in wrong.value.detail
        assert "\n" not in wrong.value.detail

    def test_two_cases_of_a_name_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="several cases 'a case'"):
            load_suite(write(tmp_path, CASE, CASE))

    def test_a_file_that_is_not_there_or_no_json_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            load_suite(tmp_path / "nosuch.json")
        (tmp_path / "text.json").write_text("{")
        with pytest.raises(ConfigError, match="no JSON"):
            load_suite(tmp_path / "text.json")


def reasons(then: dict[str, Json], body: bytes = b'{"id":1,"tags":["a","b"]}') -> list[str]:
    expected = Expectation.model_validate({"status": 200, **then})
    return judge(expected, 200, {"Allow": "GET, POST"}, body)


class TestJudging:
    @pytest.mark.parametrize(
        "then",
        [
            {},
            {"status": [201, 200]},
            {"body": {"tags": ["a", "b"], "id": 1}},
            {"has": {"id": 1}},
            {"has": {"tags": ["a", "b"]}},
            {"has": {"tags": ["b", "a"]}, "unordered": True},
            {"headers": {"Allow": "POST"}},
            {"present": ["tags"], "absent": ["secret"]},
        ],
    )
    def test_a_reply_that_is_as_expected_passes(self, then: dict[str, Json]) -> None:
        assert reasons(then) == []

    @pytest.mark.parametrize(
        ("then", "reason"),
        [
            ({"status": 201}, "status 200, not 201"),
            ({"body": {"id": 1}}, 'not {"id":1}'),
            ({"body": None}, "not null"),
            ({"has": {"id": "1"}}, "without"),
            ({"has": {"id": True}}, "without"),
            ({"has": {"nosuch": None}}, "without"),
            ({"has": {"tags": ["b", "a"]}}, "without"),
            ({"has": {"tags": ["a"]}}, "without"),
            ({"has": {"tags": ["a", "a"]}, "unordered": True}, "without"),
            ({"headers": {"Allow": "DELETE"}}, "the header Allow"),
            ({"headers": {"Location": "."}}, "the header Location"),
            ({"present": ["secret"]}, "lacks 'secret'"),
            ({"absent": ["tags"]}, "has 'tags'"),
        ],
    )
    def test_a_reply_that_is_not_says_why(self, then: dict[str, Json], reason: str) -> None:
        (told,) = reasons(then)

        assert reason in told

    def test_a_body_that_should_be_json_and_is_not(self) -> None:
        assert "no JSON" in reasons({"has": {}}, b"<html>")[0]


def test_a_case_without_a_body_sends_none() -> None:
    """Null is a body."""
    bare = Case.model_validate(CASE)
    null = Case.model_validate({**CASE, "when": {"method": "POST", "path": "/a", "body": None}})

    assert (bare.when.has_body, null.when.has_body) == (False, True)
