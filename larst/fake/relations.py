"""Which fields hold the ids of other records, and which resource those belong to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from larst.fake.drafts import PEOPLE
from larst.planning.reading.nouns import folded, link_candidates

ROLES = frozenset(
    "author owner creator assignee reporter customer buyer seller reviewer sender recipient"
    " manager user member host guest approver editor".split()
)
"""What people are called in the fields that link to them: `authorId`, `assigneeId`."""

SELF = frozenset({"parentid", "parent"})
"""Fields that link a record to another one of its own resource."""


class Links:
    """Finds the resource that a field links to, among those that exist or are being made."""

    def __init__(self, resources: Iterable[str]) -> None:
        resources = list(dict.fromkeys(resources))
        self._by_candidate: dict[str, str] = {}
        for resource in resources:
            for candidate in link_candidates(resource):
                self._by_candidate.setdefault(candidate, resource)
        self._people = next((name for name in PEOPLE if name in resources), None)

    def resource_of(self, field: str, types: Collection[str], resource: str) -> str | None:
        """Return the resource that a field of `resource` links to; None for other fields.

        A field that only bears the name of a resource, such as `author`, counts if it is a number.
        """
        name = folded(field)
        if name in SELF:
            return resource
        if "array" in types:
            return self._named(name.removesuffix("s")) if name.endswith("ids") else None
        if name.endswith("id"):
            return self._named(name)
        return self._by_candidate.get(name) if "integer" in types else None

    def _named(self, name: str) -> str | None:
        if (resource := self._by_candidate.get(name)) is not None:
            return resource
        return self._people if name.removesuffix("id") in ROLES else None


def looks_like_link(field: str) -> bool:
    """Return whether a field is named as one that holds the id of another record: `companyId`."""
    return len(field) > len("id") and field.endswith(("Id", "_id", "ID"))


def in_order(names: Sequence[str], parents: Mapping[str, Collection[str]]) -> list[str]:
    """Return the resources so that those that others link to come first, where that is possible.

    >>> in_order(["posts", "users"], {"posts": {"users"}})
    ['users', 'posts']
    """
    ordered: list[str] = []
    waiting = list(names)
    while waiting:
        ready = [
            name
            for name in waiting
            if not any(parent in waiting for parent in parents.get(name, ()) if parent != name)
        ]
        batch = ready or waiting[:1]  # in a circle, the first one begins
        ordered += batch
        waiting = [name for name in waiting if name not in batch]
    return ordered
