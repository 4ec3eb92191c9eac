"""Parsing of model answers: a model's text becomes a plan, or an error with the reason. Pure.

Models are not asked for a plan's identifier, criteria and payload: these are bound from each
request, and writing them would only cost tokens. If an answer contains them they are discarded,
because they may hold values of a request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from larst.domain import Action, Code, Json, Plan, Usage
from larst.errors import AnswerUnusableError
from larst.planning.models.base import Completion

_PROPERTIES: Mapping[str, Json] = {
    "action": {"type": "string", "enum": list(get_args(Action))},
    "resource": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    "needs_values": {"type": "boolean"},
    "code": {
        "type": "object",
        "properties": {
            "language": {"type": "string", "enum": ["python"]},
            "block": {"type": "string"},
        },
        "required": ["language", "block"],
        "additionalProperties": False,
    },
}


def _schema(*names: str) -> Mapping[str, Json]:
    return {
        "type": "object",
        "properties": {name: _PROPERTIES[name] for name in names},
        "required": list(names),
        "additionalProperties": False,
    }


ANSWER_SCHEMA = _schema("action", "resource", "code")
"""The strict JSON Schema that providers enforce for an answer."""

ANSWER_SCHEMA_WITH_VALUES = _schema("action", "resource", "needs_values", "code")
"""The same with a way out: the model can ask for the values of the request. Small models take it
wherever it is offered, so it is offered only after a first try."""

_FENCE = "```"
_FENCED_JSON = re.compile(r"(?:json)?\s*\{", re.IGNORECASE)
_MAX_LISTED_ERRORS = 5


class _Answer(BaseModel):
    """The plan of SPEC section 4 as a model may send it; values are accepted and discarded."""

    model_config = ConfigDict(strict=True, extra="forbid")

    action: Action
    resource: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    needs_values: bool = False
    response_hints: dict[str, Json] = Field(default_factory=dict)
    identifier: Any = None
    criteria: Any = None
    payload: Any = None
    code: Code


def parse_plan(completion: Completion, usage: Usage) -> Plan:
    """Return the plan in a completion; `usage` is the cost of the call, for errors.

    Raises:
        AnswerUnusableError: the model refused, was cut off, or did not answer with a plan.
    """
    if completion.stop_reason == "refused":
        raise AnswerUnusableError(
            "the model refused to plan this request", usage, may_ask_again=False
        )
    if completion.stop_reason == "cut":
        raise AnswerUnusableError(
            "the answer was cut off; write a shorter program", usage, may_ask_again=True
        )
    try:
        answer = _Answer.model_validate_json(json_of(completion.text))
    except ValidationError as error:
        raise AnswerUnusableError(_reason(error), usage, may_ask_again=True) from error
    return Plan(
        action=answer.action,
        resource=answer.resource,
        response_hints=answer.response_hints,
        needs_values=answer.needs_values,
        code=answer.code,
    )


def json_of(text: str) -> str:
    """Return the JSON of an answer, without a thought before it, and Markdown fences around it.

    No regular expression from fence to fence: a model that repeats itself would make it run for
    minutes.
    """
    before, _, rest = text.partition("<think>")
    _, end, after = rest.partition("</think>")
    text = before + after if end else text
    if text.lstrip().startswith("{"):
        return text
    fenced = text.split(_FENCE)[1:-1]
    json = next(filter(_FENCED_JSON.match, fenced), None)
    return text if json is None else json[json.index("{") :]


def _reason(error: ValidationError) -> str:
    """Return the errors of an answer without quoting the answer."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        return "the answer is not a single JSON object"
    reasons = [
        f"{'.'.join(map(str, detail['loc']))[:100]}: {detail['msg']}"
        for detail in details[:_MAX_LISTED_ERRORS]
    ]
    return f"the answer is not a plan: {'; '.join(reasons)}"
