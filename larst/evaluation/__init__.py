"""`larst eval`: runs a suite of requests with known outcomes against a planner.

Knows the service only by its HTTP interface. Must never touch the user's data.
"""

from __future__ import annotations

from larst.evaluation.meter import MeteredPlanner
from larst.evaluation.reading import load_suite
from larst.evaluation.report import as_json, print_table, progress_bar
from larst.evaluation.runner import CaseResult, SuiteResult, run_suite
from larst.evaluation.suite import Case

__all__ = [
    "Case",
    "CaseResult",
    "MeteredPlanner",
    "SuiteResult",
    "as_json",
    "load_suite",
    "print_table",
    "progress_bar",
    "run_suite",
]
