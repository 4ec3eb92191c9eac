"""`larst plans`: view the plan book of a running service, and approve, change or reject plans.

Uses the control API, since only the service writes the book. Must never print a token.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from larst.cli.arguments import add_actions, add_command, add_json, add_service_url, add_yes
from larst.cli.confirm import confirm
from larst.cli.output import print_json, print_table, printable

if TYPE_CHECKING:
    from larst.cli.arguments import Subparsers
    from larst.cli.client import Service
    from larst.config import Settings

_PATH = "/_larst/plans"
_PAGE_SIZE = 200
_KEY_CHARACTERS = 10
"""How much of a key the table shows."""


def add_arguments(subparsers: Subparsers) -> None:
    """Declare `larst plans` and its actions."""
    plans = add_command(
        subparsers,
        "plans",
        "list, approve, test, change or reject the plans of a running service",
        examples="larst plans --state learned\nlarst plans show 3fa2b8\nlarst plans pin 3fa2b8\n"
        'larst plans reject 3fa2b8 --reason "it must not delete"\nlarst plans edit 3fa2b8\n'
        "larst plans put 3fa2b8 close.py\nlarst plans test",
    )
    plans.set_defaults(run=run)
    actions = add_actions(
        plans,
        (
            ("list", "list the plans, most used first (the default)", _list),
            ("show", "show a plan and its program", _show),
            ("pin", "approve a plan: it stays in the plan book", _pin),
            ("reject", "reject a plan: the planner gets the reason", _reject),
            ("edit", "change the program of a plan in your editor", _edit),
            ("put", "replace the program of a plan by that in a file", _put),
            ("test", "run the cases of a plan, or of all plans", _test),
            ("diff", "compare the programs of two plans", _diff),
            ("delete", "delete a plan: its shape is planned again", _delete),
        ),
    )
    for parser in (plans, actions["list"]):
        parser.add_argument(
            "--state",
            choices=("tried", "learned", "pinned", "rejected", "refused"),
            default=None,
            help="list only plans in this state",
        )
    for name in ("show", "pin", "reject", "edit", "put", "diff", "delete"):
        actions[name].add_argument(
            "key", metavar="KEY", help="the key of the plan, or its beginning"
        )
    actions["reject"].add_argument("--reason", required=True, help="the mistake in the program")
    actions["reject"].add_argument(
        "--undo",
        action="store_true",
        help="also take back what its latest run changed; if that cannot be, nothing is done",
    )
    actions["reject"].add_argument(
        "--session", help="with --undo: the session (default: that of your token)"
    )
    actions["put"].add_argument("file", metavar="FILE", help="the program; '-': stdin")
    actions["diff"].add_argument("other", metavar="OTHER", help="the key of the other plan")
    actions["test"].add_argument("key", metavar="KEY", nargs="?", help="the plan; default: all")
    for name in ("edit", "put"):
        actions[name].add_argument(
            "--force", action="store_true", help="drop the cases that the new program fails"
        )
    add_yes(actions["delete"])
    for parser in (plans, *actions.values()):
        parser.add_argument("--tenant", help="the tenant of the plans (default: your token's own)")
        add_service_url(parser)
        add_json(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Run one of the actions; return 0, or 1 if a case failed.

    Raises:
        ServiceError: the service cannot be reached, or refuses the request.
        DeclinedError, ConfigError: the plan was not to be deleted.
    """
    from larst.cli.client import service_at

    code: int | None = options.action(service_at(options.url, settings), options)
    return code or 0


def _list(service: Service, options: argparse.Namespace) -> None:
    chosen = {"state": options.state, "tenant": options.tenant}
    query = urlencode({name: value for name, value in chosen.items() if value})
    plans = service.list_all(_PATH, page_size=_PAGE_SIZE, query=query and f"&{query}")
    if options.json:
        print_json(plans)
    elif plans:
        columns = ("key", "state", "request", "does", "planner")
        print_table(columns, ("uses", "tokens", "cost"), map(_row, plans))
    else:
        sys.stdout.write("no plans yet: send the service a request\n")


def _row(plan: dict[str, Any]) -> tuple[str, ...]:
    return (
        plan["key"][:_KEY_CHARACTERS],
        plan["state"] + (", older prompt" if plan["has_older_prompt"] else ""),
        _request(plan),
        f"{plan['action']} {plan['resource'] or ''}".strip(),
        "/".join(filter(None, (plan["planner"], plan["model"]))),
        str(plan["uses"]),
        str(sum(plan["tokens"].values())) if plan["tokens"] else "",
        f"${plan['cost_usd']:.5f}" if plan["cost_usd"] is not None else "",
    )


def _show(service: Service, options: argparse.Namespace) -> None:
    plan = service.request_json("GET", _path(options))
    if options.json:
        print_json(plan)
        return
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console()
    for name, value in _facts(plan):
        console.print(f"{name:<14}{value}", markup=False, highlight=False)
    console.print()
    program = "\n".join(map(printable, plan["plan"]["code"]["block"].splitlines()))
    console.print(Syntax(program, "python", background_color="default"))


