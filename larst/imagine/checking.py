"""The problems of a proposal: names, types, links and values that contradict each other. Pure.

The texts are for the model, which corrects its answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from larst.domain import INTEGER_MAX, INTEGER_MIN
from larst.imagine.proposal import Field, Resource
from larst.store.query.unique_values import unique_token
from larst.store.resource_settings import MAX_FIELDS
from larst.store.schema.learning import accepts

_LINK_ENDS = ("Id", "_id")

Rows = Sequence[Sequence[Any]]


def problems_of(resources: Sequence[Resource], rows: Sequence[Rows]) -> Iterator[str]:
    """Yield the problems of resources, and of the rows of each."""
    yield from _repeated("resource", [resource.name for resource in resources])
    counts = {item.name: len(own) for item, own in zip(resources, rows, strict=True)}
    for resource, own in zip(resources, rows, strict=True):
        problems = [*_field_problems(resource, counts)]
        yield from problems
        if not problems:  # the values are looked at once the fields are right
            yield from _row_problems(resource, own, counts)


def _field_problems(resource: Resource, counts: Mapping[str, int]) -> Iterator[str]:
    yield from _repeated(f"field of {resource.name}", [field.name for field in resource.fields])
    declared = resource.settings
    for rule, names in (("required", declared.required), ("unique", declared.unique)):
        if len(names) > MAX_FIELDS:
            yield f"{resource.name}: at most {MAX_FIELDS} fields may be {rule}"
    for field in resource.fields:
        place = f"{resource.name}.{field.name}"
        if field.name == "id":
            yield f"{place}: leave out id, each row has its number"
        if field.links_to is not None:
            yield from _link_problems(place, field, counts)


def _link_problems(place: str, field: Field, counts: Mapping[str, int]) -> Iterator[str]:
    if field.links_to not in counts:
        yield f"{place}: links_to names {field.links_to!s:.60}, which is not among the resources"
    if field.type != "integer" or not field.name.endswith(_LINK_ENDS):
        yield f"{place}: a link must be an integer whose name ends in Id"


def _row_problems(resource: Resource, rows: Rows, counts: Mapping[str, int]) -> Iterator[str]:
    width = len(resource.fields)
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            yield f"{resource.name}, row {number}: it has {len(row)} values for {width} fields"
            return
    for field in resource.fields:
        values = [record[field.name] for record in resource.records]
        place = f"{resource.name}.{field.name}"
        yield from _value_problems(place, field, values, counts)


def _value_problems(
    place: str, field: Field, values: Sequence[Any], counts: Mapping[str, int]
) -> Iterator[str]:
    """Yield the first problem of a field's values: the others are often of its kind."""
    seen = set()
    for number, value in enumerate(values, 1):
        at = f"{place}, row {number}"
        is_large = isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX
        if is_large or not accepts(field.schema, value):
            yield f"{at}: it must be {field.type}{'' if field.is_required else ' or null'}"
            return
        links_to = field.links_to
        if links_to is not None and value is not None and not 1 <= value <= counts[links_to]:
            yield f"{at}: {links_to} has no row {value}"
            return
        token = unique_token(value)
        if field.is_unique and token in seen:
            yield f"{at}: the field is unique, and an earlier row has the value"
            return
        seen |= {token} - {None}


def _repeated(kind: str, names: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield f"the {kind} {name} is there twice"
