"""The conversation with a model about one request: system prompt, examples, request, retries. Pure.

Must never contain anything that the planning request does not contain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from larst import prompts
from larst.domain import Json
from larst.planning.models.answers import ANSWER_SCHEMA, ANSWER_SCHEMA_WITH_VALUES
from larst.planning.models.base import Prompt, Turn
from larst.planning.models.redaction import redact
from larst.planning.planner import PlanningRequest, Refusal
from larst.prompts import Example

MAX_PROMPT_TOKENS = 2_400
"""The size of a first attempt: it fits the default context of common local servers, 4,096 tokens,
together with an answer."""

CHARACTERS_PER_TOKEN = 3.3
"""Of these prompts, at least: the tokenizer of a small coding model counted 3.3 to 3.4."""

MAX_CONTEXT_CHARACTERS = 60_000
"""A longer context is shortened: it would cost more than a plan is worth."""

_MAX_OTHER_SCHEMAS_CHARACTERS = 1_500
"""The schemas of resources that the request does not name: beyond that, their names."""

_EXAMPLES = 3
_MAX_REFUSALS = 5
_HAS_VALUES = "This request is parts with its VALUES; the plan may serve this request only."
_MAY_NEED_VALUES = (
    " Set needs_values only if no program can answer without the values of this request."
)

_HINTS = {
    "name 'REPLY' is not defined": "a path through the program assigns no REPLY: add an else branch"
}
"""What to do, where an error does not say it."""

_ALWAYS_SHOWN = ("method", "path")
_SHOWN = ("query", "body_json", "body_text", "asked")
"""The parts of a request context that a model sees where they are not empty."""


def prompt_for(request: PlanningRequest, *, plain: bool = False, hot: float = 0.0) -> Prompt:
    """Return the prompt, with the text that is the same for all requests first, for the cache.

    `plain`: plain REST is among the examples, because the rules do not serve it.
    """
    refusals = request.refusals[-_MAX_REFUSALS:]
    system = prompts.fill("plan")
    user = _request_text(request)
    is_retry = bool(refusals) and request.may_need_values
    return Prompt(
        system=system,
        user=user,
        schema=ANSWER_SCHEMA_WITH_VALUES if is_retry else ANSWER_SCHEMA,
        version=prompts.version(),
        examples=tuple(_examples(request, plain, len(system) + len(user))),
        retries=tuple(_retries(refusals, request)),
        whole=f"{system}\n\n{_whole_text(request, refusals)}",
        temperature=hot,
    )


def request_turn(
    schemas: Mapping[str, Json], links: Mapping[str, Json], context: Mapping[str, Json]
) -> str:
    """Return the turn of a request; those of examples have the same form."""
    return _fill_request(_json(schemas), links, "", _json(shown_context(context)))


def answer_text(action: str, resource: str | None, program: str) -> str:
    """Return a plan in the form in which a model answers."""
    code = {"language": "python", "block": program}
    return json.dumps({"action": action, "resource": resource, "code": code}, ensure_ascii=False)


def shown_context(context: Mapping[str, Json]) -> dict[str, Json]:
    """Return the parts of a request context that matter to a program, without the empty ones."""
    parts = {name: context[name] for name in _ALWAYS_SHOWN if name in context}
    parts |= {name: context[name] for name in _SHOWN if context.get(name) not in (None, {})}
    accept = (context.get("headers") or {}).get("accept", "application/json")
    return parts if accept == "application/json" else {**parts, "accept": accept}


def _request_text(request: PlanningRequest) -> str:
    notes = f"{_HAS_VALUES}\n" if request.has_values else ""
    notes += _guidance_text(request)
    links = request.facts.get("links", {})
    schemas = _model_schemas(request)
    return _fill_request(schemas, links, notes, _bounded_context(request, shown_context))


def _guidance_text(request: PlanningRequest) -> str:
    """Return what users wrote for the planner, as JSON: it cannot imitate a line of the prompt."""
    text, guidance = "", request.guidance
    if request.operation:
        text += prompts.fill("operation", operation=_json(request.operation))
    if guidance.intent is not None:
        text += prompts.fill("intent", intent=_json(guidance.intent))
    if guidance.reply is not None:
        text += prompts.fill("wanted", reply=_json(guidance.reply.as_json()))
    return text


def _fill_request(schemas: str, links: Json, notes: str, context: str) -> str:
    fields = f"PARENT FIELDS, by nested resource:\n{_json(links)}\n" if links else ""
    text = prompts.fill("request", schemas=schemas, links=fields, notes=notes, context=context)
    return text.rstrip("\n")


def _whole_text(request: PlanningRequest, refusals: Sequence[Refusal]) -> str:
    repair = ""
    if refusals:
        lines = [
            _json({"reason": _reason(refusal, request), "program": refusal.program})
            for refusal in refusals
        ]
        repair = prompts.fill("repair", refusals="\n".join(lines))
    notes = _HAS_VALUES if request.has_values else ""
    return prompts.fill(
        "context",
        schemas=_bounded_schemas(request.schemas),
        links=_json(request.facts.get("links", {})),
        repair=repair,
        values="\n".join(filter(None, [notes, _guidance_text(request).rstrip("\n")])),
        context=_bounded_context(request, dict),
    )


def _examples(request: PlanningRequest, plain: bool, used_characters: int) -> Iterator[Turn]:
    """Yield the nearest examples, as many as fit; the nearest is last, next to the request."""
    room = MAX_PROMPT_TOKENS * CHARACTERS_PER_TOKEN - used_characters
    pinned = request.example
    if pinned is not None and (size := _size(pinned)) <= room:
        room -= size
    else:
        pinned = None
    chosen = [] if pinned is None else [pinned]
    pool = [example for example in prompts.examples() if plain or not example.is_plain]
    for example in _nearest(request, pool)[: _EXAMPLES - len(chosen)]:
        room -= _size(example)
        if chosen and room < 0:
            break
        chosen.append(example)
    for example in reversed(_nearest(request, chosen)):
        yield from example_turns(example)


def _nearest(request: PlanningRequest, pool: Sequence[Example]) -> list[Example]:
    return prompts.nearest(request.context, pool, schemas=request.schemas)


def _size(example: Example) -> int:
    """Return the characters of an example in a conversation."""
    return sum(len(turn.text) for turn in example_turns(example))


def example_turns(example: Example) -> tuple[Turn, Turn]:
    """Return an example as the question and the answer of a conversation."""
    question = request_turn(example.schemas, example.links, example.context)
    answer = answer_text(example.action, example.resource, example.program)
    return Turn("user", question), Turn("assistant", answer)


def _retries(refusals: Sequence[Refusal], request: PlanningRequest) -> Iterator[Turn]:
    """Yield each refused program as the model's answer, and the reasons as the reply to it."""
    values = _MAY_NEED_VALUES if request.may_need_values else ""
    for refusal in refusals:
        yield Turn("assistant", _refused_answer(refusal))
        reasons = _json(_reason(refusal, request))
        yield Turn("user", prompts.fill("retry", reasons=reasons, values=values).rstrip("\n"))


