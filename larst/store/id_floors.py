"""The next ids of sessions whose files were lost while they were in memory.

Files that are put back may be those of a backup. Must never let such a session give out an id
again, as long as this process runs: what becomes of a backup after a stop is the operator's choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larst.store.collection import Collection

_NO_FLOORS: Mapping[str, int] = {}


class IdFloors:
    """The least next ids, by the folder of a session and by resource.

    >>> floors, shop = IdFloors(), Path("/data/shop")
    >>> floors.keep(shop, {"users": Collection(next_id=8)})
    >>> backup = {"users": Collection(next_id=3)}
    >>> floors.apply(shop, backup)
    ['users']
    >>> backup["users"].next_id
    8
    """

    def __init__(self) -> None:
        self._floors: dict[Path, dict[str, int]] = {}

    def keep(self, folder: Path, collections: Mapping[str, Collection]) -> None:
        """Keep the next ids of a session whose files are lost."""
        floors = self._floors.setdefault(folder, {})
        for name, collection in collections.items():
            floors[name] = max(collection.next_id, floors.get(name, 0))

    def apply(self, folder: Path, collections: dict[str, Collection]) -> list[str]:
        """Raise the next ids of files that were put back; return the resources concerned."""
        raised = []
        for name, next_id in self._floors.get(folder, _NO_FLOORS).items():
            collection = collections.setdefault(name, Collection())
            if collection.next_id < next_id:
                collection.next_id = next_id
                raised.append(name)
        return raised

    def discard(self, folder: Path) -> None:
        """Forget a session that begins again, with its first id."""
        self._floors.pop(folder, None)
