"""`larst plans`: look at the plan book of a running service, and decide on its plans.

Speaks to the control API, since the service alone owns the book. Must never print a token.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from larst.cli.client import Service, ServiceError, print_json, printable, service_at
from larst.config import Settings

_PAGE = 200
_SHOWN_KEY_CHARACTERS = 10


def run(options: Namespace, settings: Settings) -> int:
    """Run one of the `plans` commands; return the exit code."""
    try:
        service = service_at(options.url, settings)
        _COMMANDS[options.plans_command or "list"](service, options)
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _list(service: Service, options: Namespace) -> None:
    plans: list[dict[str, Any]] = []
    state = f"&state={options.state}" if options.state else ""
    while True:
        page = service.ask("GET", f"/_larst/plans?limit={_PAGE}&offset={len(plans)}{state}")
        plans += page["items"]
        if not page["items"] or len(plans) >= page["page"]["total"]:
            break
    if options.json:
        print_json(plans)
    elif plans:
        Console().print(_table(plans))
    else:
        sys.stdout.write("no plans yet: send the service a request\n")


def _show(service: Service, options: Namespace) -> None:
    plan = service.ask("GET", _path(options.key))
    if options.json:
        print_json(plan)
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
    program = "\n".join(map(printable, plan["plan"]["code"]["block"].splitlines()))
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
        print_json(plan)
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
    return printable(f"{shape['method']} {shape['path']}" + (f"?{query}" if query else ""))


def _cost(plan: dict[str, Any]) -> str:
    tokens, cost = plan["tokens"], plan["cost_usd"]
    if tokens is None:
        return "cost nothing"
    price = "price unknown" if cost is None else f"${cost:.6f}"
    return f"{plan['attempts']} call(s), {tokens['input']} + {tokens['output']} tokens, {price}"


def _escaped(text: str) -> str:
    """Return the text for a table cell, in which brackets would be taken for styles."""
    return text.replace("[", "\\[")


def _path(key: str) -> str:
    return f"/_larst/plans/{quote(key, safe='')}"
