"""What holds for every test: no setting, and no provider's key, of the machine it runs on."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

SETTINGS_OF_THE_MACHINE = ("LARS_", "SANDBOX_", "OPENAI_", "ANTHROPIC_", "LLM_", "OTEL_")


def pytest_configure() -> None:
    """Forget them before anything is imported: a test must never call, or pay, a real provider."""
    for name in list(os.environ):
        if name.startswith(SETTINGS_OF_THE_MACHINE):
            del os.environ[name]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what the command line does to logging, where a test calls it in this process."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(capture=False)
