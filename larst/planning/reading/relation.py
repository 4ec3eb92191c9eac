"""How a relation is found: by the field that links a record to another resource's record. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from larst.domain import Json
from larst.planning.reading.nouns import link_fields_of, same_resource, singular


class Session(Protocol):
    """What a reading needs to know of a session."""

    @property
    def resources(self) -> Container[str]:
        """The resources that exist."""

    def names(self) -> Sequence[str]:
        """Return the names of the resources."""

    def has_record(self, resource: str, id: str) -> bool:
        """Return whether the record exists."""

    def schema(self, resource: str) -> Json | None:
        """Return the learned schema of the resource, or None."""

    def fields(self, resource: str) -> frozenset[str]:
        """Return the top-level fields that records of the resource ever had."""

    def vocabulary(self, resource: str) -> Mapping[str, Sequence[str]]:
        """Return the values of text fields that have few different ones, such as states."""

    def has_value(self, resource: str, field: str, text: str) -> bool:
        """Return whether a record of the resource has this text in this field."""


_USERS = "users"
_PEOPLE = frozenset({"author", "owner", "creator", "assignee"})
"""Names of the user that a record belongs to, where it has no field of that name."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation to another resource.

    `field` links them: of the related records if `is_many` (each record has several), else of the
    records themselves.
    """

    resource: str
    field: str
    is_many: bool


def find_relation(name: str, resource: str, session: Session) -> Relation | None:
    """Return the relation that a client calls `name`, such as `comments`, `user`; None if none.

    Where two resources link to each other, the number of the name decides: a singular means the
    record that this one links to.
    """
    own = session.fields(resource)
    related = name if name in session.resources else same_resource(name, session.names())
    if related is None and name in _PEOPLE and _USERS in session.resources:
        related = _USERS
    if related is None:
        return None
    own_links = tuple(link for link in link_fields_of(related, own) if link != name)
    is_one = bool(own_links) and name != related and singular(name) is None
    if related != resource and not is_one:
        links = link_fields_of(resource, session.fields(related))
        if links:
            return Relation(related, links[0], is_many=True)
    return Relation(related, own_links[0], is_many=False) if own_links else None


def related_resource(name: str, resource: str, session: Session) -> str | None:
    """Return the resource that a relation leads to, or None."""
    relation = find_relation(name, resource, session)
    return None if relation is None else relation.resource


def relations_of(resource: str, session: Session) -> Iterator[str]:
    """Yield the resources that link to this one, or that it links to."""
    own = session.fields(resource)
    for name in session.names():
        if name == resource:
            continue
        if link_fields_of(resource, session.fields(name)) or link_fields_of(name, own):
            yield name
