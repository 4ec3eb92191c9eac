"""What a session has used, from its plans: routes of resources, and custom requests. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from larst.domain import Json
from larst.eject.description import Below, CustomRoute, Omission, Step
from larst.planning import RULES
from larst.planning.shapes import SEARCH_VERBS, link_fields_of

_ASKS = frozenset({"criteria", "limit", "offset", "sort"})
"""What lists of the project understand."""

_SERVING = ("learned", "pinned")
_MAX_VERSIONS_PREFIX = 3
_CONSTANT_REFUSALS = ("REPLY = make_response(4", 'REPLY = make_response(204, None, {"Allow"')


@dataclass(slots=True)
class ResourceUsage:
    """The routes of a resource that its session has used; see `Resource`."""

    prefix: str = ""
    creates_many: bool = False
    changes_many: bool = False
    deletes_many: bool = False
    counts: bool = False
    searches: set[str] = field(default_factory=set)
    below: dict[tuple[Step, ...], _BelowUsage] = field(default_factory=dict)

    def nested(self) -> tuple[Below, ...]:
        """Return the routes below other records, in a stable order."""
        chains = sorted(self.below, key=lambda steps: [step.resource for step in steps])
        return tuple(self.below[steps].below(steps) for steps in chains)


@dataclass(slots=True)
class _BelowUsage:
    links: tuple[str, ...]
    methods: set[str] = field(default_factory=set)
    record_methods: set[str] = field(default_factory=set)
    creates_many: bool = False

    def below(self, steps: tuple[Step, ...]) -> Below:
        methods, records = frozenset(self.methods), frozenset(self.record_methods)
        return Below(steps, self.links, methods, records, self.creates_many)


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of a session: by resource, custom requests, and what cannot be ejected."""

    resources: Mapping[str, ResourceUsage]
    custom: tuple[CustomRoute, ...]
    omissions: tuple[Omission, ...]


def read_usage(
    plans: Sequence[Mapping[str, Json]],
    schemas: Mapping[str, Mapping[str, Json]],
    singletons: set[str],
) -> Usage:
    """Return what the plans of a session say that it has used."""
    reader = _Reader(schemas, singletons)
    for plan in sorted(plans, key=lambda plan: (plan["made_at"], plan["key"])):
        reader.add(plan)
    custom = tuple(reader.custom[key] for key in sorted(reader.custom))
    omissions = [Omission(f"/{name}", "a single object, not a list") for name in sorted(singletons)]
    return Usage(reader.resources, custom, (*omissions, *reader.omissions.values()))


