"""Write the bill of materials of a release: `python tools/bill_of_materials.py larst.cdx.json`.

It lists what `pip install larst` installs with the pinned versions, as CycloneDX JSON: LARST goes
into an environment of its own, since this one also has the developers' tools.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent


def write(output: Path, *, python: Path | None = None) -> None:
    """Write the bill of `python`'s environment; None: of a new one with LARST in it.

    Raises:
        subprocess.CalledProcessError: the installation or the bill failed.
    """
    with tempfile.TemporaryDirectory() as directory:
        _write(output, python or _installed(Path(directory)))


def _installed(directory: Path) -> Path:
    """Install LARST into a new environment and return its Python."""
    venv.create(directory, with_pip=False)
    python = directory / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), str(ROOT)], check=True)
    return python


def _write(output: Path, python: Path) -> None:
    options = ["--output-reproducible", "--mc-type", "application", "--output-format", "JSON"]
    project = ["--pyproject", str(ROOT / "pyproject.toml")]
    command = [sys.executable, "-m", "cyclonedx_py", "environment"]
    # It also checks what it writes against the schema of CycloneDX.
    subprocess.run(
        [*command, *options, *project, "--output-file", str(output), str(python)], check=True
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(Path(sys.argv[1]))
