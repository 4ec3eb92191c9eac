"""The runs of plans that a journal has: which of them can be taken back."""

from __future__ import annotations

from typing import Any

from larst.store.collection import Collection
from larst.store.run_changes import MAX_RUNS, RunChange, runs_of

ANN, BEN = {"id": 1, "name": "Ann"}, {"id": 2, "name": "Ben"}
OLD = {"id": 1, "name": "A."}


def line(plan: str | None, **resources: dict[str, Any]) -> dict[str, Any]:
    entries = {name: {"put": [], "del": [], **entry} for name, entry in resources.items()}
    return {"resources": entries, **({} if plan is None else {"plan": plan})}


def users(*records: dict[str, Any]) -> dict[str, Collection]:
    return {"users": Collection({str(record["id"]): record for record in records})}


def test_a_run_has_each_record_as_it_was_and_as_it_is() -> None:
    stored = users(ANN)
    entry = {"put": [dict(ANN)], "del": ["2"], "was": {"1": OLD, "2": BEN}}

    runs = runs_of([line("p", users=entry), {"next": {}}], stored)

    assert runs == {
        "p": [RunChange("users", "1", OLD, ANN), RunChange("users", "2", BEN, None)],
    }
    changes = runs["p"]
    assert changes is not None
    assert changes[0].after is stored["users"].records["1"]


def test_a_record_that_was_changed_since_is_not_the_stored_one() -> None:
    """Whether another line changed it, or an edit of its file."""
    run = line("p", users={"put": [ANN], "was": {"1": OLD}})
    stored = users(dict(ANN))

    for lines, records in (
        ([run, line(None, users={"put": [OLD]}), line(None, users={"put": [ANN]})], stored),
        ([run, line(None, users={"del": ["1"]})], {}),
        ([run], users({"id": 1, "name": "Edited"})),
        ([run], {}),
    ):
        changes = runs_of(lines, records)["p"]
        assert changes is not None
        assert changes[0].after not in (ANN, None), lines


def test_a_line_without_earlier_records_is_a_run_that_is_too_large() -> None:
    assert runs_of([line("p", users={"put": [ANN]})], users(ANN)) == {"p": None}


def test_hidden_resources_are_left_out_of_a_run() -> None:
    """Replies that are kept for repeated requests stay."""
    run = {"put": [ANN], "was": {}}
    runs = runs_of([line("p", users=run, **{".replies": {"put": [{"id": "k"}]}})], users(ANN))

    assert runs == {"p": [RunChange("users", "1", None, ANN)]}


def test_a_replacement_ends_the_runs_before_it() -> None:
    run = line("p", users={"put": [ANN], "was": {}})
    replaced = line(None, users={"put": [ANN], "replace": True})

    assert runs_of([run, replaced], users(ANN)) == {}
    assert list(
        runs_of([run, replaced, line("q", users={"put": [BEN], "was": {}})], users(ANN))
    ) == ["q"]


def test_the_latest_run_of_the_latest_plans_counts() -> None:
    lines = [
        line(f"p{number % 70}", users={"put": [{"id": number}], "was": {}}) for number in range(140)
    ]

    runs = runs_of(lines, {})

    assert list(runs) == [f"p{number}" for number in range(70 - MAX_RUNS, 70)]
    assert {run and run[0].key for run in runs.values()} == {str(n) for n in range(76, 140)}
