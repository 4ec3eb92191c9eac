"""A receiver, and attempts that follow each other quickly."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from larst.http.webhooks import delivery, service
from tests.http.webhooks.receiver import Receiver


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(delivery, "MAX_WAIT_S", 0.002)
    monkeypatch.setattr(service, "SAVE_EVERY_S", 0)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.server.start_server()
    yield receiver
    receiver.hold.set()
    await receiver.server.close()
