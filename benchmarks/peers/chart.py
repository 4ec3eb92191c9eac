"""The chart of requests a second as SVG: a panel for each load, a bar for each server.

Draws with text alone, so that it needs no library; never measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.peers.loads import LOADS
from benchmarks.peers.report import UNIT, Report


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a chart."""

    background: str
    text: str
    muted: str
    bar: str
    accent: str


LIGHT = Theme("#ffffff", "#1f2328", "#59636e", "#a7b1bc", "#0969da")
DARK = Theme("#0d1117", "#f0f6fc", "#9198a1", "#545d68", "#4493f8")

_WIDTH, _MARGIN, _HEAD = 880, 24, 62
_COLUMNS = 2
_ROW, _BAR, _PANEL_HEAD, _PANEL_GAP = 19, 13, 26, 22
_LABEL_WIDTH, _VALUE_WIDTH = 166, 58
_ACCENTED = "larst"
_FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, slots=True)
class Bar:
    """A server's rate in a panel."""

    label: str
    value: float
    is_accented: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """The bars of one load."""

    title: str
    bars: Sequence[Bar]


def panels_of(report: Report) -> list[Panel]:
    """Return the panels; the constant application stores nothing, so it is left out."""
    panels = []
    for load in report.loads():
        bars = [
            Bar(result.title, result.loads[load].requests_per_s, server == _ACCENTED)
            for server, result in report.servers.items()
            if server != UNIT and load in result.loads
        ]
        panels.append(Panel(LOADS[load].title, bars))
    return panels


def svg(panels: Sequence[Panel], theme: Theme, note: str) -> str:
    """Return the chart; each panel has its own scale, and every bar its value as text."""
    height = _HEAD + sum(_row_heights(panels)) + _MARGIN
    title = "Requests a second by kind of request and server"
    summary = "; ".join(f"{panel.title}: {_listing(panel.bars)}" for panel in panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc" '
        f'font-family="{_FONT}" font-size="12">',
        f'<title id="title">{title}</title>',
        f'<desc id="desc">{escape(summary)}</desc>',
        f'<rect width="{_WIDTH}" height="{height}" fill="{theme.background}"/>',
        _text(_MARGIN, 28, title, theme.text, 'font-size="17" font-weight="600"'),
        _text(_MARGIN, 47, note, theme.muted),
        *_placed(panels, theme),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _listing(bars: Sequence[Bar]) -> str:
    return ", ".join(f"{bar.label} {bar.value:,.0f}" for bar in bars)


def _row_heights(panels: Sequence[Panel]) -> list[int]:
    """Return the height of each row of panels, that of its tallest panel."""
    heights = [_PANEL_HEAD + _ROW * len(panel.bars) + _PANEL_GAP for panel in panels]
    return [max(heights[start : start + _COLUMNS]) for start in range(0, len(heights), _COLUMNS)]


def _placed(panels: Sequence[Panel], theme: Theme) -> list[str]:
    heights = _row_heights(panels)
    width = (_WIDTH - (_COLUMNS + 1) * _MARGIN) // _COLUMNS
    parts = []
    for index, panel in enumerate(panels):
        row, column = divmod(index, _COLUMNS)
        left, top = _MARGIN + column * (width + _MARGIN), _HEAD + sum(heights[:row])
        parts.append(f'<g transform="translate({left} {top})">')
        parts += [_text(0, 16, panel.title, theme.text, 'font-weight="600"')]
        parts += _drawn(panel.bars, theme, width - _LABEL_WIDTH - _VALUE_WIDTH)
        parts.append("</g>")
    return parts


def _drawn(bars: Sequence[Bar], theme: Theme, longest_px: int) -> list[str]:
    highest = max((bar.value for bar in bars), default=0) or 1
    parts = []
    for index, bar in enumerate(bars):
        top = _PANEL_HEAD + index * _ROW
        length_px = max(1.0, bar.value / highest * longest_px)
        weight = 'font-weight="600"' if bar.is_accented else ""
        fill = theme.accent if bar.is_accented else theme.bar
        ink = theme.text if bar.is_accented else theme.muted
        parts += [
            _text(_LABEL_WIDTH - 8, top + 11, bar.label, ink, f'text-anchor="end" {weight}'),
            f'<rect x="{_LABEL_WIDTH}" y="{top}" width="{length_px:.1f}" height="{_BAR}" '
            f'rx="2" fill="{fill}"/>',
            _text(_LABEL_WIDTH + length_px + 6, top + 11, f"{bar.value:,.0f}", ink, weight),
        ]
    return parts


def _text(x: float, y: float, text: str, colour: str, attributes: str = "") -> str:
    extra = f" {attributes.strip()}" if attributes.strip() else ""
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}"{extra}>{escape(text)}</text>'
