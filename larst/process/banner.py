"""The start-up notice: what a person needs to send the first request. Plain text, no colours."""

from __future__ import annotations

import re
from pathlib import Path

_EVERY_ADDRESS = re.compile(r"//(0\.0\.0\.0|\[::\])(?=[:/]|$)")
_PLANNERS = {"rules": "rules (built in, no key needed)"}


def banner(
    *, url: str, data_root: Path, planner: str, version: str, model: str | None = None
) -> str:
    """Return the notice; `url` is where the service listens, without a slash at its end."""
    told = f" (model {model[:50]})" if model else ""
    # Who listens on every address is found at localhost; 0.0.0.0 is nowhere on some systems.
    near = _EVERY_ADDRESS.sub("//localhost", url)
    return (
        f"LARST {version} is ready at {url}\n"
        f"  data     {data_root}\n"
        f"  planner  {_PLANNERS.get(planner, planner)}{told}\n"
        f'  try      curl {near}/members/ -d \'{{"name":"Alice"}}\'\n'
        f"           curl {near}/members/1\n"
        f"  health   {near}/readyz\n"
        f"  stop     Ctrl-C; the data stays\n"
    )
