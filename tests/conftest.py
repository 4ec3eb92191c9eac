"""For every test: no settings and no keys of this machine; and processes for a long run."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

MACHINE_SETTINGS = ("LARS_", "SANDBOX_", "OPENAI_", "ANTHROPIC_", "LLM_", "OTEL_")

MAX_WORKERS = 8

# A busy machine is slow now and then: a time limit per example would fail without a fault.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure() -> None:
    """Unset them before any import: a test must never call a real provider, which costs money."""
    for name in list(os.environ):
        if name.startswith(MACHINE_SETTINGS):
            del os.environ[name]
    # Services under test would compile each module again: 0.1 s of the 0.9 s that a start takes.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # jsonschema imports it for the formats `iri` and `iri-reference`, which no document here has:
    # compiling its 38 grammars would take each process 2.5 s.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # None: an ImportError


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the number of processes for `-n auto`; 0 is this process, sooner for a few tests.

    One more than there are processors, since some tests wait for other processes. Do not move this
    into `pytest_cmdline_main`: each worker calls that hook too, and would start workers itself.
    """
    options = config.option
    has_directory = any(Path(argument).is_dir() for argument in config.args)
    is_selection = bool(options.keyword) or "not slow" not in options.markexpr
    if is_selection or options.collectonly or not has_directory:
        return 0
    return min(MAX_WORKERS, max(2, os.cpu_count() or 1) + 1)


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """Undo the changes of the command line to logging, if a test calls it in this process."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(capture=False)
