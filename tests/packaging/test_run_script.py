"""`./run` prepares its own environment; the stand-ins here replace Python, pip and the network."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT

PYTHON = """\
#!/bin/sh
echo "python $*" >> "{log}"
case "$*" in
    --version) echo "Python {version}" ;;
    *version_info*) exit {is_old} ;;
    *ensurepip*) exit {lacks_venv} ;;
    "-m venv"*)
        for venv in "$@"; do :; done
        mkdir -p "$venv/bin"
        cp "{tools}/python-in-venv" "$venv/bin/python"
        cp "{tools}/larst" "$venv/bin/larst"
        ;;
esac
"""
"""Stands in for the machine's Python."""

PYTHON_IN_VENV = """\
#!/bin/sh
echo "venv $*" >> "{log}"
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A checkout on a machine whose Python is a stand-in."""

    checkout: Path
    log: Path
    python: Path

    def run(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.checkout / "run"), *arguments],
            cwd=folder or self.checkout,
            env={**os.environ, "PYTHON": str(self.python)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def calls(self) -> list[str]:
        """Return the calls of the stand-ins since the last look."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.write_text("")
        return lines


def machine(
    folder: Path, *, version: str = "3.13.1", is_old: bool = False, lacks_venv: bool = False
) -> Machine:
    checkout, tools, log = folder / "check out", folder / "tools", folder / "log"
    checkout.mkdir()
    tools.mkdir()
    for name in ("run", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, checkout / name)
    python = PYTHON.format(
        log=log, tools=tools, version=version, is_old=int(is_old), lacks_venv=int(lacks_venv)
    )
    scripts = {
        "python3": python,
        "python-in-venv": PYTHON_IN_VENV.format(log=log),
        "larst": f'#!/bin/sh\necho "larst $*" >> "{log}"\n',
    }
    for name, text in scripts.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return Machine(checkout, log, tools / "python3")


def installs(calls: list[str]) -> list[str]:
    return [call for call in calls if "pip install" in call]


def test_the_first_call_creates_an_environment_and_says_that_it_takes_a_while(
    tmp_path: Path,
) -> None:
    here = machine(tmp_path)

    first = here.run("serve", "--port", "0")

    calls = here.calls()
    assert first.returncode == 0, first.stderr
    assert "creating" in first.stderr
    assert "takes about a minute" in first.stderr
    assert installs(calls)[0].endswith("--constraint constraints.txt --editable .")
    assert calls[-1] == "larst serve --port 0"


def test_the_second_call_starts_at_once(tmp_path: Path) -> None:
    here = machine(tmp_path)
    here.run("serve")
    here.calls()

    second = here.run("serve")

    assert second.stderr == ""
    assert here.calls() == ["larst serve"]


def test_a_changed_project_file_installs_again(tmp_path: Path) -> None:
    """After `git pull` the dependencies may differ."""
    here = machine(tmp_path)
    here.run("serve")
    here.calls()
    with (here.checkout / "pyproject.toml").open("a") as file:
        file.write("# changed\n")

    here.run("serve")

    calls = here.calls()
    assert len(installs(calls)) == 1
    assert not [call for call in calls if "-m venv" in call], "the environment is kept"


def test_a_moved_checkout_installs_again(tmp_path: Path) -> None:
    """An editable install names the directory."""
    here = machine(tmp_path)
    here.run("serve")
    here.calls()
    moved = Machine(here.checkout.rename(tmp_path / "moved"), here.log, here.python)

    moved.run("serve")

    assert len(installs(moved.calls())) == 1


def test_the_tests_run_in_the_checkout_with_their_own_dependencies(tmp_path: Path) -> None:
    here = machine(tmp_path)

    tested = here.run("test", "-k", "readme", folder=tmp_path)

    calls = here.calls()
    assert tested.returncode == 0, tested.stderr
    assert installs(calls)[0].endswith("--editable .[test]")
    assert calls[-1] == "venv -m pytest -k readme"


def test_an_old_python_is_refused_by_its_version(tmp_path: Path) -> None:
    old = machine(tmp_path, version="3.10.4", is_old=True).run("serve")

    assert old.returncode == 1
    assert "Python 3.10.4 is too old" in old.stderr
    assert "3.11" in old.stderr


def test_a_missing_venv_module_is_refused_with_the_package_to_install(tmp_path: Path) -> None:
    """Debian and Ubuntu ship it apart from Python."""
    lacking = machine(tmp_path, lacks_venv=True).run("serve")

    assert lacking.returncode == 1
    assert "apt install python3-venv" in lacking.stderr


def test_a_missing_python_is_refused_with_the_packages_to_install(tmp_path: Path) -> None:
    here = machine(tmp_path)
    here.python.unlink()

    missing = here.run("serve")

    assert missing.returncode == 1
    assert "apt install python3 python3-venv" in missing.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_needs_no_environment(tmp_path: Path, arguments: list[str]) -> None:
    here = machine(tmp_path)

    helped = here.run(*arguments)

    assert helped.returncode == 0
    assert "./run serve" in helped.stdout
    assert here.calls() == []
