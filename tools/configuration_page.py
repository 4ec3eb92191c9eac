"""Writes docs/configuration.md from the settings themselves: python tools/configuration_page.py.

A test fails where the page is not what this makes of them.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, cast

from pydantic.fields import FieldInfo

from larst.cli import _FLAGS
from larst.config import Settings

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
COMMAND = "python tools/configuration_page.py"

_SECTIONS = {
    "data_root": "The service",
    "max_body_bytes": "Limits of requests and programs",
    "mailbox_size": "Sessions",
    "default_provider": "Planning, and what is learned",
}
"""The headings, by the first field that stands below each."""

_HEAD = """# Configuration

<!-- Made by `python tools/configuration_page.py`: change larst/config.py, not this page. -->

Flags of `larst serve` win over the environment, and that wins over `.env` in the working directory.

{flags}

Other commands read the same variables: those that speak to a service look for it at `LARS_HOST` and
`LARS_PORT`, with `LARS_AUTH_TOKEN`; `larst check` and `larst repair` look in `SANDBOX_DATA_ROOT`.

- `.env` has `NAME=value` on each line, in UTF-8. Settings are read once, at the start.
- Names are written in capitals, as here. A variable that is empty counts as unset.
- A wrong value stops the start, with exit code 2 and a line that says what is allowed. A secret is
  never shown.
- A variable that begins with `LARS_` and is none of these has no effect; the log names the one that
  may have been meant.

```console
$ LARS_PORT=eighty larst sessions
LARS_PORT='eighty': an integer from 0 to 65535 is allowed
```

`OTEL_` variables say where traces and metrics go: [telemetry](telemetry.md#settings).
"""


def page() -> str:
    """Return the page as the settings have it."""
    flags = _table(
        ("flag", "variable", ""),
        [(f"`{flag}`", f"`{variable}`", text) for flag, variable, _, text in _FLAGS],
    )
    parts, rows = [_HEAD.format(flags=flags)], list[tuple[str, ...]]()
    for name, field in Settings.model_fields.items():
        if name in _SECTIONS:
            parts += [_settings(rows), f"\n## {_SECTIONS[name]}\n\n"]
            rows = []
        rows.append(_row(field))
    return "".join([*parts, _settings(rows)])


def _settings(rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    return f"{_table(('variable', 'default', 'what is allowed', 'what it does'), rows)}\n"


def _row(field: FieldInfo) -> tuple[str, ...]:
    told = cast("dict[str, str]", field.json_schema_extra)
    note = f" ({told['note']})" if told["note"] else ""
    variable = f"`{field.validation_alias}`"
    return variable, _default(field), f"{told['allowed']}{note}", str(field.description)


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        # What it gives now is this machine's, and a page is for all.
        is_of_the_machine = bool(field.get_default(call_default_factory=True))
        return "by the machine" if is_of_the_machine else "none"
    return _spelled(field.default)


def _spelled(value: Any) -> str:
    if value is None or value == ():
        return "none"
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    return f"`{text.lower() if isinstance(value, bool) else text}`"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *(tuple(map(_cell, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return escape(text, quote=False).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
