"""The promises of the repository beside its code: licence, pins, image, files of a project."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

import larst
from tests.image import ROOT, arguments_of, install_arguments

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
INDEX = re.compile(
    # Written in pieces, so that this file itself names none.
    rb"(py" rb"pi|python" rb"hosted)\.org|npm" rb"js\.(org|com)|--(extra-)?index[-]url",
    re.IGNORECASE,
)


def copied() -> list[str]:
    """Return the paths that the image copies from the checkout."""
    from_checkout = [line for line in arguments_of("COPY") if not line.startswith("--from")]
    return [source for line in from_checkout for source in line.split()[:-1]]


def pins() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {canonicalize_name(pin.name): pin for pin in map(Requirement, lines)}


def dependencies() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    texts = PROJECT["dependencies"] + [text for extra in extras for text in extra]
    requirements = map(Requirement, texts)
    return [requirement for requirement in requirements if requirement.name != PROJECT["name"]]


def committed_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name.decode() for name in listing.stdout.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


def test_the_licence_is_mit() -> None:
    text = (ROOT / "LICENSE").read_text()

    assert text.startswith("MIT License\n\nCopyright (c) 2026 The LARST authors\n")
    assert "Permission is hereby granted, free of charge" in text
    assert PROJECT["license"] == "MIT"


class TestPins:
    @pytest.mark.parametrize("requirement", dependencies(), ids=str)
    def test_every_dependency_has_a_pin_that_its_bounds_allow(
        self, requirement: Requirement
    ) -> None:
        """The tests run with the pins, so a bound that excludes its pin is never tested."""
        pin = pins()[canonicalize_name(requirement.name)]

        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert requirement.specifier.contains(exact.version, prereleases=True)

    def test_every_pin_is_exact_and_names_a_release(self) -> None:
        """No address, path or editable line: a pin means the same on every machine."""
        for pin in pins().values():
            assert pin.url is None
            assert re.fullmatch(r"==[0-9][0-9a-z.+!]*", str(pin.specifier))

    def test_no_file_names_a_package_index(self) -> None:
        """Each machine has its own settings for that."""
        assert [path for path in committed_files() if INDEX.search(path.read_bytes())] == []


class TestImage:
    def test_every_path_that_it_copies_exists_and_is_not_ignored(self) -> None:
        lines = (ROOT / ".dockerignore").read_text().splitlines()
        allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}

        assert copied()
        for source in copied():
            assert (ROOT / source).exists()
            assert source in allowed

    def test_it_copies_every_package_of_the_wheel(self) -> None:
        tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]

        assert set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]) <= set(copied())

    def test_it_does_not_run_as_root(self) -> None:
        """By number: runAsNonRoot of Kubernetes cannot check a name."""
        (user,) = arguments_of("USER")

        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)

    def test_its_health_check_is_python_that_compiles(self) -> None:
        """The slim image has no curl."""
        (check,) = arguments_of("HEALTHCHECK")
        command = json.loads(check.partition("CMD ")[2])

        assert command[:2] == ["python", "-c"]
        assert "/healthz" in command[2]
        compile(command[2], "HEALTHCHECK", "exec")

    def test_it_starts_the_service_and_stops_it_by_sigterm(self) -> None:
        """In exec form: below a shell, SIGTERM would not arrive."""
        assert [json.loads(value) for value in arguments_of("ENTRYPOINT")] == [["larst"]]
        assert [json.loads(value) for value in arguments_of("CMD")] == [["serve"]]
        assert arguments_of("STOPSIGNAL") == ["SIGTERM"]

    def test_it_chooses_the_allocator_that_gives_memory_back(self) -> None:
        """The service does not choose it: see larst/runtime."""
        (variables,) = arguments_of("ENV")[1:]

        assert "PYTHONMALLOC=malloc" in variables.split()

    def test_its_install_command_keeps_to_wheels_and_pins(self) -> None:
        arguments = install_arguments(wheel=ROOT)

        assert "--only-binary=:all:" in arguments
        assert arguments[arguments.index("-c") + 1] == "constraints.txt"


class TestCi:
    SCRIPT = ROOT / ".ci" / "run"

    def test_the_script_is_valid_and_ends_with_the_tests(self) -> None:
        assert self.SCRIPT.stat().st_mode & 0o100
        assert subprocess.run(["bash", "-n", str(self.SCRIPT)], check=False).returncode == 0
        assert self.SCRIPT.read_text().rstrip().endswith('"$bin/pytest"'), "its summary comes last"

    def test_the_script_installs_as_users_and_the_image_do(self) -> None:
        """tests/packaging reads the image's command from the Dockerfile: the two cannot drift."""
        assert "-m packaging tests/packaging" in self.SCRIPT.read_text()

    def test_the_workflow_runs_the_script_on_every_supported_python(self) -> None:
        workflow = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "ci.yml")
        (job,) = workflow["jobs"].values()
        prefix = "Programming Language :: Python :: 3."
        classified = [text for text in PROJECT["classifiers"] if text.startswith(prefix)]

        assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
        assert [
            f"{prefix}{python.removeprefix('3.')}" for python in job["strategy"]["matrix"]["python"]
        ] == classified
        assert PROJECT["requires-python"] == f">={job['strategy']['matrix']['python'][0]}"


def test_the_changelog_has_the_present_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()

    assert re.search(rf"^## \[{re.escape(larst.__version__)}\] - \d{{4}}-\d\d-\d\d$", text, re.M)


@pytest.mark.parametrize("link", ["actors", "otel", "prompts"])
def test_the_links_at_the_top_lead_to_the_packages(link: str) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("an sdist has no links")

    assert (ROOT / link).readlink() == Path("larst") / link
