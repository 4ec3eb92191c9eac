"""For every test: no settings and no keys of this machine."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

MACHINE_SETTINGS = ("LARS_", "SANDBOX_", "OPENAI_", "ANTHROPIC_", "LLM_", "OTEL_")

MAX_WORKERS = 8


def pytest_configure() -> None:
    """Unset them before any import: a test must never call a real provider, which costs money."""
    for name in list(os.environ):
        if name.startswith(MACHINE_SETTINGS):
            del os.environ[name]


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """Undo the changes of the command line to logging, if a test calls it in this process."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(capture=False)
