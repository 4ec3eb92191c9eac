"""A model's text becomes a plan, or the reason why it is none. Pure.

A plan's identifier, criteria and payload are bound anew from each request, so a model is not
asked for them: they would be bought tokens that nobody reads. Where one sends them all the same,
they are let go, since they may hold a request's values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from larst.domain import Action, Code, Json, Plan, Usage
from larst.errors import AnswerUnusableError
from larst.planning.models.base import Completion

ANSWER_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
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
    },
    "required": ["action", "resource", "needs_values", "code"],
    "additionalProperties": False,
}
"""The strict JSON Schema that providers hold an answer to."""

_FENCES = re.compile(r"\s*```(?:json)?\s*\n(?P<json>.*?)\n?\s*```\s*", re.DOTALL | re.IGNORECASE)
_MAX_SHOWN_REASONS = 5


class _Answer(BaseModel):
    """A plan as a model may send it: that of SPEC section 4, whatever is bound anew let go."""

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
    """Return the plan that the model answered.

    Raises:
        AnswerUnusableError: it refused, was cut off, or answered no plan.
    """
    if completion.stop_reason == "refused":
        raise AnswerUnusableError(
            "the model refused to plan this request", usage, may_ask_again=False
        )
    if completion.stop_reason == "cut":
        raise AnswerUnusableError(
            "the answer was cut off; write a shorter program", usage, may_ask_again=True
        )
    fenced = _FENCES.fullmatch(completion.text)
    try:
        answer = _Answer.model_validate_json(fenced["json"] if fenced else completion.text)
    except ValidationError as error:
        raise AnswerUnusableError(_reason(error), usage, may_ask_again=True) from error
    return Plan(
        action=answer.action,
        resource=answer.resource,
        response_hints=answer.response_hints,
        needs_values=answer.needs_values,
        code=answer.code,
    )


def _reason(error: ValidationError) -> str:
    """Return what is wrong with an answer, without repeating any of it."""
    wrong = error.errors(include_url=False, include_input=False, include_context=False)
    if wrong[0]["type"] == "json_invalid":
        return "the answer is not one JSON object and nothing else"
    told = [
        f"{'.'.join(map(str, one['loc']))[:100]}: {one['msg']}"
        for one in wrong[:_MAX_SHOWN_REASONS]
    ]
    return f"the answer is no plan: {'; '.join(told)}"
