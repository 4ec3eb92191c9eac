"""The built-in planner: REST by convention, deterministic, without an API key.

Covers the requests of SPEC section 2 and refuses all others: it must never guess. Must never see a
value: it plans from shapes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from larst.domain import Action, BodyKind, Code, Json, Plan
from larst.errors import BadResourceNameError, NoRuleError, NoUsablePlanError
from larst.planning.planner import Maker, PlannerAnswer, PlanningRequest
from larst.planning.reading.vocabulary import VERSION as VOCABULARY_VERSION
from larst.planning.rules import lists, programs
from larst.planning.rules.text import CRITERIA, IDENTIFIER, PAYLOAD, answer, children_of
from larst.planning.shapes.rest_path import RestPath
from larst.planning.shapes.shape import Shape

COLLECTION_METHODS = tuple("GET HEAD POST PUT PATCH DELETE OPTIONS".split())
RECORD_METHODS = tuple("GET HEAD PUT PATCH DELETE OPTIONS".split())
FIELD_METHODS = tuple("GET HEAD POST PUT DELETE OPTIONS".split())
SEARCH_METHODS = tuple("GET HEAD POST OPTIONS".split())
COUNT_METHODS = tuple("GET HEAD OPTIONS".split())
RULES = "rules"
"""The name of this planner in the plan book, `Server-Timing` and metrics."""

VERSION = f"2.{VOCABULARY_VERSION}"
"""Part of the key of every plan of this planner. Raise the first number when a change gives a
shape another program; tests/planning/rules/test_golden.py fails until you do."""

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
    links: Mapping[str, Sequence[str]]
    """The fields in which each nested resource stores the id of its parent."""

    @property
    def link(self) -> Sequence[str]:
        return self.links[self.path.resource]

    @property
    def is_nested(self) -> bool:
        return bool(self.path.parents)

    def asks(self, name: str) -> bool:
        """Return whether the shape asks for a part, such as `criteria` or `limit`."""
        return name in self.shape.asks


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
    method = case.shape.method
    if case.path.is_word and (method == "POST" or case.shape.query) and case.path.field is None:
        raise _no_rule(case.shape)
    allowed, deciders = _deciders(case.path)
    if method == "OPTIONS":
        return "custom", answer(204, None, {"Allow": ", ".join(allowed)})
    if (decide := deciders.get(method)) is None:
        return "custom", _not_allowed(method, allowed)
    action, program = decide(case)
    return action, _below_parents(case, program)


def _deciders(path: RestPath) -> tuple[tuple[str, ...], Mapping[str, _Decider]]:
    if path.is_search:
        return SEARCH_METHODS, _ON_SEARCH
    if path.is_count:
        return COUNT_METHODS, _ON_COUNT
    if path.field is not None:
        return FIELD_METHODS, _ON_FIELD
    if path.is_list_of_ids:
        return COLLECTION_METHODS, _ON_IDS
    return (
        (COLLECTION_METHODS, _ON_COLLECTION)
        if path.identifier is None
        else (RECORD_METHODS, _ON_RECORD)
    )


def _not_allowed(method: str, allowed: tuple[str, ...]) -> str:
    detail = f"{method} does not apply to this path; allowed are {', '.join(allowed)}"
    body = {"error": "method not allowed", "detail": detail}
    return answer(405, body, {"Allow": ", ".join(allowed)})


def _below_parents(case: _Case, program: str) -> str:
    """Return the program, wrapped in a check that every parent record in the path exists."""
    path = case.path
    if not path.parents:
        return program
    missing: Json = {"error": "not found", "detail": "a record above in the path does not exist"}
    chain = [
        programs.Link(
            parent.resource,
            f'plan["parents"][{depth}]',
            case.links.get(parent.resource, ()) if depth else (),
        )
        for depth, parent in enumerate(path.parents)
    ]
    if path.identifier is not None:
        missing = {"error": "not found"}
        chain.append(programs.Link(path.resource, IDENTIFIER, case.link))
    return programs.below(chain, program, missing)


def _get(case: _Case) -> tuple[Action, str]:
    return "get", programs.on_record(f"store.get({IDENTIFIER})", case.shape.asks)


def _replace(case: _Case) -> tuple[Action, str]:
    if case.shape.body is not BodyKind.OBJECT:
        return "replace", _bad_body("PUT needs a JSON object")
    fields = case.link if case.is_nested else ()
    return "replace", programs.replace(fields, is_upsert=case.asks("upsert"))


def _patch(case: _Case) -> tuple[Action, str]:
    if case.shape.body not in (BodyKind.OBJECT, BodyKind.PATCH):
        return "patch", _bad_body("PATCH needs a JSON object of the fields to change")
    return "patch", programs.on_record(f"store.update({IDENTIFIER}, {PAYLOAD})")


def _delete(case: _Case) -> tuple[Action, str]:
    return "delete", programs.delete(
        returns_record=case.asks("records"), cascades=case.asks("cascade")
    )


def _create(case: _Case) -> tuple[Action, str]:
    path, body, is_upsert = case.path, case.shape.body, case.asks("upsert")
    collection = f"{path.prefix}/{path.resource}"
    if body is BodyKind.OBJECT and case.is_nested:
        return "create", programs.create_child(collection, case.link)
    if body is BodyKind.OBJECT:
        return "create", programs.create(collection, is_upsert=is_upsert)
    if body is BodyKind.LIST and case.is_nested:
        return "create", lists.create_all_children(case.link)
    if body is BodyKind.LIST:
        return "create", lists.create_all(is_upsert=is_upsert)
    return "create", _bad_body("POST needs a JSON object, or a list of them")


def _list(case: _Case) -> tuple[Action, str]:
    if case.asks("search"):
        return _search(case)
    criteria = _criteria(case) if case.asks("criteria") or case.is_nested else None
    return "list", lists.page_of_records(case.shape.asks, criteria, is_plain=False)


def _search(case: _Case) -> tuple[Action, str]:
    return "search", lists.page_of_records(case.shape.asks, _criteria(case), is_plain=True)


def _list_ids(case: _Case) -> tuple[Action, str]:
    return "list", lists.page_of_records(case.shape.asks, CRITERIA, is_plain=False)


def _count(case: _Case) -> tuple[Action, str]:
    return "custom", lists.count(_criteria(case))


def _put_all(case: _Case) -> tuple[Action, str]:
    if case.shape.body is not BodyKind.LIST:
        return "custom", _not_allowed("PUT", tuple(m for m in COLLECTION_METHODS if m != "PUT"))
    return "replace", lists.replace_all()


def _patch_all(case: _Case) -> tuple[Action, str]:
    if case.shape.body is BodyKind.LIST:
        return "patch", lists.update_each()
    if case.shape.body not in (BodyKind.OBJECT, BodyKind.PATCH):
        return "patch", _bad_body("PATCH needs a JSON object of the fields to change")
    call = f'store.update(record["id"], {PAYLOAD})'
    return "patch", _change_all(case, call, "updated")


def _delete_all(case: _Case) -> tuple[Action, str]:
    return "delete", _change_all(case, 'store.delete(record["id"])', "deleted")


def _change_all(case: _Case, call: str, counted: str) -> str:
    if not case.asks("criteria") and not case.path.is_list_of_ids:
        return answer(400, lists.NO_CRITERION)
    criteria = CRITERIA if case.path.is_list_of_ids else _criteria(case)
    return lists.change_all(call, counted, criteria, returns_records=case.asks("records"))


def _get_field(case: _Case) -> tuple[Action, str]:
    return "custom", programs.get_field(case.path.field or "")


def _set_field(case: _Case) -> tuple[Action, str]:
    return "custom", programs.set_field(case.path.field or "")


def _append_to_field(case: _Case) -> tuple[Action, str]:
    return "custom", programs.append_to_field(case.path.field or "")


def _delete_field(case: _Case) -> tuple[Action, str]:
    return "custom", programs.delete_field(case.path.field or "")


def _criteria(case: _Case) -> str:
    return children_of(case.link) if case.is_nested else CRITERIA


def _bad_body(detail: str) -> str:
    return answer(400, {"error": "bad body", "detail": detail})


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
    "PUT": _put_all,
    "PATCH": _patch_all,
    "DELETE": _delete_all,
}
_ON_IDS: Mapping[str, _Decider] = {
    "GET": _list_ids,
    "PATCH": _patch_all,
    "DELETE": _delete_all,
}
_ON_FIELD: Mapping[str, _Decider] = {
    "GET": _get_field,
    "PUT": _set_field,
    "POST": _append_to_field,
    "DELETE": _delete_field,
}
_ON_SEARCH: Mapping[str, _Decider] = {"GET": _search, "POST": _search}
_ON_COUNT: Mapping[str, _Decider] = {"GET": _count}
