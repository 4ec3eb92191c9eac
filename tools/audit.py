"""Look up known vulnerabilities of the versions in constraints.txt: `python tools/audit.py`.

Fails if there is one, or if a version cannot be looked up. Where the advisory service cannot be
reached at all, it says so and passes: a check without a network has no answer to give.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

SERVICE = "https://api.osv.dev/v1/query"
"""The database of advisories that pip-audit asks (osv.dev)."""

TIMEOUT_S = 10
ROOT = Path(__file__).parent.parent


def main(service: str = SERVICE, command: list[str] | None = None) -> int:
    """Return the exit status."""
    reason = unreachable(service)
    if reason is not None:
        print(f"skipped: the advisory service {service} cannot be reached ({reason})")
        return 0
    # --strict: a version that the service does not know is an error, not a line of a table.
    return subprocess.run(command or _pip_audit(), check=False).returncode


def unreachable(service: str) -> str | None:
    """Return why the service gives no advisories, or None if it does."""
    name, version = (ROOT / "constraints.txt").read_text().split()[0].split("==")
    query = {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
    request = urllib.request.Request(service, json.dumps(query).encode())  # noqa: S310 - https
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310 - https
            answer = json.load(reply)
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__
    return None if isinstance(answer, dict) else "it has no advisories"


def _pip_audit() -> list[str]:
    options = [
        "--strict",
        "--vulnerability-service",
        "osv",
        "--no-deps",
        "--disable-pip",
        "--progress-spinner",
        "off",
    ]
    pins = str(ROOT / "constraints.txt")
    return [sys.executable, "-m", "pip_audit", "--requirement", pins, *options]


if __name__ == "__main__":
    sys.exit(main())
