"""Set-up and shut-down of OpenTelemetry, by the OTEL_ variables.

Of the other packages of LARST, only the data types in `larst.telemetry.spans` and
`larst.telemetry.metrics` may be imported here. With no endpoint and no exporter named, nothing is
traced and the SDK is not imported.
"""

from __future__ import annotations

from larst.otel.providers import Page, Providers, set_up
from larst.otel.variables import WrongVariableError

__all__ = ["Page", "Providers", "WrongVariableError", "set_up"]