def _facts(plan: dict[str, Any]) -> list[tuple[str, str]]:
    names = (
        "key",
        "state",
        "reason",
        "intent",
        "planner",
        "model",
        "made_at",
        "uses",
        "last_used_at",
    )
    facts = [(name, printable(str(plan[name]))) for name in names if plan[name] is not None]
    facts += [("request", _request(plan["shape"])), ("planning", _cost(plan))]
    if plan["has_older_prompt"]:
        facts.append(("prompt", "older than that of this version"))
    if plan["cases"]:
        facts.append(("cases", ", ".join(_case(case) for case in plan["cases"])))
    if plan["condition"] is not None:
        condition = {name: value for name, value in plan["condition"].items() if value}
        facts.append(("serves if", json.dumps(condition)))
    facts.append(("does", f"{plan['plan']['action']} {plan['plan']['resource'] or ''}"))
    facts.append(("runs", _way_to_run(plan["plan"]["code"]["block"])))
    return facts


def _case(case: dict[str, Any]) -> str:
    return printable(f"{case['request']['method']} {case['request']['path']} → {case['status']}")


def _way_to_run(program: str) -> str:
    """Return whether a program runs directly, and otherwise which line needs the sandbox."""
    from larst.domain.total import NotTotal
    from larst.errors import ProgramRefusedError
    from larst.policy import PolicyLimits, check, strip_fences

    try:
        form = check(strip_fences(program), PolicyLimits(code_bytes=len(program) * 4)).total
    except ProgramRefusedError:
        return "not at all: the policy refuses it"
    if isinstance(form, NotTotal):
        return f"in the sandbox: {form}"
    return "directly"


def _pin(service: Service, options: argparse.Namespace) -> None:
    _print_state(service.request_json("POST", _path(options, "/pin")), options)


def _reject(service: Service, options: argparse.Namespace) -> None:
    body = {"reason": options.reason}
    if options.undo:
        _undo(service, options)
    _print_state(service.request_json("POST", _path(options, "/reject"), body), options)


def _undo(service: Service, options: argparse.Namespace) -> None:
    from larst.planning.reading.nouns import counted

    query = f"?{urlencode({'session': options.session})}" if options.session else ""
    path = f"{_PATH}/{quote(options.key, safe='')}/undo{query}"
    undone = service.request_json("POST", path)["undone"]
    if not options.json:
        sys.stdout.write(f"taken back: {printable(counted(undone))}\n")


def _edit(service: Service, options: argparse.Namespace) -> None:
    from larst.cli.programs import edited

    plan = service.request_json("GET", _path(options))
    block = plan["plan"]["code"]["block"]
    program = edited(block, plan["key"])
    if program == block.strip("\n"):
        sys.stdout.write("the program is unchanged\n")
    else:
        _replace(service, options, program)


def _put(service: Service, options: argparse.Namespace) -> None:
    from larst.cli.programs import read_program

    _replace(service, options, read_program(options.file))


def _replace(service: Service, options: argparse.Namespace, program: str) -> None:
    path = _path(options, "/program")
    if options.force:
        path += f"{'&' if '?' in path else '?'}force=true"
    _print_state(service.request_json("PUT", path, {"program": program}), options)


def _test(service: Service, options: argparse.Namespace) -> int:
    path = _path(options, "/test") if options.key else _path_of("test", options)
    results = service.request_json("POST", path)
    if options.json:
        print_json(results)
        return int(results["failed"] > 0)
    for case in results["items"]:
        verdict = "passed" if case["passed"] else "FAILED"
        request = printable(f"{case['method']} {case['path']}")
        sys.stdout.write(f"{verdict}  {case['key'][:_KEY_CHARACTERS]}  {request}\n")
        for difference in case["differences"]:
            sys.stdout.write(f"        {printable(difference)}\n")
    not_run = f", {results['not_run']} not run: no time" if results["not_run"] else ""
    sys.stdout.write(f"{results['passed']} passed, {results['failed']} failed{not_run}\n")
    return int(results["failed"] > 0)


def _diff(service: Service, options: argparse.Namespace) -> None:
    from larst.cli.programs import difference

    keys = options.key, options.other
    plans = [service.request_json("GET", _path_of(key, options)) for key in keys]
    old, new = (plan["plan"]["code"]["block"] for plan in plans)
    old_name, new_name = (plan["key"][:_KEY_CHARACTERS] for plan in plans)
    text = difference(old, new, old_name=old_name, new_name=new_name)
    if options.json:
        print_json({"diff": text})
    else:
        for line in text.splitlines():
            sys.stdout.write(f"{printable(line)}\n")


def _delete(service: Service, options: argparse.Namespace) -> None:
    confirm(f"Delete the plan {options.key}?", options)
    service.request_json("DELETE", _path(options))
    sys.stdout.write(f"{options.key} is deleted; its shape will be planned again\n")


def _print_state(plan: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print_json(plan)
    else:
        key = plan["key"][:_KEY_CHARACTERS]
        sys.stdout.write(f"{key} ({plan['method']} {plan['path']}) is {plan['state']}\n")


def _request(shape: dict[str, Any]) -> str:
    query = "&".join(
        f"{key}={value}" for key, values in (shape["query"] or {}).items() for value in values
    )
    return printable(f"{shape['method']} {shape['path']}" + (f"?{query}" if query else ""))


def _cost(plan: dict[str, Any]) -> str:
    tokens, cost = plan["tokens"], plan["cost_usd"]
    if tokens is None:
        return "no cost"
    price = "price unknown" if cost is None else f"${cost:.6f}"
    return f"{plan['attempts']} call(s), {tokens['input']} + {tokens['output']} tokens, {price}"


def _path(options: argparse.Namespace, action: str = "") -> str:
    return _path_of(options.key, options, action)


def _path_of(key: str, options: argparse.Namespace, action: str = "") -> str:
    query = f"?{urlencode({'tenant': options.tenant})}" if options.tenant else ""
    return f"{_PATH}/{quote(key, safe='')}{action}{query}"
