"""The suite: strict validation, and every kind of expectation."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from larst.domain import Json
from larst.errors import ConfigError
from larst.evaluation.answers import READERS
from larst.evaluation.matching import mismatches
from larst.evaluation.reading import load_suite
from larst.evaluation.suite import Case, Expectation

CASE: dict[str, Json] = {
    "group": "custom",
    "name": "a case",
    "when": {"method": "GET", "path": "/a"},
    "then": {"status": 200},
}

# Each row of the table in SPEC section 2, and the case that covers it.
ROWS = {
    "POST": "create",
    "GET one": "get",
    "GET one, missing": "get, missing",
    "GET all": "list",
    "GET all, never stored": "list, nothing stored",
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
    "POST with an id": "a client-assigned id",
    "filters on the collection": "filter keeps the envelope",
    "nested": "nested, list",
    "nested, missing parent": "nested, missing parent",
    "bulk DELETE": "delete all that match",
    "bulk PATCH": "update all that match",
    "bulk without a criterion": "update all, without a criterion",
    "form": "a form",
    "unknown field": "filter by an unknown field",
    "X-Total-Count": "search, paged",
    "HEAD": "head",
    "OPTIONS": "options",
    "405": "a method that the path does not allow",
    "types": "values compared by stored type",
    "bad JSON": "a body that is not JSON",
    "kept exactly": "unusual keys and values, stored exactly",
}


def write(path: Path, *cases: Json) -> Path:
    file = path / "suite.json"
    file.write_text(json.dumps(list(cases)))
    return file


class TestTheSuiteInThePackage:
    def test_it_has_cases_in_three_groups(self) -> None:
        groups = [case.group for case in load_suite()]

        minimum = {"contract": 40, "custom": 80, "adversarial": 10}
        assert {group: groups.count(group) >= minimum[group] for group in groups} == dict.fromkeys(
            minimum, True
        )

    def test_every_row_of_the_contract_has_a_case(self) -> None:
        contract = {case.name for case in load_suite() if case.group == "contract"}

        assert set(ROWS.values()) - contract == set()

    def test_every_case_expects_more_than_a_status(self) -> None:
        """A planner that answers 200 to everything must not pass."""
        unchecked = [
            case.name
            for case in load_suite()
            if not case.checks
            and case.expected.statuses == [200]
            and not {"body", "has", "headers", "present", *READERS} & case.expected.model_fields_set
        ]

        assert unchecked == []

    def test_its_dates_are_relative_to_today(self) -> None:
        (case,) = [
            case
            for case in load_suite(today=date(2026, 12, 31))
            if case.name == "subscriptions that end soon"
        ]

        ends = [record["ends_on"] for record in case.records["subscriptions"]]
        assert ends == ["2026-12-30", "2027-01-20", "2027-07-19"]


class TestCustomSuites:
    def test_a_file_is_loaded(self, tmp_path: Path) -> None:
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
    def test_an_invalid_file_is_refused_with_a_one_line_reason(
        self, tmp_path: Path, change: dict[str, Json], reason: str
    ) -> None:
        with pytest.raises(ConfigError) as refused:
            load_suite(write(tmp_path, {**CASE, **change}))

        assert reason in refused.value.detail
        assert "\n" not in refused.value.detail

    def test_records_come_from_a_file_beside_the_suite(self, tmp_path: Path) -> None:
        (tmp_path / "shop.json").write_text('{"orders": [{"id": 1, "on": "{{today+1}}"}]}')
        suite = write(tmp_path, {**CASE, "records": "shop.json"})

        (case,) = load_suite(suite, today=date(2026, 2, 28))

        assert case.records == {"orders": [{"id": 1, "on": "2026-03-01"}]}

    @pytest.mark.parametrize("name", ["../shop.json", "/etc/hostname", "nosuch.json"])
    def test_records_from_elsewhere_are_refused(self, tmp_path: Path, name: str) -> None:
        """A suite may come from someone else, and its records go into a report."""
        with pytest.raises(ConfigError, match=r"beside the suite|cannot be read"):
            load_suite(write(tmp_path, {**CASE, "records": name}))

    def test_two_cases_with_the_same_name_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="more than one case named 'a case'"):
            load_suite(write(tmp_path, CASE, CASE))

    def test_a_file_that_is_missing_or_not_json_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            load_suite(tmp_path / "nosuch.json")
        (tmp_path / "text.json").write_text("{")
        with pytest.raises(ConfigError, match="not JSON"):
            load_suite(tmp_path / "text.json")


def reasons(then: dict[str, Json], body: bytes = b'{"id":1,"tags":["a","b"]}') -> list[str]:
    expected = Expectation.model_validate({"status": 200, **then})
    return mismatches(expected, 200, {"Allow": "GET, POST"}, body)


class TestMatching:
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
    def test_a_reply_that_meets_the_expectation_matches(self, then: dict[str, Json]) -> None:
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
            ({"present": ["secret"]}, "does not contain 'secret'"),
            ({"absent": ["tags"]}, "contains 'tags'"),
        ],
    )
    def test_a_reply_that_does_not_is_reported_with_the_reason(
        self, then: dict[str, Json], reason: str
    ) -> None:
        (mismatch,) = reasons(then)

        assert reason in mismatch

    def test_a_body_that_should_be_json_but_is_not(self) -> None:
        assert "not JSON" in reasons({"has": {}}, b"<html>")[0]


def test_a_case_without_a_body_sends_none() -> None:
    """A body of null is sent."""
    without_body = Case.model_validate(CASE)
    null = Case.model_validate({**CASE, "when": {"method": "POST", "path": "/a", "body": None}})

    assert (without_body.request.has_body, null.request.has_body) == (False, True)
