"""Write the figures of a report into docs/performance.md, and its charts beside.

A test fails when the page does not match the JSON.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers import chart
from benchmarks.peers.goals import judge
from benchmarks.peers.report import Report
from benchmarks.peers.table import extras_table, goals_table, latency_table, rates_table, sync_table

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "performance.md"
IMAGES = CHECKOUT / "docs" / "images"
COMMAND = "python -m benchmarks.peers --write-docs"

BEGIN = f"<!-- figures: written by `{COMMAND}` -->"
END = "<!-- end of figures -->"

_SYNC = (
    "The disk, beside each durable load: the median of 200 appends of 200 bytes, each with "
    "`fdatasync`, in the folder of the server's data, just before the load."
)


def charts_of(report: Report) -> dict[Path, str]:
    """Return the text of each chart."""
    panels, note = chart.panels_of(report), _note(report)
    return {
        IMAGES / "peers-light.svg": chart.svg(panels, chart.LIGHT, note),
        IMAGES / "peers-dark.svg": chart.svg(panels, chart.DARK, note),
    }


def page_of(report: Report, page: str) -> str:
    """Return the page with the report's figures between the markers."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{figures_of(report)}\n\n{END}{after}"


def figures_of(report: Report) -> str:
    """Return the tables as Markdown."""
    parts = [
        _machine(report),
        rates_table(report).as_markdown(),
        _SYNC if sync_table(report).rows else "",
        sync_table(report).as_markdown() if sync_table(report).rows else "",
        latency_table(report).as_markdown(),
        *(
            f"{row.title} was skipped: {row.skipped}."
            for row in report.servers.values()
            if row.skipped
        ),
        extras_table(report).as_markdown() if report.extras else "",
        goals_table(judge(report)).as_markdown(),
    ]
    return "\n\n".join(part for part in parts if part)


def write_docs(report: Report) -> list[Path]:
    """Write page and charts; return their paths."""
    IMAGES.mkdir(exist_ok=True)
    texts = {PAGE: page_of(report, PAGE.read_text()), **charts_of(report)}
    for path, text in texts.items():
        path.write_text(text)
    return list(texts)


def _machine(report: Report) -> str:
    facts = report.machine
    other_cores = facts.get("other_cores", "an unknown number of")
    return (
        f"{facts['date']}, {facts['cores']} cores ({facts['cpu']}), Linux {facts['kernel']}, "
        f"Python {facts['python']}, Node.js {facts['node'] or 'not installed'}, load average "
        f"{facts['load_average']} before the run, {other_cores} cores busy with other work "
        f"during it; {report.options['records']:,} records, "
        f"{report.options['connections']} connections, median of {report.options['rounds']} rounds "
        f"of {report.options['seconds']:g} s."
    )


def _note(report: Report) -> str:
    options, facts = report.options, report.machine
    return (
        f"{options['records']:,} records, {options['connections']} connections, "
        f"{facts['cores']} cores, {facts['date']}. Each panel has its own scale; longer is better."
    )
