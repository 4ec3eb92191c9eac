"""Write docs/configuration.md from the settings: python tools/configuration_page.py.

A test fails when the page is out of date.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from larst.cli.serve import FLAGS
from larst.config import (
    ConsoleSettings,
    HttpSettings,
    KitSettings,
    ModelSettings,
    PlanningSettings,
    QuotaSettings,
    SandboxSettings,
    SessionSettings,
    Settings,
)

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
COMMAND = "python tools/configuration_page.py"

_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("The service", Settings),
    ("HTTP", HttpSettings),
    ("Console", ConsoleSettings),
    ("Programs", SandboxSettings),
    ("Sessions", SessionSettings),
    ("Quotas", QuotaSettings),
    ("Planning", PlanningSettings),
    ("Language models", ModelSettings),
    ("Testing kit", KitSettings),
)
"""The headings, and the settings below each."""

_HEAD = """# Configuration

<!-- Written by `python tools/configuration_page.py`; edit larst/config instead. -->

Settings come from three places. A flag of `larst serve` wins over an environment variable, and that
wins over `.env` in the working directory.

{flags}

Other commands read the same variables: a command that talks to a running service finds it at
`LARS_HOST` and `LARS_PORT` and sends `LARS_AUTH_TOKEN`; `larst check` and `larst repair` read
`SANDBOX_DATA_ROOT`.

- `.env` has one `NAME=value` per line, in UTF-8. Settings are read once, at the start.
- Names are in upper case, as in the tables. An empty variable counts as unset.
- A wrong value stops the start with exit code 2 and a line that names the allowed values. The
  value of a secret is never shown.
- An unknown variable that begins with `LARS_` or `LARST_` is ignored; the log names the one you may
  have meant.

```console
$ LARS_PORT=eighty larst sessions
LARS_PORT='eighty': an integer from 0 to 65535 is allowed
```

`OTEL_` variables say where traces and metrics go: see [telemetry](telemetry.md).
"""


def page() -> str:
    """Return the page."""
    flags = _table(
        ("flag", "variable", ""),
        [(f"`{flag}`", f"`{variable}`", text) for flag, variable, _, text in FLAGS],
    )
    sections = [f"\n## {title}\n\n{_settings(group)}" for title, group in _SECTIONS]
    return "".join([_HEAD.format(flags=flags), *sections])


def _settings(group: type[BaseModel]) -> str:
    fields = group.model_fields.values()
    rows = [_row(field) for field in fields if field.validation_alias is not None]
    return f"{_table(('variable', 'default', 'allowed', 'what it does'), rows)}\n"


def _row(field: FieldInfo) -> tuple[str, ...]:
    texts = cast("dict[str, str]", field.json_schema_extra)
    note = f" ({texts['note']})" if texts["note"] else ""
    variable = f"`{field.validation_alias}`"
    return variable, _default(field), f"{texts['allowed']}{note}", str(field.description)


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        # The value depends on the machine, and the page is for all of them.
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
