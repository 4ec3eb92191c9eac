"""`pip install larst` adds one import package, `larst`, to site-packages."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import larst
from tests.image import install_arguments
from tests.packaging.conftest import ROOT, Distributions
from tests.pages import blocks_of

LINKS = ("actors", "otel", "prompts")


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_a_wheel_has_one_import_package(distributions: Distributions) -> None:
    """A package named `prompts` in site-packages would shadow the user's own."""
    tops = {name.partition("/")[0] for name in names(distributions.wheel)}

    assert tops == {"larst", f"larst-{larst.__version__}.dist-info"}


def test_a_wheel_is_typed_and_has_its_data_files(distributions: Distributions) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "larst"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    data = {name for name in tracked.stdout.split() if not name.endswith(".py")}

    assert "larst/py.typed" in names(distributions.wheel)
    assert {name for name in data if (ROOT / name).is_file()} <= names(distributions.wheel)


def test_an_sdist_leaves_the_links_out(distributions: Distributions) -> None:
    """Hatchling would pack a second copy of each package in place of its link."""
    with tarfile.open(distributions.sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames()}

    assert tops.isdisjoint(LINKS)
    assert {"larst", "tests", "pyproject.toml", "constraints.txt", "run"} <= tops


def test_a_wheel_is_the_same_from_the_sdist_as_from_the_tree(
    distributions: Distributions,
) -> None:
    """The frontend pip builds from the sdist where a platform has no wheel."""
    assert distributions.wheel.name == distributions.wheel_from_sdist.name
    assert names(distributions.wheel) == names(distributions.wheel_from_sdist)
    assert distributions.wheel.read_bytes() == distributions.wheel_from_sdist.read_bytes()


@pytest.fixture(scope="module")
def tools(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the sdist and pytest; the tests share it."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=True)
    constraints = ROOT / "constraints.txt"
    sdist = str(distributions.sdist)
    run(folder / "bin" / "pip", "install", "-c", str(constraints), sdist, "pytest")
    return folder / "bin"


@pytest.mark.packaging
class TestInstalled:
    """In environments of their own, from a package index."""

    def test_an_sdist_installs_into_a_bare_environment_and_serves_the_contract(
        self, tools: Path, tmp_path: Path
    ) -> None:
        version = run(tools / "larst", "--version", folder=tmp_path)
        run(tools / "larst", "eval", "--only", "contract", folder=tmp_path)

        assert version == f"larst {larst.__version__}\n"

    def test_the_plugin_serves_the_first_test_of_an_empty_project(
        self, tools: Path, tmp_path: Path
    ) -> None:
        """As docs/testing.md has it; pytest finds the plugin by itself."""
        page = blocks_of(ROOT / "docs" / "testing.md")
        (block,) = (block for block in page if block.file == "test_shop.py")
        (tmp_path / "test_shop.py").write_text(block.text)

        printed = run(tools / "pytest", "-q", "-W", "error", folder=tmp_path)

        assert "2 passed" in printed

    def test_the_install_command_of_the_image_resolves(self, distributions: Distributions) -> None:
        """The image could not be built once: a dependency is published as an sdist only."""
        arguments = install_arguments(wheel=distributions.wheel)

        run(Path(sys.executable), "-m", "pip", "install", "--dry-run", *arguments)


def run(program: Path, *arguments: str, folder: Path = ROOT) -> str:
    """Return what a command printed; it must succeed."""
    process = subprocess.run(
        [str(program), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout
