"""Parsing of a model's answer: a proposal, or the reasons why it cannot be one. Pure.

Rows instead of objects, because providers enforce only schemas whose objects are closed: the fields
of a record are known only once the model has named them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Limited

from larst.domain import INTEGER_MAX, INTEGER_MIN, Json, Record
from larst.imagine.checking import problems_of
from larst.imagine.proposal import TYPES, Field, Proposal, Resource
from larst.planning.models.answers import json_of

MAX_RESOURCES = 15
MAX_FIELDS = 30
MAX_ROWS = 50
MAX_REASONS = 8
"""The reasons that a model is given at once."""

_NAME = r"^[a-z][a-z0-9_]{0,63}$"
_FIELD = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
_MAX_TEXT_CHARACTERS = 5_000


class BadProposalError(Exception):
    """An answer is not a proposal; `reasons` are for the model."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)


def _closed(**properties: Json) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_SCALAR: Mapping[str, Json] = {
    "anyOf": [{"type": name} for name in ("string", "number", "boolean", "null")]
}
ANSWER_SCHEMA: Mapping[str, Json] = _closed(
    resources={
        "type": "array",
        "items": _closed(
            name={"type": "string"},
            fields={
                "type": "array",
                "items": _closed(
                    name={"type": "string"},
                    type={"type": "string", "enum": list(TYPES)},
                    required={"type": "boolean"},
                    unique={"type": "boolean"},
                    links_to={"anyOf": [{"type": "string"}, {"type": "null"}]},
                ),
            },
            rows={"type": "array", "items": {"type": "array", "items": _SCALAR}},
        ),
    }
)
"""The strict JSON Schema that providers enforce for an answer."""

FieldType = Literal["string", "integer", "number", "boolean", "date", "date-time", "email", "url"]
_Text = Annotated[str, Limited(max_length=_MAX_TEXT_CHARACTERS)]
_Integer = Annotated[int, Limited(ge=INTEGER_MIN, le=INTEGER_MAX)]
_Value = bool | _Integer | float | _Text | None


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class _FieldAnswer(_Model):
    name: Annotated[str, Limited(pattern=_FIELD)]
    type: FieldType
    required: bool
    unique: bool
    links_to: str | None


class _ResourceAnswer(_Model):
    name: Annotated[str, Limited(pattern=_NAME)]
    fields: Annotated[list[_FieldAnswer], Limited(min_length=1, max_length=MAX_FIELDS)]
    rows: Annotated[list[list[_Value]], Limited(min_length=1, max_length=MAX_ROWS)]


class _Answer(_Model):
    resources: Annotated[list[_ResourceAnswer], Limited(min_length=1, max_length=MAX_RESOURCES)]


def parse_proposal(text: str) -> Proposal:
    """Return the proposal in an answer.

    Raises:
        BadProposalError: it is not one, or its parts contradict each other.
    """
    try:
        answer = _Answer.model_validate_json(json_of(text))
    except ValidationError as error:
        raise BadProposalError(_reasons_of(error)) from error
    resources = [_resource(item) for item in answer.resources]
    rows = [item.rows for item in answer.resources]
    if reasons := [*problems_of(resources, rows)]:
        raise BadProposalError(reasons[:MAX_REASONS])
    return Proposal(resources)


def _resource(answer: _ResourceAnswer) -> Resource:
    fields = [
        Field(item.name, item.type, item.required, item.unique, item.links_to)
        for item in answer.fields
    ]
    records = [_record(number, fields, row) for number, row in enumerate(answer.rows, 1)]
    return Resource(answer.name, fields, records)


def _record(number: int, fields: Sequence[Field], row: Sequence[Json]) -> Record:
    """Return a row as a record; a whole number that is written as 2.0 is an integer."""
    record: Record = {"id": number}
    for field, value in zip(fields, row, strict=False):  # the width of rows is checked later
        is_whole = field.type == "integer" and isinstance(value, float) and value.is_integer()
        record[field.name] = int(value) if is_whole else value
    return record


def _reasons_of(error: ValidationError) -> list[str]:
    """Return the errors of an answer without quoting it: it may be long."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        return ["the answer is not a single JSON object"]
    return [
        f"{'.'.join(map(str, detail['loc']))[:100]}: {detail['msg']}"
        for detail in details[:MAX_REASONS]
    ]
