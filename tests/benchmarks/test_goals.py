"""The verdicts on the goals follow from the figures alone."""

from __future__ import annotations

import pytest

from benchmarks.peers.goals import GOALS, Judgement, Verdict, judge
from benchmarks.peers.report import Extra, Report
from tests.benchmarks.reports import figures, report


def judgement_of(title: str, results: Report) -> Judgement:
    (judgement,) = [row for row in judge(results) if row.goal.title == title]
    return judgement


@pytest.mark.parametrize(
    ("cpu_us", "verdict"),
    [(129, Verdict.MET), (130, Verdict.MET), (131, Verdict.MISSED)],
)
def test_the_cost_of_a_get_is_judged_against_the_constant_application(
    cpu_us: float, verdict: Verdict
) -> None:
    """A slow machine slows both down, so only the multiple can be a goal."""
    results = report(
        {"aiohttp": {"get": figures(9000, 100)}, "larst": {"get": figures(5000, cpu_us)}}
    )

    judgement = judgement_of("GET: CPU of the constant application", results)

    assert judgement.value == pytest.approx(cpu_us / 100)
    assert judgement.verdict is verdict


def test_a_rate_must_reach_its_limit() -> None:
    results = report({"larst": {"get": figures(129, 1)}, "json-server-1": {"get": figures(100, 1)}})

    judgement = judgement_of("GET: rate of json-server 1", results)

    assert judgement.value == pytest.approx(1.29)
    assert judgement.verdict is Verdict.MISSED


def test_the_sorted_list_is_compared_with_the_unsorted_page_of_json_server() -> None:
    """json-server sorts all its records each time, which makes its sorted list an easy rival."""
    rival = {"list": figures(1, 1), "page": figures(200, 1)}
    results = report({"larst": {"list": figures(100, 1)}, "json-server-1": rival})

    title = "sorted list: rate of json-server 1 for an unsorted page"
    assert judgement_of(title, results).value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("sync_ms", "rate", "verdict"),
    [
        (0.5, 900, Verdict.MISSED),
        (0.6, 900, Verdict.SLOW_DISK),
        (0.6, 1000, Verdict.MET),
    ],
)
def test_a_slow_disk_excuses_a_low_rate_of_writes_against_json_server(
    sync_ms: float, rate: float, verdict: Verdict
) -> None:
    """json-server does not wait for the disk, LARST does."""
    results = report(
        {"larst": {"post": figures(rate, 1, sync_ms)}, "json-server-1": {"post": figures(100, 1)}}
    )

    assert judgement_of("POST: rate of json-server 1", results).verdict is verdict


@pytest.mark.parametrize(
    ("rate", "rival_sync_ms", "verdict"),
    [
        (150, 9.0, Verdict.MISSED),
        (250, 13.0, Verdict.MET),
        (250, 14.0, Verdict.UNEVEN_DISK),
        (150, 5.0, Verdict.UNEVEN_DISK),
    ],
)
def test_two_servers_that_wait_for_the_disk_are_compared_on_the_same_disk(
    rate: float, rival_sync_ms: float, verdict: Verdict
) -> None:
    """Other work on the disk during one of the two loads would decide, not the servers."""
    rival = figures(100, 1, rival_sync_ms)
    results = report({"larst": {"post": figures(rate, 1, 9.0)}, "fastapi-full": {"post": rival}})

    assert judgement_of("POST: rate of FastAPI FULL", results).verdict is verdict


@pytest.mark.parametrize(
    ("is_full", "verdict"), [(True, Verdict.MET), (False, Verdict.SMALLER_RUN)]
)
def test_a_quick_run_reaches_no_goal_of_a_large_one(is_full: bool, verdict: Verdict) -> None:
    extra = Extra("wake.large", "wake", 12.0, "ms", is_full=is_full)

    judgement = judgement_of("wake of 100,000 records", report({}, extras=[extra]))

    assert (judgement.value, judgement.verdict) == (12.0, verdict)


def test_without_figures_every_goal_is_unmeasured() -> None:
    """A skipped peer must not look like a reached goal."""
    verdicts = {judgement.verdict for judgement in judge(report({}))}

    assert verdicts == {Verdict.NOT_MEASURED}


def test_the_titles_of_the_goals_are_unique() -> None:
    assert len({goal.title for goal in GOALS}) == len(GOALS)
