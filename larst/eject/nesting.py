"""A resource below other records: the records above it, and the names made from them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from larst.eject.description import Api, Below, Resource
from larst.openapi.names import type_name


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A record above in a path: its resource, its variable, and the links to the one above it."""

    resource: Resource
    name: str
    links: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name of its path parameter."""
        return f"{self.name}_id"


@dataclass(frozen=True, slots=True)
class Nesting:
    """A resource below its ancestors; the last of them is its parent."""

    resource: Resource
    ancestors: tuple[Ancestor, ...]
    below: Below

    @property
    def parent(self) -> Ancestor:
        """The record directly above."""
        return self.ancestors[-1]

    @property
    def path(self) -> str:
        """The path of the collection."""
        steps = "".join(f"/{item.resource.name}/{{{item.key}}}" for item in self.ancestors)
        return f"{self.resource.prefix}{steps}/{self.resource.name}"

    @property
    def stem(self) -> str:
        """What the names of its functions have in common: `post_comment`."""
        return "_".join([*(item.name for item in self.ancestors), self.resource.singular])

    @property
    def many(self) -> str:
        """The stem for several records: `post_comments`."""
        return "_".join([*(item.name for item in self.ancestors), self.resource.module])

    @property
    def new_type(self) -> str:
        """The model of the body of a new record, which need not name its parent."""
        return f"New{type_name(self.stem)}"


def nesting_of(api: Api, resource: Resource, below: Below) -> Nesting:
    """Return the resource below the records that the steps of `below` name."""
    ancestors = []
    for step in below.steps:
        above = api.resource(step.resource)
        if above is None:
            raise LookupError(f"no resource {step.resource}")
        prefix = "parent_" if above is resource else ""
        ancestors.append(Ancestor(above, f"{prefix}{above.singular}", step.links))
    return Nesting(resource, tuple(ancestors), below)
