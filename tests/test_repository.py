"""What a repository promises beside its code: a licence, pins, an image that can be built."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
INDEX = re.compile(
    # Written in pieces, so that this file itself names none.
    rb"(py" rb"pi|python" rb"hosted)\.org|npm" rb"js\.(org|com)|--(extra-)?index[-]url",
    re.IGNORECASE,
)


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with what follows them; comments are left out."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line)]


def values(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def copied() -> list[str]:
    """Return what the image takes from the checkout."""
    from_checkout = [rest for rest in values("COPY") if not rest.startswith("--from")]
    return [source for rest in from_checkout for source in rest.split()[:-1]]


def pins() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {canonicalize_name(pin.name): pin for pin in map(Requirement, lines)}


def dependencies() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    texts = PROJECT["dependencies"] + [text for extra in extras for text in extra]
    return [found for found in map(Requirement, texts) if found.name != PROJECT["name"]]


def committed_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


def test_the_licence_is_mit() -> None:
    text = (ROOT / "LICENSE").read_text()

    assert text.startswith("MIT License\n\nCopyright (c) 2026 The LARST authors\n")
    assert "Permission is hereby granted, free of charge" in text
    assert PROJECT["license"] == "MIT"


class TestPins:
    @pytest.mark.parametrize("needed", dependencies(), ids=str)
    def test_every_dependency_has_a_pin_that_its_bounds_allow(self, needed: Requirement) -> None:
        """A bound that nobody runs is a promise that nobody keeps."""
        pin = pins()[canonicalize_name(needed.name)]

        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert needed.specifier.contains(exact.version, prereleases=True)

    def test_every_pin_is_exact_and_names_a_release(self) -> None:
        """No address, no path, no editable line: what is pinned is the same on every machine."""
        for pin in pins().values():
            assert pin.url is None
            assert re.fullmatch(r"==[0-9][0-9a-z.+!]*", str(pin.specifier))

    def test_no_file_names_a_package_index(self) -> None:
        """Which index to use is the machine's own business."""
        named = [path for path in committed_files() if INDEX.search(path.read_bytes())]

        assert named == []


class TestImage:
    def test_what_it_copies_is_there_and_not_ignored(self) -> None:
        allowed = {
            line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"
        }

        assert copied()
        for source in copied():
            assert (ROOT / source).exists()
            assert source in allowed

    def test_it_copies_every_package_of_the_wheel(self) -> None:
        tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]

        assert set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]) <= set(copied())

    def test_it_does_not_run_as_root(self) -> None:
        """By number: Kubernetes' runAsNonRoot can check no name."""
        (user,) = values("USER")

        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)

    def test_its_health_check_is_python_that_compiles(self) -> None:
        """The slim image has no curl."""
        (check,) = values("HEALTHCHECK")
        command = json.loads(check.partition("CMD ")[2])

        assert command[:2] == ["python", "-c"]
        assert "/healthz" in command[2]
        compile(command[2], "HEALTHCHECK", "exec")

    def test_it_starts_the_service_and_stops_it_gently(self) -> None:
        """In exec form: below a shell, SIGTERM would not arrive."""
        assert [json.loads(value) for value in values("ENTRYPOINT")] == [["larst"]]
        assert [json.loads(value) for value in values("CMD")] == [["serve"]]
        assert values("STOPSIGNAL") == ["SIGTERM"]


def test_the_ci_script_is_a_sound_program() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & 0o100
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert script.read_text().rstrip().endswith('"$bin/pytest"'), "pytest's summary comes last"
