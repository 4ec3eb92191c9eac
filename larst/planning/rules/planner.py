"""The built-in planner: REST by convention, deterministic, without an API key.

Covers the requests of SPEC section 2 and refuses all others: it must never guess. Must never see a
value: it plans from shapes alone.
"""

from __future__ import annotations

from larst.domain import Action, BodyKind, Code, Json, Plan
from larst.errors import BadResourceNameError, NoRuleError, NoUsablePlanError
from larst.planning.planner import RULES, Maker, PlannerAnswer, PlanningRequest
from larst.planning.reading.vocabulary import VERSION as VOCABULARY_VERSION
from larst.planning.rules import files, lists, nested, programs
from larst.planning.rules.case import Case, Deciders
from larst.planning.rules.deciders import (
    ON_DATABASE,
    ON_FIELD,
    ON_ID,
    ON_ITEM,
    ON_LATEST,
    ON_LINKED,
    ON_LINKED_RECORD,
    ON_SINGLETON,
    ON_TO_ONE,
    bad_body,
    criteria_of,
)
from larst.planning.rules.text import CRITERIA, IDENTIFIER, PAYLOAD, answer
from larst.planning.shapes.request import ShapedRequest
from larst.planning.shapes.shape import Shape

METHODS = tuple("GET HEAD POST PUT PATCH DELETE OPTIONS".split())
VERSION = f"10.{VOCABULARY_VERSION}"
"""Part of the key of every plan of this planner. Raise the first number when a change gives a
shape another program; tests/planning/rules/test_golden.py fails until you do."""

HOW_TO_GET_A_PLANNER = (
    "the built-in rules read collections (/members), records (/members/1), searches"
    " (/members/search?name=A*) and collections below a record (/posts/1/comments);"
    " every other request needs a language model to plan it: set OPENAI_API_KEY,"
    " ANTHROPIC_API_KEY, or LARS_LLM_BASE_URL and LARS_MODEL, and start again"
)


