"""The fixture that most tests of the actor runtime share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.actors.fakes import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Counters under a supervisor with the default settings."""
    world = World()
    yield world
    await world.close()
