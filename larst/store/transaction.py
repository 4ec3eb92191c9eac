"""One request's view of a session. Must never change what is stored: to drop it is the rollback."""

from __future__ import annotations

from collections.abc import Mapping

from larst.store.collection import Change, Collection, CollectionView
from larst.store.records import validate_resource_name


class Transaction:
    """One request's view of a session; what it changed counts only once it is committed."""

    def __init__(self, collections: Mapping[str, Collection]) -> None:
        self._collections = collections
        self._views: dict[str, CollectionView] = {}

    def resource(self, name: str) -> CollectionView:
        """Return the resource, also one that nothing was ever stored in.

        Raises:
            BadResourceNameError: no resource can have the name.
        """
        if name not in self._views:
            base = self._collections.get(validate_resource_name(name)) or Collection()
            self._views[name] = CollectionView(name, base)
        return self._views[name]

    def names(self) -> list[str]:
        """Return the names of the resources that exist, sorted."""
        return sorted({*self._collections, *self.changes()})

    def changes(self) -> dict[str, Change]:
        """Return what was changed, by resource."""
        return {
            name: change
            for name, view in self._views.items()
            if (change := view.change()) is not None
        }
