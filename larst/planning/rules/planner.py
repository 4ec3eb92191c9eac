"""The built-in planner: REST by convention, deterministic, without an API key.

Covers the requests of SPEC section 2 and refuses all others: it must never guess. Must never see a
value: it plans from shapes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from larst.domain import Action, BodyKind, Code, Json, Plan
from larst.errors import BadResourceNameError, NoRuleError, NoUsablePlanError
from larst.planning.planner import Maker, PlannerAnswer, PlanningRequest
from larst.planning.rules import programs
from larst.planning.shapes.binding import PAGING, is_search_key
from larst.planning.shapes.rest_path import RestPath
from larst.planning.shapes.shape import Shape

CRITERIA = 'plan["criteria"]'
IDENTIFIER = 'plan["identifier"]'
PAYLOAD = 'plan["payload"]'

COLLECTION_METHODS: tuple[str, ...] = ("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS")
RECORD_METHODS: tuple[str, ...] = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
RULES = "rules"
"""The name of this planner in the plan book, `Server-Timing` and metrics."""

VERSION = "1"
"""Part of the key of every plan of this planner. Raise it when a change gives a shape another
program; tests/planning/rules/test_golden.py fails until you do."""

SEARCH_METHODS: tuple[str, ...] = ("GET", "HEAD", "OPTIONS")

HOW_TO_GET_A_PLANNER = (
    "the built-in rules read collections (/members), records (/members/1), searches"
    " (/members/search?name=A*) and collections below a record (/posts/1/comments);"
    " every other request needs a language model to plan it: set OPENAI_API_KEY,"
    " ANTHROPIC_API_KEY, or LARS_LLM_BASE_URL and LARS_MODEL, and start again"
)


@dataclass(frozen=True, slots=True)
class _Case:
    """The input of the rules: a shape, and the meaning of its path."""

    shape: Shape
    path: RestPath
    links: Mapping[str, str]
    """The field in which each nested resource stores the id of its parent."""

    @property
    def link(self) -> str:
        return self.links[self.path.resource]

    @property
    def is_nested(self) -> bool:
        return bool(self.path.parents)

    @property
    def has_criteria(self) -> bool:
        return any(key not in PAGING for key, _ in self.shape.query)

    @property
    def paging(self) -> list[str]:
        return [key for key in ("limit", "offset", "sort") if key in dict(self.shape.query)]


class RulesPlanner:
    """Plans by REST convention. Its plans depend on the shape and the link fields only."""

    maker = Maker(RULES, None, VERSION)

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
        if path is None:
            raise _no_rule(request.shape)
        action, program = _decide(_Case(request.shape, path, request.facts["links"]))
        plan = Plan(action=action, resource=path.resource, code=Code(block=program))
        return PlannerAnswer(plan, self.maker, source=RULES, based_on="shape")

    async def close(self) -> None:
        """Do nothing: the rules have no connections."""


def _no_rule(shape: Shape) -> NoRuleError:
    return NoRuleError(f"{shape.method} {shape.route} is not plain REST: {HOW_TO_GET_A_PLANNER}")


def _decide(case: _Case) -> tuple[Action, str]:
    path, method = case.path, case.shape.method
    if path.is_search:
        allowed, deciders = SEARCH_METHODS, _ON_SEARCH
    elif path.identifier is None:
        allowed, deciders = COLLECTION_METHODS, _ON_COLLECTION
    elif path.is_word and (method == "POST" or (method == "GET" and case.has_criteria)):
        raise _no_rule(case.shape)
    else:
        allowed, deciders = RECORD_METHODS, _ON_RECORD
    if method == "OPTIONS":
        return "custom", programs.answer(204, None, {"Allow": ", ".join(allowed)})
    if (decide := deciders.get(method)) is None:
        return "custom", _not_allowed(method, allowed)
    action, program = decide(case)
    return action, _below_parents(case, program)


def _not_allowed(method: str, allowed: tuple[str, ...]) -> str:
    detail = f"{method} does not apply to this path; allowed are {', '.join(allowed)}"
    body = {"error": "method not allowed", "detail": detail}
    return programs.answer(405, body, {"Allow": ", ".join(allowed)})


def _below_parents(case: _Case, program: str) -> str:
    """Return the program, wrapped in a check that every parent record in the path exists."""
    path = case.path
    if not path.parents:
        return program
    missing: Json = {"error": "not found", "detail": "a record above in the path does not exist"}
    chain = [
        programs.Link(
            parent.resource,
            f'ctx["segments"][{parent.index}]',
            case.links.get(parent.resource) if depth else None,
        )
        for depth, parent in enumerate(path.parents)
    ]
    if path.identifier is not None:
        missing = {"error": "not found"}
        chain.append(programs.Link(path.resource, IDENTIFIER, case.link))
    return programs.below(chain, program, missing)


def _get(case: _Case) -> tuple[Action, str]:
    return "get", programs.on_record(f"store.get({IDENTIFIER})")


def _replace(case: _Case) -> tuple[Action, str]:
    if case.shape.body is not BodyKind.OBJECT:
        return "replace", _bad_body("PUT needs a JSON object")
    payload = PAYLOAD
    if case.is_nested:
        payload = programs.same_link(PAYLOAD, case.link)
    return "replace", programs.on_record(f"store.replace({IDENTIFIER}, {payload})")


def _patch(case: _Case) -> tuple[Action, str]:
    if case.shape.body not in (BodyKind.OBJECT, BodyKind.PATCH):
        return "patch", _bad_body("PATCH needs a JSON object of the fields to change")
    return "patch", programs.on_record(f"store.update({IDENTIFIER}, {PAYLOAD})")


def _delete(case: _Case) -> tuple[Action, str]:
    return "delete", programs.delete()


def _create(case: _Case) -> tuple[Action, str]:
    path, body = case.path, case.shape.body
    collection = f"{path.prefix}/{path.resource}"
    if body is BodyKind.OBJECT and case.is_nested:
        return "create", programs.create_child(collection, case.link)
    if body is BodyKind.OBJECT:
        return "create", programs.create(collection)
    if body is BodyKind.LIST and case.is_nested:
        return "create", programs.create_all_children(case.link)
    if body is BodyKind.LIST:
        return "create", programs.create_all()
    return "create", _bad_body("POST needs a JSON object, or a list of them")


def _list(case: _Case) -> tuple[Action, str]:
    if refusal := _bad_paging(case):
        return "list", refusal
    if any(is_search_key(key) for key, _ in case.shape.query):
        return _search(case)
    criteria = _criteria(case) if case.has_criteria or case.is_nested else None
    return "list", programs.envelope(case.paging, criteria)


def _search(case: _Case) -> tuple[Action, str]:
    if refusal := _bad_paging(case):
        return "search", refusal
    return "search", programs.plain_list(case.paging, _criteria(case))


def _patch_all(case: _Case) -> tuple[Action, str]:
    if case.shape.body is not BodyKind.OBJECT:
        return "patch", _bad_body("PATCH needs a JSON object of the fields to change")
    call = f'store.update(record["id"], {PAYLOAD})'
    return "patch", _change_all(case, call, "updated")


def _delete_all(case: _Case) -> tuple[Action, str]:
    return "delete", _change_all(case, 'store.delete(record["id"])', "deleted")


def _change_all(case: _Case, call: str, counted: str) -> str:
    if case.paging:
        return programs.bad_paging(
            "limit, offset and sort do not apply where all that match change"
        )
    if not case.has_criteria:
        return programs.answer(400, programs.NO_CRITERION)
    return programs.change_all(call, counted, _criteria(case))


def _criteria(case: _Case) -> str:
    return programs.children_of(case.link) if case.is_nested else CRITERIA


def _bad_paging(case: _Case) -> str | None:
    for key, classes in case.shape.query:
        if key in ("limit", "offset") and classes[-1] != "<int>":
            return programs.bad_paging(f"{key} must be a whole number from 0")
    return None


def _bad_body(detail: str) -> str:
    return programs.answer(400, {"error": "bad body", "detail": detail})


_Decider = Callable[[_Case], tuple[Action, str]]
_ON_RECORD: Mapping[str, _Decider] = {
    "GET": _get,
    "PUT": _replace,
    "PATCH": _patch,
    "DELETE": _delete,
}
_ON_COLLECTION: Mapping[str, _Decider] = {
    "GET": _list,
    "POST": _create,
    "PATCH": _patch_all,
    "DELETE": _delete_all,
}
_ON_SEARCH: Mapping[str, _Decider] = {"GET": _search}
