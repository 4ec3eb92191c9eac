"""The documentation matches the code."""

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


def test_the_page_lists_every_metric() -> None:
    """The author of a dashboard reads the page, not the code."""
    text = (DOCS / "telemetry.md").read_text()
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| (\S+) \| (.+) \|$", text, re.MULTILINE)

    assert rows == [
        (metric.name, str(metric.kind), metric.unit, metric.description) for metric in METRICS
    ]


def test_the_configuration_page_matches_the_settings() -> None:
    """Users cannot find a setting that is missing on the page."""
    is_current = configuration_page.PAGE.read_text() == configuration_page.page()

    assert is_current, f"the page is out of date; rewrite it: {configuration_page.COMMAND}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_variable_on_a_page_is_a_setting(page: Path) -> None:
    assert {*_VARIABLE.findall(page.read_text())} - SETTINGS == set()


def test_the_page_lists_every_error_with_its_status() -> None:
    """The author of a client looks up the title of an error."""
    table = _section("http.md", "Errors")
    listed = {(row[0], title) for row in _ROW.findall(table) for title in _CODE.findall(row[1])}

    for error, status in STATUS.items():
        title = error.title if issubclass(error, LarstError) else _ACTOR_PROBLEMS[error][0]
        assert (str(status), title) in listed, error.__name__


def test_the_policy_refuses_the_examples_of_its_page() -> None:
    """The author of a program finds the reason of a refusal on the page."""
    rows = [row for row in _ROW.findall(_section("programs.md", "The policy")) if "`" in row[0]]

    assert len(rows) > 15
    for example, reason, _ in rows:
        with pytest.raises(ProgramRefusedError) as refused:
            check(example.strip("`"), PolicyLimits())
        reasons = [violation.reason for violation in refused.value.violations]
        assert reason.replace("\\", "") in reasons, example


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_in_the_text_of_a_page_exists(page: Path) -> None:
    """Other tests run the commands in blocks; this one looks up the command, or the file."""
    for span in _CODE.findall(prose_of(page)):
        match span.split():
            case ["larst", command, *words] if command.isalpha():
                _look_up(command, words)
            case ["python" | "pytest" | "bash", *words]:
                for path in (word for word in words if word.endswith(".py") or "/" in word):
                    assert (ROOT / path).exists(), span


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_in_the_text_of_a_page_exists(page: Path) -> None:
    """A reader opens these files to change the code."""
    for span in _CODE.findall(prose_of(page)):
        if _PATH.fullmatch(span):
            assert (ROOT / span).exists(), span


def test_the_rooms_are_the_layers_of_the_import_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [set(line.split(" | ")) for line in contracts["contracts"][0]["layers"]]

    rows = re.findall(r"^\| (`larst\..+?) \|", _section("architecture.md", "Rooms"), re.MULTILINE)

    assert [set(_CODE.findall(row)) for row in rows] == layers


def test_the_glossary_has_the_ten_words() -> None:
    """One word for each idea, in the code and on the pages."""
    words = re.findall(r"^\| (\w[\w ]*) \|", _section("architecture.md", "Glossary"), re.MULTILINE)

    assert words[1:] == [
        *("session", "resource", "record", "shape", "sketch"),
        *("plan", "plan book", "program", "stage", "gate"),
    ]


def test_the_architecture_names_a_file_for_common_changes() -> None:
    """A new contributor finds the file from the page alone."""
    rows = {
        row[0]: row[1] for row in _ROW.findall(_section("architecture.md", "Where to change what"))
    }

    assert "larst/planning/reading/spellings.py" in rows["add a filter suffix (`?name_suffix=`)"]
    assert "larst/planning/factory.py" in rows["add a provider of models"]
    assert "larst/telemetry/metrics.py" in rows["add a metric"]


def _look_up(command: str, words: list[str]) -> None:
    action = [word for word in words[:1] if command in ("plans", "token") and word.islower()]
    output = StringIO()
    with redirect_stdout(output), pytest.raises(SystemExit) as exit_info:
        cli.main([command, *action, "--help"])
    assert exit_info.value.code == 0, f"larst {command} {' '.join(words)}"
    for flag in (word for word in words if word.startswith("--")):
        assert flag in output.getvalue(), f"larst {command} {flag}"


class TestLinks:
    """Without a network: for links to other sites, only the address is checked."""

    LINKED = (*PAGES, ROOT / "CHANGELOG.md")

    @pytest.mark.parametrize("page", LINKED, ids=name_of)
    def test_the_target_of_a_link_exists(self, page: Path) -> None:
        for target in _targets(page):
            if "://" not in target:
                path, _, anchor = target.partition("#")
                linked = (page.parent / path).resolve() if path else page
                assert linked.is_relative_to(ROOT), target
                assert linked.exists(), target
                assert not anchor or anchor in _anchors(linked), target

    @pytest.mark.parametrize("page", LINKED, ids=name_of)
    def test_a_link_to_another_site_is_a_valid_address(self, page: Path) -> None:
        for target in _targets(page):
            if "://" in target:
                assert re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/[\w./~%#?=&+-]*)?", target)

    def test_the_index_lists_every_page(self) -> None:
        linked = set(_targets(DOCS / "README.md"))

        assert linked >= {page.name for page in DOCS.glob("*.md")} - {"README.md"}


def _targets(page: Path) -> Iterator[str]:
    text = _CODE.sub("", prose_of(page))
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub generates them."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def _section(page: str, heading: str) -> str:
    text = prose_of(DOCS / page)
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
