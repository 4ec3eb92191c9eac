"""The store as a program sees it (SPEC section 6): `store` and `session_store`, as protocols.

To let programs call a new method, add it to the protocol and to `larst.store.CollectionView`: the
policy and the sandbox take the names and parameters from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from larst.domain.criteria import Criteria
from larst.domain.json_values import Json, Record, RecordId


class ResourceStore(Protocol):
    """The records of one resource: `store` in a program.

        >>> from larst.store import Transaction
        >>> store = Transaction({}).resource("users")
        >>> store.insert({"name": "Ann", "age": 30})
        {'id': 1, 'name': 'Ann', 'age': 30}
        >>> store.insert({"id": "ben", "name": "Ben", "age": 25})
        {'id': 'ben', 'name': 'Ben', 'age': 25}
        >>> store.update(1, {"age": 31})
        {'id': 1, 'name': 'Ann', 'age': 31}
        >>> store.update("ben", [{"op": "remove", "path": "/age"}])
        {'id': 'ben', 'name': 'Ben'}
        >>> store.list(limit=1, sort="-name")
        ([{'id': 'ben', 'name': 'Ben'}], 2)
        >>> store.search({"age__gte": 18, "name__istartswith": "a"})
        [{'id': 1, 'name': 'Ann', 'age': 31}]
        >>> store.aggregate("avg", "age")
        31.0
        >>> store.delete(1), store.get(1)
        (True, None)
        >>> store.update_where({"name": "Ben"}, {"age": 26})
        [{'id': 'ben', 'name': 'Ben', 'age': 26}]
        >>> len(store.delete_where({"age__gt": 20}))
        1

    All calls are fast and do not block. A caller must not change the records that it gets, nor
    objects that it has stored. The ids `1` and `"1"` name the same record.

    Raises:
        ProgramFailedError: an argument has the wrong type or value.
        CallerError: the client can correct it, such as an id that is taken or a patch that does
            not apply.
    """

    def insert(self, obj: Record) -> Record:
        """Store a new record and return it, with a generated integer id if it has none."""

    def get(self, id: RecordId) -> Record | None:
        """Return the record, or None if it does not exist."""

    def replace(self, id: RecordId, obj: Record) -> Record | None:
        """Replace the whole record except its id; return it, or None if it does not exist."""

    def update(self, id: RecordId, changes: Record | Sequence[Json]) -> Record | None:
        """Merge top-level fields, or apply a JSON Patch (RFC 6902) if `changes` is a list."""

    def delete(self, id: RecordId) -> bool:
        """Delete the record and return whether it existed; its id is never generated again."""

    def update_where(
        self, criteria: Criteria, changes: Record | Sequence[Json]
    ) -> Sequence[Record]:
        """Update all records that match, as `update` does; return them as they are now."""

    def delete_where(self, criteria: Criteria) -> Sequence[Record]:
        """Delete all records that match; return them."""

    def list(
        self, limit: int | None = None, offset: int = 0, sort: str | None = None
    ) -> tuple[Sequence[Record], int]:
        """Return a page of the records, and the number of all records."""

    def search(
        self,
        criteria: Criteria,
        limit: int | None = None,
        offset: int = 0,
        sort: str | None = None,
    ) -> Sequence[Record]:
        """Return a page of the records that match all criteria."""

    def count(self, criteria: Criteria | None = None) -> int:
        """Return the number of records that match all criteria."""

    def aggregate(
        self, op: str, field: str, by: str | None = None, criteria: Criteria | None = None
    ) -> Json:
        """Return the `sum`, `avg`, `min`, `max` or `count` of a field, in groups if `by` is set."""

    def get_schema(self) -> Json | None:
        """Return the learned schema, as in `.schemas/<resource>.json`, or None."""


class SessionView(Protocol):
    """All resources of a session: `session_store` in a program.

    >>> from larst.store import Transaction
    >>> session_store = Transaction({})
    >>> session_store.resource("logs").insert({"event": "signup"})
    {'id': 1, 'event': 'signup'}
    >>> session_store.names()
    ['logs']
    """

    def resource(self, name: str) -> ResourceStore:
        """Return the resource; it is empty if nothing was ever stored in it.

        Raises:
            BadResourceNameError: `name` is not `[A-Za-z0-9_-]{1,64}`.
        """

    def names(self) -> Sequence[str]:
        """Return the names of all resources that exist, sorted."""


def _methods_of(protocol: type) -> frozenset[str]:
    return frozenset(name for name in vars(protocol) if not name.startswith("_"))


STORE_METHODS = _methods_of(ResourceStore)
"""The methods that a program may call on `store`."""

SESSION_STORE_METHODS = _methods_of(SessionView)
"""The methods that a program may call on `session_store`."""
