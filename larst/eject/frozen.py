"""The description of an API, from the export, the plans and the settings of a session. Pure."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from larst.domain import SINGLETON_ID, Json, Record
from larst.eject.description import Api, Resource
from larst.eject.fields import fields_of
from larst.eject.usage import ResourceUsage, Usage, read_usage
from larst.eject.written import written_fields
from larst.openapi.names import Names, singular_name, snake_case, type_name

_RESERVED = "app database errors migrations openapi queries tables tests custom seed".split()


@dataclass(slots=True)
class ExportedResource:
    """A resource as an export has it."""

    name: str
    next_id: int
    schema: Mapping[str, Json]
    records: list[Record] = field(default_factory=list)


def frozen_api(session: str, export: Iterable[bytes], plans: Sequence[Mapping[str, Json]]) -> Api:
    """Return the API of a session: `export` are the lines of its export, `plans` its plans."""
    exported = {part.name: part for part in _read(export)}
    singletons = {
        name
        for name, part in exported.items()
        if (part.schema.get("example") or {}).get("id") == SINGLETON_ID
    }
    usage = read_usage(plans, {name: part.schema for name, part in exported.items()}, singletons)
    for name in sorted(singletons):
        del exported[name]
    package = package_name(session)
    if package in map(_module_name, exported):
        package = f"{package}_api"
    more = written_fields(usage.custom)
    for name in more:
        exported.setdefault(name, ExportedResource(name, 1, {}))
    modules = Names(_RESERVED)
    types = Names(["Page", "Count", "Model"])
    resources = tuple(
        _resource(exported[name], usage, more.get(name, ()), modules, types)
        for name in sorted(exported)
    )
    return Api(session, package, resources, usage.custom, usage.omissions)


def package_name(session: str) -> str:
    """Return the name of the Python package of a session's API.

    >>> package_name("my-shop"), package_name("default"), package_name("class")
    ('my_shop', 'api', 'class_api')
    """
    name = snake_case(session)
    if session == "default":
        return "api"
    return f"{name}_api" if keyword.iskeyword(name) or name in _PACKAGES else name


_PACKAGES = frozenset(
    "fastapi starlette pydantic sqlite3 json typing tests test httpx uvicorn os re math".split()
)
"""Packages that the project imports, so that its own must have another name."""


def _resource(
    part: ExportedResource, usage: Usage, more: Sequence[str], modules: Names, types: Names
) -> Resource:
    used = usage.resources.get(part.name, ResourceUsage())
    singular = singular_name(part.name)
    if keyword.iskeyword(singular):
        singular = f"{singular}_record"
    module = modules.claim(_module_name(part.name))
    return Resource(
        name=part.name,
        module=module,
        singular=singular,
        type_name=types.claim(type_name(singular), ("{}", "New{}", "{}Changes", "{}Page")),
        fields=fields_of(part.schema, part.records, more),
        records=part.records,
        next_id=part.next_id,
        prefix=used.prefix,
        creates_many=used.creates_many,
        changes_many=used.changes_many,
        deletes_many=used.deletes_many,
        counts=used.counts,
        searches=tuple(sorted(used.searches)),
        below=used.nested(),
    )


def _module_name(name: str) -> str:
    module = re.sub(r"\W", "_", snake_case(name))
    return f"{module}_" if keyword.iskeyword(module) else module


def _read(export: Iterable[bytes]) -> Iterable[ExportedResource]:
    """Yield the resources of an export, whose form `larst.store.transfer.exporting` draws."""
    part: ExportedResource | None = None
    for line in export:
        item = json.loads(line)
        if "resource" in item:
            if part is not None:
                yield part
            part = ExportedResource(item["resource"], item["auto_id"], item["schema"] or {})
        elif "record" in item and part is not None:
            part.records.append(item["record"])
    if part is not None:
        yield part
