"""The start-up banner: how to send the first request. Plain text without colours."""

from __future__ import annotations

import re
from pathlib import Path

_ALL_ADDRESSES = re.compile(r"//(0\.0\.0\.0|\[::\])(?=[:/]|$)")
_PLANNERS = {"rules": "rules (built in, no key needed)"}
_MODEL_CHARACTERS = 50


def banner(
    *,
    url: str,
    data_root: Path,
    planner: str,
    version: str,
    model: str | None = None,
    file: str | None = None,
    resource: str | None = None,
) -> str:
    """Return the banner; `url` is the address of the service, without a slash at its end.

    `file` says what became of the file that the service was started with, and `resource` names one
    of its resources.
    """
    model_note = f" (model {model[:_MODEL_CHARACTERS]})" if model else ""
    # A client cannot connect to 0.0.0.0 on every system; localhost reaches the same service.
    file_line = f"  file     {file}\n" if file else ""
    client_url = _ALL_ADDRESSES.sub("//localhost", url)
    return (
        f"LARST {version} is ready at {url}\n"
        f"  data     {data_root}\n"
        f"{file_line}"
        f"  planner  {_PLANNERS.get(planner, planner)}{model_note}\n"
        f"{_commands(client_url, resource)}"
        f"  health   {client_url}/readyz\n"
        f"  stop     Ctrl-C; the data stays\n"
    )


def _commands(url: str, resource: str | None) -> str:
    """Return commands to begin with: on a resource of the file, or on a new one."""
    if resource is None:
        first, second = f'{url}/members/ -d \'{{"name":"Alice"}}\'', f"{url}/members/1"
    else:
        first, second = f"{url}/{resource}", f"'{url}/{resource}?_sort=id&_order=desc&_limit=3'"
    return f"  try      curl {first}\n           curl {second}\n"
