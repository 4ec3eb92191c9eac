"""What the documentation lists is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from larst.telemetry.metrics import METRICS

DOCS = Path(__file__).parents[1] / "docs"


def test_every_metric_is_told_of_as_it_is() -> None:
    """Whoever builds a dashboard reads the page, not the code."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| (\S+) \| (.+) \|$", _telemetry(), re.MULTILINE)

    assert rows == [(one.name, str(one.kind), one.unit, one.description) for one in METRICS]


def _telemetry() -> str:
    return (DOCS / "telemetry.md").read_text()
