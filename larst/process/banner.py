"""The start-up notice: where everything is, and how to send the first request. Without colours."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

_ALL_ADDRESSES = re.compile(r"//(0\.0\.0\.0|\[::\])(?=[:/]|$)")
_PLANNERS = {"rules": "rules (built in, no key needed)"}
_MODEL_CHARACTERS = 50

PAGES = (("console", "/_larst/"), ("docs", "/docs"))
"""The pages that the notice names, if the service has them; the first one is opened by `--open`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What the notice says; `url` is the address of the service, without a slash at its end.

    `paths` are those that the service has of its own. `file` says what became of the file that the
    service was started with, and `resource` names one of its resources. `has_tokens`: requests
    need a token; `token` is the one that the service knows in clear, if any. `keeps_data`: the data
    are there after a stop.
    """

    url: str
    data_root: Path
    planner: str
    version: str
    model: str | None = None
    file: str | None = None
    resource: str | None = None
    paths: frozenset[str] = frozenset()
    has_tokens: bool = False
    token: str | None = field(default=None, repr=False)
    keeps_data: bool = True

    @property
    def client_url(self) -> str:
        """The address for clients: 0.0.0.0 cannot be reached from every system."""
        return _ALL_ADDRESSES.sub("//localhost", self.url)

    @property
    def first_page(self) -> str:
        """The address of the page that a browser shows first."""
        path = "/_larst/" if "/_larst/" in self.paths else "/"
        return f"{self.client_url}{path}"


def banner(notice: Notice, *, shows_token: bool = False) -> str:
    """Return the notice; `shows_token`: it goes to a person, and to no file."""
    model_note = f" (model {notice.model[:_MODEL_CHARACTERS]})" if notice.model else ""
    file_line = f"  file     {notice.file}\n" if notice.file else ""
    pages = "".join(
        f"  {name:<9}{notice.client_url}{path}\n" for name, path in PAGES if path in notice.paths
    )
    end = "the data stays" if notice.keeps_data else "the data is gone then"
    return (
        f"LARST {notice.version} is ready at {notice.url}\n"
        f"{pages}"
        f"  data     {notice.data_root}\n"
        f"{file_line}"
        f"  planner  {_PLANNERS.get(notice.planner, notice.planner)}{model_note}\n"
        f"{_commands(notice, _header(notice, shows_token=shows_token))}"
        f"  health   {notice.client_url}/readyz\n"
        f"  stop     Ctrl-C; {end}\n"
    )


def _header(notice: Notice, *, shows_token: bool) -> str:
    """Return the flag of curl that carries the token: itself, or the variable that has it."""
    if not notice.has_tokens:
        return ""
    if notice.token is None:
        return ' -H "Authorization: Bearer $TOKEN"'
    if not shows_token:
        return ' -H "Authorization: Bearer $LARS_AUTH_TOKEN"'
    return f" -H {shlex.quote(f'Authorization: Bearer {notice.token}')}"


def _commands(notice: Notice, header: str) -> str:
    """Return commands to begin with: on a resource of the file, or on a new one."""
    url, resource = notice.client_url, notice.resource
    if resource is None:
        first, second = f'{url}/members/ -d \'{{"name":"Alice"}}\'', f"{url}/members/1"
    else:
        first, second = f"{url}/{resource}", f"'{url}/{resource}?_sort=id&_order=desc&_limit=3'"
    return f"  try      curl {first}{header}\n           curl {second}{header}\n"
