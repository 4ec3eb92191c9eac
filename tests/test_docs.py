"""What the documentation lists is what there is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from larst import cli
from larst.config import FIELDS
from larst.errors import LarstError, ProgramRefusedError
from larst.http.problems import _ACTOR_PROBLEMS, STATUS
from larst.policy import PolicyLimits, check
from larst.telemetry.metrics import METRICS
from tests.pages import PAGES, ROOT, name_of, prose_of
from tools import configuration_page

DOCS = ROOT / "docs"

_CODE = re.compile(r"`([^`\n]+)`")
_VARIABLE = re.compile(r"\b(?:LARS|SANDBOX)_[A-Z_]*[A-Z]\b")
_PATH = re.compile(r"(?:actors|benchmarks|docs|larst|otel|prompts|tests|tools)/[\w./]*")
_ROW = re.compile(r"^\| (.+?) \| (.+?) \|(?: (.+) \|)?$", re.MULTILINE)

SETTINGS = set(FIELDS)


def test_every_metric_is_told_of_as_it_is() -> None:
    """Whoever builds a dashboard reads the page, not the code."""
    text = (DOCS / "telemetry.md").read_text()
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| (\S+) \| (.+) \|$", text, re.MULTILINE)

    assert rows == [(one.name, str(one.kind), one.unit, one.description) for one in METRICS]


def test_the_configuration_page_is_made_from_the_settings() -> None:
    """A setting that no page has is one that nobody uses."""
    is_current = configuration_page.PAGE.read_text() == configuration_page.page()

    assert is_current, f"the page is out of date; rewrite it: {configuration_page.COMMAND}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_variable_that_a_page_names_is_a_setting(page: Path) -> None:
    assert {*_VARIABLE.findall(page.read_text())} - SETTINGS == set()


def test_every_error_is_told_of_with_its_status() -> None:
    """Whoever handles an error looks it up by what the reply says."""
    table = _section("http.md", "Errors")
    told = {(row[0], title) for row in _ROW.findall(table) for title in _CODE.findall(row[1])}

    for error, status in STATUS.items():
        title = error.title if issubclass(error, LarstError) else _ACTOR_PROBLEMS[error][0]
        assert (str(status), title) in told, error.__name__


def test_the_policy_refuses_what_its_page_says_it_refuses() -> None:
    """Whoever writes a program reads the reason before the policy gives it."""
    rows = [row for row in _ROW.findall(_section("programs.md", "The policy")) if "`" in row[0]]

    assert len(rows) > 15
    for shown, reason, _ in rows:
        with pytest.raises(ProgramRefusedError) as refused:
            check(shown.strip("`"), PolicyLimits())
        told = [violation.reason for violation in refused.value.violations]
        assert reason.replace("\\", "") in told, shown


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_within_the_text_of_a_page_exists(page: Path) -> None:
    """Those in blocks are run; of these there is the command, with its flags, or the file."""
    for span in _CODE.findall(prose_of(page)):
        match span.split():
            case ["larst", command, *words] if command.isalpha():
                _look_up(command, words)
            case ["python" | "pytest" | "bash", *words]:
                for path in (word for word in words if word.endswith(".py") or "/" in word):
                    assert (ROOT / path).exists(), span


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    """Whoever looks for a room by a page finds it."""
    for span in _CODE.findall(prose_of(page)):
        if _PATH.fullmatch(span):
            assert (ROOT / span).exists(), span


def test_the_rooms_are_those_that_their_imports_are_held_to() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [set(line.split(" | ")) for line in contracts["contracts"][0]["layers"]]

    rows = re.findall(r"^\| (`larst\..+?) \|", _section("architecture.md", "Rooms"), re.MULTILINE)

    assert [set(_CODE.findall(row)) for row in rows] == layers


def _look_up(command: str, words: list[str]) -> None:
    action = [word for word in words[:1] if command == "plans" and word.islower()]
    shown = StringIO()
    with redirect_stdout(shown), pytest.raises(SystemExit) as ended:
        cli.main([command, *action, "--help"])
    assert ended.value.code == 0, f"larst {command} {' '.join(words)}"
    for flag in (word for word in words if word.startswith("--")):
        assert flag in shown.getvalue(), f"larst {command} {flag}"


class TestLinks:
    """No network: of what lies elsewhere, only the address is looked at."""

    LINKED = (*PAGES, ROOT / "CHANGELOG.md")

    @pytest.mark.parametrize("page", LINKED, ids=name_of)
    def test_what_a_page_links_to_is_there(self, page: Path) -> None:
        for target in _targets(page):
            if "://" not in target:
                path, _, anchor = target.partition("#")
                linked = (page.parent / path).resolve() if path else page
                assert linked.is_relative_to(ROOT), target
                assert linked.exists(), target
                assert not anchor or anchor in _anchors(linked), target

    @pytest.mark.parametrize("page", LINKED, ids=name_of)
    def test_links_to_elsewhere_are_addresses(self, page: Path) -> None:
        for target in _targets(page):
            if "://" in target:
                assert re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/[\w./~%#?=&+-]*)?", target)

    def test_the_index_has_every_page(self) -> None:
        linked = set(_targets(DOCS / "README.md"))

        assert linked >= {page.name for page in DOCS.glob("*.md")} - {"README.md"}


def _targets(page: Path) -> Iterator[str]:
    text = _CODE.sub("", prose_of(page))
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def _section(page: str, heading: str) -> str:
    text = prose_of(DOCS / page)
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
