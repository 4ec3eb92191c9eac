"""`larst plans`: look at the plan book of a running service, and decide on its plans.

Speaks to the control API, since the service alone owns the book. Must never print a token.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from larst.config import Settings

TIMEOUT_S = 10.0
_PAGE = 200
_SHOWN_KEY_CHARACTERS = 10


class ServiceError(Exception):
    """The service cannot be reached, or refuses; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running service at an address, with the token that it may demand."""

    url: str
    token: str | None

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the JSON that the service answers, None where it answers nothing.

        Raises:
            ServiceError: it cannot be reached, or refuses.
        """
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked by `service_at`
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310 - as above
                raw = reply.read()
        except urllib.error.HTTPError as error:
            raise ServiceError(_refusal(error)) from error
        except OSError as error:
            raise ServiceError(
                f"no service at {self.url}: {getattr(error, 'reason', error)};"
                " start one with `larst serve`, or name another with --url"
            ) from error
        return json.loads(raw) if raw else None


def run(options: Namespace, settings: Settings) -> int:
    """Run one of the `plans` commands; return the exit code."""
    try:
        service = service_at(options.url, settings)
        _COMMANDS[options.plans_command or "list"](service, options)
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def service_at(url: str | None, settings: Settings) -> Service:
    """Return the service at `url`, or at the address that the settings name.

    Raises:
        ServiceError: the address is none.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = (url or f"http://{host}:{settings.port}").rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise ServiceError(f"{address} is no address such as http://127.0.0.1:8000")
    return Service(address, settings.auth_token)


def _list(service: Service, options: Namespace) -> None:
    plans: list[dict[str, Any]] = []
    state = f"&state={options.state}" if options.state else ""
    while True:
        page = service.ask("GET", f"/_larst/plans?limit={_PAGE}&offset={len(plans)}{state}")
        plans += page["items"]
        if not page["items"] or len(plans) >= page["page"]["total"]:
            break
    if options.json:
        _print_json(plans)
    elif plans:
        Console().print(_table(plans))
    else:
        sys.stdout.write("no plans yet: send the service a request\n")


def _show(service: Service, options: Namespace) -> None:
    plan = service.ask("GET", _path(options.key))
    if options.json:
        _print_json(plan)
        return
    console = Console()
    for name in ("key", "state", "reason", "planner", "model", "made_at", "uses", "last_used_at"):
        if plan[name] is not None:
            console.print(f"{name:<14}{plan[name]}", markup=False, highlight=False)
    console.print(f"{'request':<14}{_request(plan['shape'])}", markup=False, highlight=False)
    console.print(f"{'planning':<14}{_cost(plan)}", markup=False, highlight=False)
    if plan["condition"] is not None:
        told = json.dumps({name: value for name, value in plan["condition"].items() if value})
        console.print(f"{'serves if':<14}{told}", markup=False, highlight=False)
    console.print(f"{'does':<14}{plan['plan']['action']} {plan['plan']['resource'] or ''}\n")
    program = "\n".join(map(_printable, plan["plan"]["code"]["block"].splitlines()))
    console.print(Syntax(program, "python", background_color="default"))


def _pin(service: Service, options: Namespace) -> None:
    _decided(service.ask("POST", f"{_path(options.key)}/pin"), options)


def _reject(service: Service, options: Namespace) -> None:
    body = {"reason": options.reason}
    _decided(service.ask("POST", f"{_path(options.key)}/reject", body), options)


def _delete(service: Service, options: Namespace) -> None:
    service.ask("DELETE", _path(options.key))
    sys.stdout.write(f"{options.key} is deleted; its shape will be planned anew\n")


_COMMANDS = {"list": _list, "show": _show, "pin": _pin, "reject": _reject, "delete": _delete}


def _decided(plan: dict[str, Any], options: Namespace) -> None:
    if options.json:
        _print_json(plan)
    else:
        key = plan["key"][:_SHOWN_KEY_CHARACTERS]
        sys.stdout.write(f"{key} ({plan['method']} {plan['path']}) is {plan['state']}\n")


def _table(plans: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("key", "state", "request", "does", "planner"):
        table.add_column(title, overflow="fold")
    for title in ("uses", "tokens", "cost"):
        table.add_column(title, justify="right")
    for plan in plans:
        table.add_row(
            plan["key"][:_SHOWN_KEY_CHARACTERS],
            plan["state"],
            _escaped(_request(plan)),
            f"{plan['action']} {plan['resource'] or ''}".strip(),
            "/".join(filter(None, (plan["planner"], plan["model"]))),
            str(plan["uses"]),
            str(sum(plan["tokens"].values())) if plan["tokens"] else "",
            f"${plan['cost_usd']:.5f}" if plan["cost_usd"] is not None else "",
        )
    return table


def _request(shape: dict[str, Any]) -> str:
    query = "&".join(
        f"{key}={value}" for key, values in (shape["query"] or {}).items() for value in values
    )
    return _printable(f"{shape['method']} {shape['path']}" + (f"?{query}" if query else ""))


def _printable(text: str) -> str:
    """Return the text with control characters spelled out: strangers chose these names."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _cost(plan: dict[str, Any]) -> str:
    tokens, cost = plan["tokens"], plan["cost_usd"]
    if tokens is None:
        return "cost nothing"
    price = "price unknown" if cost is None else f"${cost:.6f}"
    return f"{plan['attempts']} call(s), {tokens['input']} + {tokens['output']} tokens, {price}"


def _escaped(text: str) -> str:
    """Return the text for a table cell, in which brackets would be taken for styles."""
    return text.replace("[", "\\[")


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        told = json.loads(error.read())
        reason = told.get("detail") or told.get("error")
    except (ValueError, AttributeError):
        reason = error.reason
    hint = "; set LARS_AUTH_TOKEN to the service's token" if error.code == 401 else ""
    return f"{error.code}: {reason}{hint}"


def _path(key: str) -> str:
    return f"/_larst/plans/{quote(key, safe='')}"


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
