"""One request's view of a session. Must never change stored data: to roll back is to drop it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from larst.domain import Standing
from larst.store.collection import Change, Collection
from larst.store.collection_view import CollectionView
from larst.store.folding import refuse_folded
from larst.store.record_rules import RecordRules
from larst.store.records import is_hidden, validate_resource_name
from larst.store.work import Work

LARGE_CHANGE = 500
"""A transaction of more records is large."""

LARGE_VALUES = 10_000
"""So is one whose records consist of so many values."""


class Transaction:
    """One request's view of a session; its changes count only once they are committed.

    Its store calls spend `work`; without it, they have no limit. `on_read` is called with
    each record or collection that the request reads. `folds_case`: the disk does not distinguish
    upper and lower case. `rules_of` returns the rules for the records of a resource, if it has any.

    >>> from larst.store.collection import Collection
    >>> stored = {"users": Collection({"1": {"id": 1, "name": "Ann"}})}
    >>> transaction = Transaction(stored)
    >>> transaction.resource("users").delete(1)
    True
    >>> transaction.resource("users").count(), len(stored["users"].records)
    (0, 1)
    """

    def __init__(
        self,
        collections: Mapping[str, Collection],
        work: Work | None = None,
        on_read: Callable[[Standing], None] | None = None,
        *,
        folds_case: bool = False,
        rules_of: Callable[[str, Collection], RecordRules | None] = lambda _name, _base: None,
    ) -> None:
        self._collections = collections
        self._folds_case = folds_case
        self._work = work or Work.unlimited()
        self._on_read = on_read
        self._rules_of = rules_of
        self._views: dict[str, CollectionView] = {}

    def resource(self, name: str) -> CollectionView:
        """Return the resource; it is empty if nothing was ever stored in it.

        Raises:
            BadResourceNameError: the name is not valid.
        """
        if name not in self._views or is_hidden(name):
            base = None if is_hidden(name) else self._collections.get(name)
            if base is None:
                validate_resource_name(name)
                if self._folds_case:
                    refuse_folded(name, {*self._collections, *self._views})
                base = Collection()
            rules = None if is_hidden(name) else self._rules_of(name, base)
            self._views[name] = CollectionView(name, base, self._work, self._on_read, rules)
        return self._views[name]

    def hidden(self, name: str) -> CollectionView:
        """Return a collection of LARST's own, which programs cannot name."""
        return self._views.setdefault(
            name, CollectionView(name, self._collections.get(name) or Collection(), self._work)
        )

    def names(self) -> list[str]:
        """Return the names of all resources that exist, sorted."""
        return sorted(name for name in {*self._collections, *self.changes()} if not is_hidden(name))

    @property
    def write_count(self) -> int:
        """How many records were stored or changed so far: the index of the next item of a list."""
        return sum(view.write_count for view in self._views.values())

    @property
    def change_count(self) -> int:
        """How many records the transaction stores, changes or deletes."""
        return sum(view.change_count for view in self._views.values())

    @property
    def is_large(self) -> bool:
        """Whether a check and a commit take too long for the event loop."""
        changes = values = 0
        for view in self._views.values():
            changes += view.change_count
            values += view.written_values
        return changes > LARGE_CHANGE or values >= LARGE_VALUES

    @property
    def has_changes(self) -> bool:
        """Whether the transaction changes anything; using up an id is a change."""
        return any(view.has_changes for view in self._views.values())

    def changes(self) -> dict[str, Change]:
        """Return the changes of the transaction, by resource."""
        changes: dict[str, Change] = {}
        for name, view in self._views.items():
            if (change := view.change()) is not None:
                changes[name] = change
        return changes
