"""What holds for every test: no setting, and no provider's key, of the machine it runs on."""

from __future__ import annotations

import os

SETTINGS_OF_THE_MACHINE = ("LARS_", "SANDBOX_", "OPENAI_", "ANTHROPIC_", "LLM_", "OTEL_")


def pytest_configure() -> None:
    """Forget them before anything is imported: a test must never call, or pay, a real provider."""
    for name in list(os.environ):
        if name.startswith(SETTINGS_OF_THE_MACHINE):
            del os.environ[name]
