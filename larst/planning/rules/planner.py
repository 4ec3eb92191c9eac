"""The built-in planner: REST by convention, deterministic, no key needed.

Covers what SPEC section 2 lists, and refuses what it cannot read: never a guess. Must never see a
value: it plans from shapes, as any planner does.
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
"""What this planner is called, wherever it is told who planned."""

VERSION = "1"
"""Part of the key of every plan that the rules make. Raise it when a change gives some shape
another program: tests/planning/rules/test_golden.py fails until you do."""

SEARCH_METHODS: tuple[str, ...] = ("GET", "HEAD", "OPTIONS")

HOW_TO_GET_A_PLANNER = (
    "the built-in rules read collections (/members), records (/members/1), searches"
    " (/members/search?name=A*) and collections below a record (/posts/1/comments);"
    " every other request needs a language model to plan it: set OPENAI_API_KEY,"
    " ANTHROPIC_API_KEY, or LARS_LLM_BASE_URL and LARS_MODEL, and start again"
)


@dataclass(frozen=True, slots=True)
class _Question:
    """A shape with its reading: what the rules decide from."""

    shape: Shape
    path: RestPath
    links: Mapping[str, str]
    """The field by which each nested resource names the record above it."""

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
    """Plans by REST convention. Its plans depend on nothing but the shape and the link fields."""

    maker = Maker(RULES, None, VERSION)

    def is_ready(self) -> bool:
        """Tell that the rules are always there."""
        return True

    async def plan(self, request: PlanningRequest) -> PlannerAnswer:
        """Return the plan that REST convention gives the shape.

        Raises:
            NoRuleError: convention has no reading for it; asking again is no use.
            NoUsablePlanError: the rules have one program a shape, and it was refused.
            BadResourceNameError: the path names what no resource can be called.
        """
        if request.refusals:
            raise NoUsablePlanError("; ".join(refusal.reason for refusal in request.refusals))
        path = request.path
        if isinstance(path, BadResourceNameError):
            raise path
        if path is None:
            raise _no_rule(request.shape)
        question = _Question(request.shape, path, request.facts["links"])
        action, program = _decide(question)
        plan = Plan(action=action, resource=path.resource, code=Code(block=program))
        return PlannerAnswer(plan, self.maker, self.maker.planner, based_on="shape")

    async def close(self) -> None:
        """Nothing to let go."""


def _no_rule(shape: Shape) -> NoRuleError:
    asked = shape.as_json()
    return NoRuleError(
        f"{asked['method']} {asked['path']} is not plain REST: {HOW_TO_GET_A_PLANNER}"
    )


def _decide(question: _Question) -> tuple[Action, str]:
    path, method = question.path, question.shape.method
    if path.is_search:
        allowed, deciders = SEARCH_METHODS, _ON_SEARCH
    elif path.identifier is None:
        allowed, deciders = COLLECTION_METHODS, _ON_COLLECTION
    elif path.is_word and (method == "POST" or (method == "GET" and question.has_criteria)):
        raise _no_rule(question.shape)
    else:
        allowed, deciders = RECORD_METHODS, _ON_RECORD
    if method == "OPTIONS":
        return "custom", programs.answer(204, None, {"Allow": ", ".join(allowed)})
    if (decide := deciders.get(method)) is None:
        return "custom", _not_allowed(method, allowed)
    action, program = decide(question)
    return action, _below_parents(question, program)


def _not_allowed(method: str, allowed: tuple[str, ...]) -> str:
    detail = f"{method} does not apply to this path; allowed are {', '.join(allowed)}"
    body = {"error": "method not allowed", "detail": detail}
    return programs.answer(405, body, {"Allow": ", ".join(allowed)})


def _below_parents(question: _Question, program: str) -> str:
    """Have the program run only where every record above it in the path exists."""
    path = question.path
    if not path.parents:
        return program
    missing: Json = {"error": "not found", "detail": "a record above in the path does not exist"}
    chain = [
        programs.Link(
            parent.resource,
            f'ctx["segments"][{parent.index}]',
            question.links.get(parent.resource) if depth else None,
        )
        for depth, parent in enumerate(path.parents)
    ]
    if path.identifier is not None:
        missing = {"error": "not found"}
        chain.append(programs.Link(path.resource, IDENTIFIER, question.link))
    return programs.below(chain, program, missing)


def _get(question: _Question) -> tuple[Action, str]:
    return "get", programs.on_record(f"store.get({IDENTIFIER})")


def _replace(question: _Question) -> tuple[Action, str]:
    if question.shape.body is not BodyKind.OBJECT:
        return "replace", _bad_body("PUT needs a JSON object")
    payload = PAYLOAD
    if question.is_nested:
        payload = programs.same_link(PAYLOAD, question.link)
    return "replace", programs.on_record(f"store.replace({IDENTIFIER}, {payload})")


def _patch(question: _Question) -> tuple[Action, str]:
    if question.shape.body not in (BodyKind.OBJECT, BodyKind.PATCH):
        return "patch", _bad_body("PATCH needs a JSON object of the fields to change")
    return "patch", programs.on_record(f"store.update({IDENTIFIER}, {PAYLOAD})")


def _delete(question: _Question) -> tuple[Action, str]:
    return "delete", programs.delete()


def _create(question: _Question) -> tuple[Action, str]:
    path, body = question.path, question.shape.body
    collection = f"{path.prefix}/{path.resource}"
    if body is BodyKind.OBJECT and question.is_nested:
        return "create", programs.create_child(collection, question.link)
    if body is BodyKind.OBJECT:
        return "create", programs.create(collection)
    if body is BodyKind.LIST and question.is_nested:
        return "create", programs.create_all_children(question.link)
    if body is BodyKind.LIST:
        return "create", programs.create_all()
    return "create", _bad_body("POST needs a JSON object, or a list of them")


def _list(question: _Question) -> tuple[Action, str]:
    if wrong := _wrong_paging(question):
        return "list", wrong
    if any(is_search_key(key) for key, _ in question.shape.query):
        return _search(question)
    criteria = _criteria(question) if question.has_criteria or question.is_nested else None
    return "list", programs.envelope(question.paging, criteria)


def _search(question: _Question) -> tuple[Action, str]:
    if wrong := _wrong_paging(question):
        return "search", wrong
    return "search", programs.plain_list(question.paging, _criteria(question))


def _patch_all(question: _Question) -> tuple[Action, str]:
    if question.shape.body is not BodyKind.OBJECT:
        return "patch", _bad_body("PATCH needs a JSON object of the fields to change")
    call = f'store.update(record["id"], {PAYLOAD})'
    return "patch", _change_all(question, call, "updated")


def _delete_all(question: _Question) -> tuple[Action, str]:
    return "delete", _change_all(question, 'store.delete(record["id"])', "deleted")


def _change_all(question: _Question, call: str, counted: str) -> str:
    if question.paging:
        return programs.bad_paging(
            "limit, offset and sort do not apply where all that match change"
        )
    if not question.has_criteria:
        return programs.answer(400, programs.NO_CRITERION)
    return programs.change_all(call, counted, _criteria(question))


def _criteria(question: _Question) -> str:
    return programs.children_of(question.link) if question.is_nested else CRITERIA


def _wrong_paging(question: _Question) -> str | None:
    for key, classes in question.shape.query:
        if key in ("limit", "offset") and classes[-1] != "<int>":
            return programs.bad_paging(f"{key} must be a whole number from 0")
    return None


def _bad_body(detail: str) -> str:
    return programs.answer(400, {"error": "bad body", "detail": detail})


_Decider = Callable[[_Question], tuple[Action, str]]
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
