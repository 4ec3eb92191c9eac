"""The models of a resource as Python source: records, new records, changes, pages. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from textwrap import dedent

from larst.domain import Json
from larst.eject.description import Api, Field, Resource
from larst.eject.fields import attribute_name, types_of
from larst.eject.nesting import nesting_of
from larst.eject.source import module
from larst.openapi.names import Names, singular_name, type_name, with_article, words

MAX_NESTED_LEVELS = 3
MAX_NESTED_FIELDS = 40
"""A deeper or wider object is a `dict[str, Any]`."""

_SCALARS: Mapping[str, str] = {
    "boolean": "bool",
    "integer": "int",
    "number": "int | float",
    "string": "str",
    "null": "None",
}
_ORDER = ("boolean", "integer", "number", "string", "array", "object", "null")


class _Annotations:
    """Annotations of schemas; `classes` collects the models of nested objects."""

    def __init__(self, type_names: Names) -> None:
        self._type_names = type_names
        self.classes: list[str] = []

    def of(self, schema: Mapping[str, Json], name: str, level: int = 0) -> str:
        types = types_of(schema)
        if not types:
            return "Any"
        if "number" in types:
            types -= {"integer"}
        parts = [self._of_type(kind, schema, name, level) for kind in _ORDER if kind in types]
        return " | ".join(dict.fromkeys(parts))

    def _of_type(self, kind: str, schema: Mapping[str, Json], name: str, level: int) -> str:
        if kind == "array":
            return f"list[{self.of(schema.get('items') or {}, singular_name(name), level)}]"
        if kind != "object":
            return _SCALARS[kind]
        properties = schema.get("properties") or {}
        is_open = schema.get("additionalProperties") not in (None, False)
        if not 0 < len(properties) <= MAX_NESTED_FIELDS or level >= MAX_NESTED_LEVELS or is_open:
            return "dict[str, Any]"
        return self._model(properties, {*schema.get("required", ())}, name, level)

    def _model(
        self, properties: Mapping[str, Json], required: set[str], name: str, level: int
    ) -> str:
        title = self._type_names.claim(type_name(name))
        attributes = Names()
        lines = [
            _line(
                attributes.claim(attribute_name(key)),
                key,
                self.of(schema, key, level + 1),
                is_required=key in required,
            )
            for key, schema in properties.items()
        ]
        self.classes.append(_class(title, f"A part of a record: {words(name)}.", lines))
        return title


def _line(attribute: str, name: str, annotation: str, *, is_required: bool) -> str:
    if not is_required and annotation != "Any" and not annotation.endswith("None"):
        annotation = f"{annotation} | None"
    default = "" if is_required else " = None"
    if attribute != name:
        arguments = f"{'' if is_required else 'default=None, '}alias={json.dumps(name)}"
        default = f" = Field({arguments})"
    return f"    {attribute}: {annotation}{default}"


def _class(name: str, docstring: str, lines: Sequence[str], base: str = "Model") -> str:
    body = "\n".join(lines)
    separator = "\n\n" if body else ""
    return f'class {name}({base}):\n    """{docstring}"""{separator}{body}\n'


def models_source(api: Api, resource: Resource) -> str:
    """Return the module `models.py` of a resource."""
    names = Names(
        [form.format(resource.type_name) for form in ("{}", "New{}", "{}Changes", "{}Page")]
        + ["Model", "Page"]
    )
    annotations = _Annotations(names)
    typed = [
        (field, annotations.of(field.schema, f"{resource.singular}_{field.attribute}"))
        for field in resource.fields
    ]
    a_record, name = with_article(resource.singular), resource.type_name
    classes = [
        *annotations.classes,
        _class(name, f"{a_record[0].upper()}{a_record[1:]}.", list(_record(typed, resource))),
        _class(f"New{name}", f"The body that creates or replaces {a_record}.", list(_new(typed))),
        _class(f"{name}Changes", f"The fields of {a_record} to change.", list(_changes(typed))),
        *_new_below(api, resource, typed),
        _class(
            f"{name}Page",
            f"A page of {words(resource.module)}.",
            [f"    items: list[{name}]", "    page: Page"],
        ),
    ]
    own = dict.fromkeys(("Model", "Page"), f"{api.package}.schemas")
    return module(f"The models of {words(resource.module)}.", classes, own)


def _record(typed: Sequence[tuple[Field, str]], resource: Resource) -> Iterator[str]:
    for field, annotation in typed:
        if field.name == "id":
            yield f"    id: {'int' if resource.has_number_ids else 'int | str'}"
        else:
            yield _line(field.attribute, field.name, annotation, is_required=field.is_required)


def _new(typed: Sequence[tuple[Field, str]]) -> Iterator[str]:
    for field, annotation in typed:
        if field.name == "id":
            yield f"    id: {'int' if field.kind == 'integer' else 'int | str'} | None = None"
        else:
            yield _line(field.attribute, field.name, annotation, is_required=field.is_required)


def _new_below(api: Api, resource: Resource, typed: Sequence[tuple[Field, str]]) -> Iterator[str]:
    """Yield the models of records whose parent is in the path."""
    for below in resource.below:
        if "POST" not in below.methods and "PUT" not in below.record_methods:
            continue
        nesting = nesting_of(api, resource, below)
        lines = [
            _line(field.attribute, field.name, annotation, is_required=False)
            if field.name in below.links
            else line
            for (field, annotation), line in zip(typed, _new(typed), strict=True)
        ]
        a_record, a_parent = with_article(resource.singular), with_article(nesting.parent.name)
        yield _class(nesting.new_type, f"The body that creates {a_record} of {a_parent}.", lines)


def _changes(typed: Sequence[tuple[Field, str]]) -> Iterator[str]:
    yield "    id: Any = None"
    for field, annotation in typed:
        if field.name != "id":
            yield _line(field.attribute, field.name, annotation, is_required=False)


SCHEMAS = dedent(
    '''\
    """Models that all resources share."""

    from pydantic import BaseModel, ConfigDict


    class Model(BaseModel):
        """A JSON object of known fields; values keep their types."""

        model_config = ConfigDict(extra="forbid", strict=True)


    class Page(Model):
        """The place of a page in its list."""

        total: int
        limit: int | None
        offset: int


    class Count(Model):
        """A number of records."""

        count: int
    '''
)
