"""What a release is made of: pinned to the version, looked up for vulnerabilities, and listed."""

from __future__ import annotations

import json
import runpy
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from tests.test_repository import pins

ROOT = Path(__file__).parent.parent


def _tool(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / f"{name}.py"))


def _installed_versions(name: str, extras: frozenset[str]) -> dict[NormalizedName, str]:
    """Return the versions of everything that a distribution needs, directly or not."""
    versions: dict[NormalizedName, str] = {}
    waiting, seen = [(canonicalize_name(name), extras)], set()
    while waiting:
        item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        try:
            needed = distribution(item[0])
        except PackageNotFoundError:  # of another system
            continue
        versions[item[0]] = needed.version
        for requirement in map(Requirement, needed.requires or []):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in {"", *item[1]}):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return versions


def test_everything_that_developers_install_is_pinned() -> None:
    """A version without a pin can change between two runs of the same commit."""
    versions = _installed_versions("larst", frozenset({"dev"}))
    for name in map(canonicalize_name, ("larst", "pip")):  # pip comes with Python, and reads pins
        versions.pop(name, None)

    assert set(versions) <= set(pins())
    assert all("==" in str(pin) for pin in pins().values())


class TestAudit:
    def test_it_says_that_the_service_cannot_be_reached(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        status = _tool("audit")["main"]("http://127.0.0.1:9/v1/query")

        assert status == 0
        assert "skipped: the advisory service http://127.0.0.1:9" in capsys.readouterr().out

    def test_a_page_of_a_proxy_is_not_taken_for_the_service(self, tmp_path: Path) -> None:
        answer = tmp_path / "json"
        answer.write_text("<html>")

        assert _tool("audit")["main"](answer.as_uri(), [sys.executable, "-c", "exit(1)"]) == 0

    def test_it_fails_with_a_vulnerability(self, tmp_path: Path) -> None:
        answer = tmp_path / "json"
        answer.write_text(json.dumps({"vulns": []}))

        assert _tool("audit")["main"](answer.as_uri(), [sys.executable, "-c", "exit(1)"]) == 1


@pytest.mark.packaging
def test_the_bill_of_materials_lists_the_pinned_versions(tmp_path: Path) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    output = tmp_path / "larst.cdx.json"

    _tool("bill_of_materials")["write"](output, python=Path(sys.executable))

    bill = json.loads(output.read_text())
    listed = {canonicalize_name(part["name"]): part["version"] for part in bill["components"]}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(output.read_text()) is None
    assert bill["metadata"]["component"]["name"] == "larst"
    for name, version in _installed_versions("larst", frozenset()).items():
        assert name == "larst" or listed[name] == version