class RulesPlanner:
    """Plans by REST convention. Its plans depend on the shape and the link fields only."""

    maker = Maker(RULES, None, VERSION)

    def trusts(self, maker: Maker, shaped: ShapedRequest) -> bool:
        """Return whether a learned plan may serve: only its own."""
        return maker == self.maker

    def is_ready(self) -> bool:
        """Return True: the rules need no provider."""
        return True

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return the plan that REST convention gives the shape.

        Raises:
            NoRuleError: the request is not plain REST.
            NoUsablePlanError: the only program that the rules have for the shape was refused.
            BadResourceNameError: the path contains an invalid resource name.
        """
        if request.refusals:
            raise NoUsablePlanError("; ".join(refusal.reason for refusal in request.refusals))
        path = request.path
        if isinstance(path, BadResourceNameError):
            raise path
        if request.guidance.intent is not None:
            raise NoRuleError(f"the rules cannot read X-LARST-Intent: {HOW_TO_GET_A_PLANNER}")
        if path is None:
            raise _no_rule(request.shape)
        action, program = _decide(Case(request.shape, path, request.facts))
        plan = Plan(action=action, resource=path.resource, code=Code(block=program))
        return PlannerAnswer(plan, self.maker, source=RULES, based_on="shape")

    async def close(self) -> None:
        """Do nothing: the rules have no connections."""


def _no_rule(shape: Shape) -> NoRuleError:
    return NoRuleError(f"{shape.method} {shape.route} is not plain REST: {HOW_TO_GET_A_PLANNER}")


def _decide(case: Case) -> tuple[Action, str]:
    method = case.shape.method
    is_word = case.path.is_word and not case.path.is_latest and case.path.field is None
    if is_word and (method == "POST" or case.shape.query):
        raise _no_rule(case.shape)
    allowed, deciders = _deciders(case)
    if method == "OPTIONS":
        return "custom", answer(204, None, {"Allow": ", ".join(allowed)})
    if (decide := deciders.get(method)) is None:
        return "custom", _not_allowed(method, allowed)
    action, program = decide(case)
    return action, _below_parents(case, program)


def _deciders(case: Case) -> tuple[tuple[str, ...], Deciders]:
    """Return the methods that the path takes, and the decider of each."""
    path = case.path
    table = next((table for name, table in _SPECIAL if getattr(path, name)), None)
    if path.is_latest and not case.is_latest and case.shape.method != "OPTIONS":
        table = _ON_RECORD
    if table is None and path.field is not None:
        table = ON_FIELD if path.item is None else ON_ITEM
        if path.field == "id" and not path.is_singleton:
            table = ON_ID
    if table is None and path.is_singleton:
        table = ON_SINGLETON
    if table is None and case.many is not None and case.many.kind != "one":
        table = ON_LINKED
        if path.identifier is not None:
            table = {**_ON_RECORD, **ON_LINKED_RECORD}
            table["PUT"] = table["PUT"] if case.is_link else _replace
    if table is None:
        table = _ON_COLLECTION if path.identifier is None else _ON_RECORD
    return tuple(name for name in METHODS if name in {*table, "HEAD", "OPTIONS"}), table


def _not_allowed(method: str, allowed: tuple[str, ...]) -> str:
    detail = f"{method} does not apply to this path; allowed are {', '.join(allowed)}"
    body = {"error": "method not allowed", "detail": detail}
    return answer(405, body, {"Allow": ", ".join(allowed)})


def _below_parents(case: Case, program: str) -> str:
    """Return the program, wrapped in a check that every parent record in the path exists."""
    path = case.path
    if not path.parents:
        return program
    missing: Json = {"error": "not found", "detail": "a record above in the path does not exist"}
    chain = [
        nested.Link(
            parent.resource,
            f'plan["parents"][{depth}]',
            case.links.get(parent.resource, ()) if depth else (),
            case.many_of(parent.resource) if depth else None,
        )
        for depth, parent in enumerate(path.parents)
    ]
    if path.identifier is not None and not (case.is_link or case.is_latest):
        missing = {"error": "not found"}
        chain.append(nested.Link(path.resource, IDENTIFIER, case.link, case.many))
    return nested.below(chain, program, missing)


def _get(case: Case) -> tuple[Action, str]:
    return "get", programs.on_record(f"store.get({IDENTIFIER})", case.shape.asks)


def _replace(case: Case) -> tuple[Action, str]:
    if case.shape.body is not BodyKind.OBJECT:
        return "replace", bad_body(case, "PUT needs a JSON object")
    program = programs.replace(case.link if case.is_nested else (), is_upsert=case.asks("upsert"))
    if case.is_nested and case.many is None:
        program = nested.replace_child(case.link, case.aliases, program)
    return "replace", program


def _patch(case: Case) -> tuple[Action, str]:
    if case.shape.body not in (BodyKind.OBJECT, BodyKind.PATCH):
        return "patch", bad_body(case, "PATCH needs a JSON object of the fields to change")
    return "patch", programs.on_record(f"store.update({IDENTIFIER}, {PAYLOAD})")


def _delete(case: Case) -> tuple[Action, str]:
    return "delete", programs.delete(
        returns_record=case.asks("records"), cascades=case.asks("cascade")
    )


def _create(case: Case) -> tuple[Action, str]:
    body, is_upsert = case.shape.body, case.asks("upsert")
    if body in (BodyKind.OBJECT, BodyKind.LIST) and case.asks("keep") and not case.is_nested:
        return "create", lists.create_missing(is_list=body is BodyKind.LIST)
    if body is BodyKind.OBJECT and case.is_nested:
        return "create", nested.create_child(case.collection, case.link, case.aliases)
    if body is BodyKind.OBJECT:
        return "create", programs.create(
            case.collection, is_upsert=is_upsert, is_minimal=case.asks("minimal")
        )
    if body is BodyKind.LIST and case.is_nested:
        return "create", nested.create_all_children(case.link, case.aliases)
    if body is BodyKind.LIST:
        return "create", lists.create_all(is_upsert=is_upsert, is_minimal=case.asks("minimal"))
    return "create", bad_body(case, "POST needs a JSON object, or a list of them")


def _list(case: Case) -> tuple[Action, str]:
    if case.asks("search"):
        return _search(case)
    criteria = criteria_of(case) if case.asks("criteria") or case.is_nested else None
    return "list", lists.page_of_records(case.shape.asks, criteria, is_plain=False)


def _search(case: Case) -> tuple[Action, str]:
    return "search", lists.page_of_records(case.shape.asks, criteria_of(case), is_plain=True)


def _list_ids(case: Case) -> tuple[Action, str]:
    return "list", lists.page_of_records(case.shape.asks, CRITERIA, is_plain=False)


def _count(case: Case) -> tuple[Action, str]:
    return "custom", lists.count(criteria_of(case))


def _put_all(case: Case) -> tuple[Action, str]:
    if case.shape.body is BodyKind.TEXT:
        return "custom", files.unsupported()
    if case.shape.body is not BodyKind.LIST:
        return "custom", _not_allowed("PUT", tuple(name for name in METHODS if name != "PUT"))
    if case.is_nested:
        return "replace", _change_children(case, "replace")
    return "replace", lists.replace_all(is_minimal=case.asks("minimal"))


def _patch_all(case: Case) -> tuple[Action, str]:
    if case.shape.body is BodyKind.LIST and case.is_nested:
        return "patch", _change_children(case, "update")
    if case.shape.body is BodyKind.LIST:
        return "patch", lists.update_each(is_minimal=case.asks("minimal"))
    if case.shape.body not in (BodyKind.OBJECT, BodyKind.PATCH):
        return "patch", bad_body(case, "PATCH needs a JSON object of the fields to change")
    if (criteria := _criteria_of_change(case)) is None:
        return "patch", answer(400, lists.NO_CRITERION)
    is_merge = case.shape.body is BodyKind.OBJECT
    returns_records = case.asks("records")
    program = lists.update_all(criteria, returns_records=returns_records, is_merge=is_merge)
    return "patch", program


def _change_children(case: Case, method: str) -> str:
    is_minimal = case.asks("minimal")
    return nested.change_children(method, case.link, case.aliases, case.many, is_minimal=is_minimal)


def _delete_all(case: Case) -> tuple[Action, str]:
    if (criteria := _criteria_of_change(case)) is None:
        return "delete", answer(400, lists.NO_CRITERION)
    return "delete", lists.delete_all(criteria, returns_records=case.asks("records"))


def _criteria_of_change(case: Case) -> str | None:
    """Return the expression of what a bulk change selects; None if nothing restricts it."""
    if case.path.is_list_of_ids:
        return CRITERIA
    return criteria_of(case) if case.asks("criteria") else None


_ON_RECORD: Deciders = {
    "GET": _get,
    "PUT": _replace,
    "PATCH": _patch,
    "DELETE": _delete,
}
_ON_COLLECTION: Deciders = {
    "GET": _list,
    "POST": _create,
    "PUT": _put_all,
    "PATCH": _patch_all,
    "DELETE": _delete_all,
}
_ON_IDS: Deciders = {
    "GET": _list_ids,
    "PATCH": _patch_all,
    "DELETE": _delete_all,
}
_ON_SEARCH: Deciders = {"GET": _search, "POST": _search}
_ON_COUNT: Deciders = {"GET": _count}
_SPECIAL: tuple[tuple[str, Deciders], ...] = (
    ("is_search", _ON_SEARCH),
    ("is_count", _ON_COUNT),
    ("is_latest", ON_LATEST),
    ("is_database", ON_DATABASE),
    ("is_to_one", ON_TO_ONE),
    ("is_list_of_ids", _ON_IDS),
)
"""The deciders of special paths, by the flag of the path that marks them."""
