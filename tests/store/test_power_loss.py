"""Kills, losses of power and refused calls, life after life: no shown change is lost."""

from __future__ import annotations

import pytest

from tests.store.histories import run_history


@pytest.mark.parametrize("start", range(0, 300, 100))
async def test_no_kill_or_loss_of_power_loses_a_shown_change(start: int) -> None:
    """Also where a kill comes first, the next life shows its leftovers, and then power is lost."""
    deaths = [await run_history(seed) for seed in range(start, start + 100)]

    assert sum(deaths) > 300


@pytest.mark.slow
@pytest.mark.parametrize("start", range(10_000, 30_000, 1000))
async def test_twenty_thousand_histories_lose_no_shown_change(start: int) -> None:
    """`pytest -m slow` before a release; about four minutes."""
    deaths = [await run_history(seed) for seed in range(start, start + 1000)]

    assert sum(deaths) > 3000
