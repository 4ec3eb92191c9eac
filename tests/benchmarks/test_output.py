"""Tables, chart and page show what the report holds."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.peers import chart, docs_page
from benchmarks.peers.goals import judge
from benchmarks.peers.report import Extra, Report, read, write
from benchmarks.peers.table import Table, goals_table, loads_table, number, rates_table
from tests.benchmarks.reports import figures, report

RESULTS = docs_page.CHECKOUT / "benchmarks" / "results" / "peers.json"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def results() -> Report:
    return report(
        {
            "aiohttp": {"get": figures(9000, 100), "post": figures(8000, 100, 0.3)},
            "larst": {"get": figures(4000, 150), "post": figures(2000, 300, 0.3)},
            "json-server-1": {"get": figures(1000, 400), "post": figures(50, 9000, 0.3)},
            "pocketbase": {},
        },
        skipped={"pocketbase": "node and npm are not installed"},
        extras=[Extra("wake.small", "wake of 1,000 records", 8.5, "ms", "5 times, median")],
    )


class TestTables:
    def test_a_row_has_the_multiples_of_the_unit_and_of_the_rival(self, results: Report) -> None:
        table = loads_table(results)
        (row,) = [row for row in table.rows if list(row[:2]) == ["POST", "LARST"]]

        assert dict(zip(table.head, row, strict=True)) == {
            "load": "POST",
            "server": "LARST",
            "a second": "2,000",
            "CPU µs": "300",
            "× constant": "3.00",
            "p50 ms": "1.00",
            "p99 ms": "2.00",
            "× json-server 1": "40.0",
            "fdatasync ms": "0.30",
        }

    def test_a_skipped_server_is_in_the_table(self, results: Report) -> None:
        """A missing row would look as if the peer was never part of the comparison."""
        rows = [list(row) for row in loads_table(results).rows]

        assert [row[:3] for row in rows if "POCKETBASE" in row] == [
            ["all", "POCKETBASE", "skipped"]
        ]

    def test_a_busy_generator_marks_the_rate_as_a_lower_bound(self) -> None:
        busy = replace(figures(9000, 100), generator_share=0.95)

        assert loads_table(report({"aiohttp": {"get": busy}})).rows[0][2] == "9,000+"

    def test_the_page_has_a_row_for_each_server_and_the_cost_beside_the_rate(
        self, results: Report
    ) -> None:
        assert rates_table(results).rows == [
            ["AIOHTTP", "9,000 (unit)", "8,000 (unit)"],
            ["LARST", "4,000 (×1.50)", "2,000 (×3.00)"],
            ["JSON-SERVER-1", "1,000 (×4.00)", "50 (×90.0)"],
        ]

    def test_a_goal_shows_its_limit_the_value_and_the_verdict(self, results: Report) -> None:
        rows = {row[0]: list(row[1:]) for row in goals_table(judge(results)).rows}

        assert rows["GET: CPU of the constant application"] == ["≤ ×1.3", "×1.5", "missed"]
        assert rows["GET: rate of json-server 1"] == ["≥ ×1.3", "×4", "met"]
        assert rows["wake of 1,000 records"] == ["≤ 10 ms", "8.5 ms", "met"]
        assert rows["start until ready"] == ["≤ 0.9 s", "–", "not measured"]

    def test_columns_are_aligned(self) -> None:
        table = Table(("server", "a second"), [["a", "1"], ["longer", "1,000"]])

        assert table.as_text() == "server  a second\na              1\nlonger     1,000"
        assert table.as_markdown().splitlines()[1] == "| --- | --: |"

    @pytest.mark.parametrize(
        ("value", "text"), [(None, "–"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1,234")]
    )
    def test_a_number_has_the_digits_that_a_reader_compares(
        self, value: float | None, text: str
    ) -> None:
        assert number(value) == text


class TestChart:
    def test_every_bar_is_as_long_as_its_share_of_the_fastest(self) -> None:
        panel = chart.Panel("GET", [chart.Bar("a", 4000), chart.Bar("b", 1000)])

        tree = ElementTree.fromstring(chart.svg([panel], chart.LIGHT, "note"))  # noqa: S314
        _, first, second = (float(bar.attrib["width"]) for bar in tree.iter(f"{SVG}rect"))

        assert first == pytest.approx(4 * second, rel=0.01)

    def test_title_and_description_say_what_the_picture_shows(self, results: Report) -> None:
        """For readers who hear the page, and for search."""
        tree = ElementTree.fromstring(  # noqa: S314
            chart.svg(chart.panels_of(results), chart.DARK, "note")
        )
        labels = tree.attrib["aria-labelledby"].split()
        texts = {child.attrib.get("id"): child.text for child in tree}

        assert tree.attrib["role"] == "img"
        assert texts[labels[0]] == "Requests a second by kind of request and server"
        assert "GET one: LARST 4,000, JSON-SERVER-1 1,000" in (texts[labels[1]] or "")

    def test_the_constant_application_and_skipped_servers_have_no_bar(
        self, results: Report
    ) -> None:
        labels = {bar.label for panel in chart.panels_of(results) for bar in panel.bars}

        assert labels == {"LARST", "JSON-SERVER-1"}

    def test_labels_are_escaped(self) -> None:
        text = chart.svg([chart.Panel("<&", [chart.Bar("a<b", 1)])], chart.LIGHT, "&")

        assert [node.text for node in ElementTree.fromstring(text).iter(f"{SVG}text")][1:] == [  # noqa: S314
            "&",
            "<&",
            "a<b",
            "1",
        ]

    def test_no_bar_leaves_the_picture(self, results: Report) -> None:
        tree = ElementTree.fromstring(  # noqa: S314
            chart.svg(chart.panels_of(results), chart.LIGHT, "note")
        )
        height = float(tree.attrib["height"])
        for group in tree.iter(f"{SVG}g"):
            top = float(group.attrib["transform"].split()[1].rstrip(")"))
            lowest = max(float(bar.attrib["y"]) for bar in group.iter(f"{SVG}rect"))
            assert top + lowest + 13 < height


class TestDocument:
    def test_a_report_is_read_as_it_was_written(self, results: Report, tmp_path: Path) -> None:
        write(results, tmp_path / "new" / "peers.json")

        assert read(tmp_path / "new" / "peers.json") == results

    def test_only_the_text_between_the_markers_is_replaced(self, results: Report) -> None:
        page = f"before\n{docs_page.BEGIN}\nan earlier figure\n{docs_page.END}\nafter\n"

        text = docs_page.page_of(results, page)

        assert text.startswith(f"before\n{docs_page.BEGIN}\n")
        assert text.endswith(f"{docs_page.END}\nafter\n")
        assert "an earlier figure" not in text
        assert "POCKETBASE was skipped: node and npm are not installed." in text
        assert docs_page.page_of(results, text) == text

    def test_page_and_charts_match_the_committed_results(self) -> None:
        """Figures that were edited by hand, or left from an older run, mislead."""
        results = read(RESULTS)
        page = docs_page.PAGE.read_text()

        hint = f"rewrite the page: {docs_page.COMMAND}"
        assert docs_page.page_of(results, page) == page, hint
        for path, text in docs_page.charts_of(results).items():
            assert path.read_text() == text, hint
