"""Set-up and shut-down of telemetry, as the OTEL_ variables ask. Nothing here may import LARST.

With no endpoint and no exporter named, nothing is traced, and nothing is imported but this.
"""

from __future__ import annotations

from larst.otel.providers import Page, Providers, set_up
from larst.otel.variables import WrongVariableError

__all__ = ["Page", "Providers", "WrongVariableError", "set_up"]
