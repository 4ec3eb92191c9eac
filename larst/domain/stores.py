"""The store as a program sees it (SPEC section 6): `store` and `session_store`, as protocols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from larst.domain.criteria import Criteria
from larst.domain.json_values import Json, Record, RecordId

STORE_METHODS = frozenset(
    "insert get replace update delete list search count aggregate get_schema".split()
)
"""The methods that a program may call on `store`; `ResourceStore` has each of them."""

SESSION_STORE_METHODS = frozenset({"resource", "names"})
"""The methods that a program may call on `session_store`; `SessionView` has each of them."""


class ResourceStore(Protocol):
    """One resource as a program sees it (SPEC section 6); calls are quick and never wait.

    Records given out must not be changed by the caller; records taken in are kept as they are,
    so the caller hands over objects of its own. Wrong arguments raise `ProgramFailedError`,
    what the client can mend a `CallerError` (a taken id, a patch that does not apply).
    """

    def insert(self, obj: Record) -> Record:
        """Keep a new record; give it an integer id where it has none, and return it."""

    def get(self, id: RecordId) -> Record | None:
        """Return the record, or None."""

    def replace(self, id: RecordId, obj: Record) -> Record | None:
        """Put `obj` in the record's place; the id stays. None: there is no such record."""

    def update(self, id: RecordId, changes: Record | Sequence[Json]) -> Record | None:
        """Merge top-level fields, or apply a JSON Patch (RFC 6902) given as a list."""

    def delete(self, id: RecordId) -> bool:
        """Remove the record; tell whether there was one. Its id is never given out again."""

    def list(
        self, limit: int | None = None, offset: int = 0, sort: str | None = None
    ) -> tuple[Sequence[Record], int]:
        """Return a page of the records and the number of all of them."""

    def search(
        self,
        criteria: Criteria,
        limit: int | None = None,
        offset: int = 0,
        sort: str | None = None,
    ) -> Sequence[Record]:
        """Return a page of the records that meet all criteria."""

    def count(self, criteria: Criteria | None = None) -> int:
        """Return how many records meet all criteria."""

    def aggregate(
        self, op: str, field: str, by: str | None = None, criteria: Criteria | None = None
    ) -> Json:
        """Return `sum avg min max count` of a field, or that by the values of another field."""

    def get_schema(self) -> Json | None:
        """Return what was learned, as in `.schemas/<resource>.json`, or None."""


class SessionView(Protocol):
    """A session's resources as one program run sees them: `session_store`."""

    def resource(self, name: str) -> ResourceStore:
        """Return the resource, also one that nothing was ever stored in.

        Raises:
            BadResourceNameError: `name` is not `[A-Za-z0-9_-]{1,64}`.
        """

    def names(self) -> Sequence[str]:
        """Return the names of the resources that exist, sorted."""
