"""Kills, losses of power and refusals at any call, life after life: nothing shown is lost."""

from __future__ import annotations

import pytest

from tests.store.histories import run_history


@pytest.mark.parametrize("start", range(0, 600, 100))
async def test_no_kill_and_no_loss_of_power_loses_what_was_shown(start: int) -> None:
    """Also not a kill first, whose leftovers were seen, and the power later."""
    deaths = [await run_history(seed) for seed in range(start, start + 100)]

    assert sum(deaths) > 300


@pytest.mark.slow
@pytest.mark.parametrize("start", range(10_000, 30_000, 1000))
async def test_nor_in_twenty_thousand_histories(start: int) -> None:
    """`pytest -m slow` before a release; about four minutes."""
    deaths = [await run_history(seed) for seed in range(start, start + 1000)]

    assert sum(deaths) > 3000
