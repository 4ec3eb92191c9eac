"""The input of the rules: a shape, the meaning of its path, and the links between its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from larst.domain import Action, BodyKind, Json
from larst.planning.shapes.links import Many
from larst.planning.shapes.rest_path import RestPath
from larst.planning.shapes.shape import Shape


@dataclass(frozen=True, slots=True)
class Case:
    """A shape, the meaning of its path, and the facts of the session that it depends on."""

    shape: Shape
    path: RestPath
    facts: Mapping[str, Json]

    @property
    def links(self) -> Mapping[str, Sequence[str]]:
        """The fields in which each nested resource stores the id of its parent."""
        links: Mapping[str, Sequence[str]] = self.facts["links"]
        return links

    @property
    def link(self) -> Sequence[str]:
        """The fields that link the resource to its parent."""
        return self.links[self.path.resource]

    @property
    def aliases(self) -> Sequence[str]:
        """Other spellings of the link in the body."""
        aliases: Sequence[str] = self.facts.get("aliases", {}).get(self.path.resource, ())
        return aliases

    @property
    def many(self) -> Many | None:
        """The link to the parent, where another field or resource than the child's holds it."""
        return self.many_of(self.path.resource)

    @property
    def collection(self) -> str:
        """The path of the resource."""
        return f"{self.path.prefix}/{self.path.resource}"

    @property
    def is_nested(self) -> bool:
        """Whether the path names records above the resource."""
        return bool(self.path.parents)

    @property
    def is_link(self) -> bool:
        """Whether the request only links two records: `PUT /users/1/roles/2`."""
        if self.many is None or self.shape.method != "PUT" or self.path.identifier is None:
            return False
        return bool(self.facts.get("bare")) or self.many.kind == "join"

    @property
    def is_latest(self) -> bool:
        """Whether the request asks for the record created last; other methods mean an id."""
        return self.path.is_latest and self.shape.method == "GET"

    def many_of(self, resource: str) -> Many | None:
        """Return the link of a resource of the path to its parent, where it is held elsewhere."""
        fact = self.facts.get("many", {}).get(resource)
        return None if fact is None else Many(*fact)

    def asks(self, name: str) -> bool:
        """Return whether the shape asks for a part, such as `criteria` or `limit`."""
        return name in self.shape.asks

    def has_object(self) -> bool:
        """Return whether the body is an object."""
        return self.shape.body is BodyKind.OBJECT


Decider: TypeAlias = Callable[[Case], tuple[Action, str]]
"""Returns the action and the program of a case."""

Deciders: TypeAlias = Mapping[str, Decider]
"""A decider for each method."""