def _refused_answer(refusal: Refusal) -> str:
    if refusal.program is None:
        return "{}"  # the text of an unusable answer may be long, and would be repeated
    return answer_text("custom", refusal.resource, refusal.program)


def _reason(refusal: Refusal, request: PlanningRequest) -> str:
    reason = refusal.reason
    if refusal.has_values and not request.has_values:
        reason = redact(reason, refusal.program)
    hints = (hint for text, hint in _HINTS.items() if text in reason)
    return "; ".join([reason, *hints])


def _bounded_context(
    request: PlanningRequest, parts: Callable[[Mapping[str, Json]], dict[str, Json]]
) -> str:
    """Return the context; if it is too long, placeholders replace body and query."""
    text = _json(parts(request.context))
    if len(text) <= MAX_CONTEXT_CHARACTERS:
        return text
    placeholders = {
        "body_json": "<too long to show>",
        "body_text": "<too long to show>",
        "query": {},
        "asked": "<too long to show>",
    }
    return _json(parts({**request.context, **placeholders}))[:MAX_CONTEXT_CHARACTERS]


def _model_schemas(request: PlanningRequest) -> str:
    """Return the schemas: those that the request names in full, others if they are short."""
    context = request.context
    body = context.get("body_json")
    names = {*context.get("path", "").split("/"), *(body if isinstance(body, Mapping) else ())}
    parts: dict[str, Json] = {}
    other_names: list[str] = []
    room = _MAX_OTHER_SCHEMAS_CHARACTERS
    for name, schema in request.schemas.items():
        is_named = _is_named(name, names)
        room -= 0 if is_named else len(_json({name: schema}))
        if is_named or room >= 0:
            parts[name] = schema
        else:
            other_names.append(name)
    return _with_other_names(_bounded_schemas(parts), other_names)


def _is_named(resource: str, names: set[str]) -> bool:
    singular = resource[:-1] if resource.endswith("s") else resource
    return any(name == resource or name.startswith(singular) for name in names if name)


def _with_other_names(schemas: str, other_names: Sequence[str]) -> str:
    return f"{schemas}\nOTHER RESOURCES:\n{_json(list(other_names))}" if other_names else schemas


def _bounded_schemas(schemas: Mapping[str, Json]) -> str:
    """Return as many schemas as fit; the resources of the path come first."""
    included: dict[str, Json] = {}
    room = MAX_CONTEXT_CHARACTERS
    for name, schema in schemas.items():
        room -= len(_json({name: schema}))
        if room < 0:
            break
        included[name] = schema
    return _json(included)


def _json(value: Json) -> str:
    """Return JSON on one line, so that no name in it can imitate a line of the prompt."""
    text = json.dumps(value, ensure_ascii=False)
    # JSON leaves these line separators unescaped, and some readers break lines at them.
    for separator in ("\x85", "\u2028", "\u2029"):
        text = text.replace(separator, f"\\u{ord(separator):04x}")
    return text
