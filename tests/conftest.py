"""For every test: no settings and no keys of this machine; and processes for a long run."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

MACHINE_SETTINGS = ("LARS_", "SANDBOX_", "OPENAI_", "ANTHROPIC_", "LLM_", "OTEL_")

MAX_WORKERS = 8


def pytest_configure() -> None:
    """Unset them before any import: a test must never call a real provider, which costs money."""
    for name in list(os.environ):
        if name.startswith(MACHINE_SETTINGS):
            del os.environ[name]


@pytest.hookimpl(optionalhook=True)  # pytest-xdist asks, in its main process only
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one process per processor for directories; none for files, `-k` or `--collect-only`.

    A few tests finish sooner in the process that collects them.
    """
    options = config.option
    has_directory = any(Path(argument).is_dir() for argument in config.args)
    is_selection = options.keyword or options.collectonly or not has_directory
    return 0 if is_selection else os.cpu_count() or 1


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """Undo the changes of the command line to logging, if a test calls it in this process."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(capture=False)