class _Reader:
    """Reads one plan after another."""

    def __init__(self, schemas: Mapping[str, Mapping[str, Json]], singletons: set[str]) -> None:
        self._schemas = schemas
        self._singletons = singletons
        self.resources: dict[str, ResourceUsage] = {}
        self.custom: dict[tuple[str, str, tuple[str, ...], str], CustomRoute] = {}
        self.omissions: dict[str, Omission] = {}

    def add(self, plan: Mapping[str, Json]) -> None:
        shape, program = plan["shape"], plan["plan"]["code"]["block"]
        if plan["planner"] != RULES or plan["state"] == "pinned":
            self._add_custom(plan, shape, program)
        elif not program.startswith(_CONSTANT_REFUSALS):
            reason = self._add_plain(shape, plan["plan"])
            if reason is not None:
                self._omit(_title(shape), reason)

    def _omit(self, request: str, reason: str) -> None:
        self.omissions.setdefault(request, Omission(request, reason))

    def _add_custom(
        self, plan: Mapping[str, Json], shape: Mapping[str, Json], program: str
    ) -> None:
        if plan["state"] not in _SERVING:
            if plan["state"] == "tried":
                self._omit(_title(shape), "its plan is not proven yet: it has not succeeded")
            return
        condition = plan.get("condition") or {}
        if condition.get("exact") or plan["plan"].get("needs_values"):
            self._omit(_title(shape), "its plan serves one exact request only")
            return
        route = CustomRoute(
            key=plan["key"],
            method=shape["method"],
            path=shape["path"],
            query=tuple(sorted(shape.get("query") or ())),
            body=shape["body"],
            resource=plan["plan"]["resource"],
            program=program,
            state=plan["state"],
            cases=tuple(plan.get("cases") or ()),
        )
        key = (route.path, route.method, route.query, route.body)
        old = self.custom.get(key)
        if old is None or old.state != "pinned" or route.state == "pinned":
            self.custom[key] = route

    def _add_plain(self, shape: Mapping[str, Json], plan: Mapping[str, Json]) -> str | None:
        """Note a request that the rules read; return why it cannot be ejected, or None."""
        if extra := sorted({*shape.get("asks", ())} - _ASKS):
            return f"it asks for {', '.join(extra)}"
        segments = [part for part in shape["path"].split("/") if part]
        start = next((n for n, part in enumerate(segments) if part in self._schemas), None)
        if start is None or start > _MAX_VERSIONS_PREFIX:
            return "its resource has no records"
        if segments[start] in self._singletons:
            return None  # noted once for the resource
        names, verb = _names(segments[start:])
        if names is None or any(name not in self._schemas for name, _ in names):
            return "its path is not that of records"
        prefix = "".join(f"/{part}" for part in segments[:start])
        return self._note(names, verb, shape, prefix)

    def _note(
        self,
        names: list[tuple[str, bool]],
        verb: str | None,
        shape: Mapping[str, Json],
        prefix: str,
    ) -> str | None:
        resource, has_id = names[-1]
        usage = self.resources.setdefault(resource, ResourceUsage(prefix))
        usage.prefix = usage.prefix or prefix
        method, is_list = shape["method"], shape["body"] == "list"
        if shape["body"] == "patch":
            return "a JSON Patch"
        if len(names) > 1:
            return self._note_below(usage, names, verb, shape)
        if verb is not None:
            if verb == "count":
                usage.counts = True
            elif method == "GET":
                usage.searches.add(verb)
            else:
                return "a search by POST"
            return None
        if has_id or method == "GET":
            return None
        usage.creates_many |= method == "POST" and is_list
        if method in ("PATCH", "PUT") and is_list:
            return "it changes each record of a list by its id"
        usage.changes_many |= method == "PATCH"
        usage.deletes_many |= method == "DELETE"
        return None

    def _note_below(
        self,
        usage: ResourceUsage,
        names: list[tuple[str, bool]],
        verb: str | None,
        shape: Mapping[str, Json],
    ) -> str | None:
        steps: list[Step] = []
        links: tuple[str, ...] = ()
        for index, (name, _) in enumerate(names):
            if index:
                links = tuple(self._links(names[index - 1][0], name))
                if not links:
                    return f"no field of {name} holds the id of its parent"
            if index < len(names) - 1:
                steps.append(Step(name, links))
        method, has_id = shape["method"], names[-1][1]
        if verb is not None or (shape["body"] == "list" and method != "POST"):
            return "below a record, only lists, their records and bulk changes by filter"
        entry = usage.below.setdefault(tuple(steps), _BelowUsage(links))
        (entry.record_methods if has_id else entry.methods).add(method)
        entry.creates_many |= shape["body"] == "list"
        return None

    def _links(self, parent: str, child: str) -> Sequence[str]:
        return link_fields_of(parent, self._schemas[child].get("fields", ()))


def _names(segments: Sequence[str]) -> tuple[list[tuple[str, bool]] | None, str | None]:
    """Return the resources of a path, each with whether an id follows, and a verb at its end."""
    names: list[tuple[str, bool]] = []
    for index, part in enumerate(segments):
        if part.startswith("<"):
            if not names or names[-1][1] or part == "<ids>":
                return None, None
            names[-1] = (names[-1][0], True)
        elif index and index == len(segments) - 1 and not names[-1][1]:
            return (names, part) if part in {*SEARCH_VERBS, "count"} else (None, None)
        elif names and not names[-1][1]:
            return None, None
        else:
            names.append((part, False))
    return names, None


def _title(shape: Mapping[str, Json]) -> str:
    query = "&".join(shape.get("query") or ())
    body = "" if shape["body"] in ("none", "object", "") else f" ({shape['body']})"
    return f"{shape['method']} {shape['path']}{'?' if query else ''}{query}{body}"
