"""The planner of the benchmark: its program is valid, and has to run in a worker."""

from __future__ import annotations

from benchmarks.peers.servers.planner import PROGRAM
from larst.domain import total
from larst.policy import PolicyLimits, check


def test_its_program_runs_in_a_worker() -> None:
    """A program that runs directly would measure something else."""
    assert isinstance(check(PROGRAM, PolicyLimits()).total, total.NotTotal)
