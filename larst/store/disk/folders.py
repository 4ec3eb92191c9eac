"""The folders that sessions must have, as long as this process serves their data root.

A session whose folder was removed meanwhile is damaged: taken for a new session, it would give out
its ids again. Must never take another directory in the place of the root for the root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from larst.domain import TENANT_MARK, SessionKey, session_name, tenant_of


class FilesLostError(OSError):
    """Files were removed or replaced while the service ran; the text says what to do."""


class SessionFolders:
    """The sessions below a locked root that have a folder; may be used from any thread.

    `is_root_in_place` says whether the path of the root still leads to the locked directory.
    """

    def __init__(self, root: Path, is_root_in_place: Callable[[], bool]) -> None:
        self._root = root
        self._is_root_in_place = is_root_in_place
        self._keys: set[SessionKey] = set()

    def add(self, folder: Path) -> None:
        """Note that the folder of a session exists; other folders are ignored."""
        if (key := self._key_of(folder)) is not None:
            self._keys.add(key)

    def add_keys(self, keys: Iterable[SessionKey]) -> None:
        """Note that the folders of these sessions exist."""
        self._keys.update(keys)

    def discard(self, folder: Path) -> None:
        """Note that the folder of a session is to be gone."""
        if (key := self._key_of(folder)) is not None:
            self._keys.discard(key)

    def has(self, key: SessionKey) -> bool:
        """Return whether the session must have a folder."""
        return key in self._keys

    def names(self, tenant: str | None) -> set[str]:
        """Return the names of a tenant's sessions that must have a folder."""
        return {session_name(key) for key in list(self._keys) if tenant_of(key) == tenant}

    def problem(self, key: SessionKey) -> str | None:
        """Return the damage of the folder of a session, and the way out; blocks."""
        if not self._is_root_in_place():
            return self._root_problem()
        folder = self._root / key
        if key not in self._keys or folder.is_dir():
            return None
        name = session_name(key)
        return (
            f"{folder} was removed while the service ran: put it back, or erase the session, to"
            f" begin with no data, by `larst sessions --delete {name}` or DELETE"
            f" /_larst/sessions/{name}"
        )

    def check_root(self) -> None:
        """Check that the root is the one that was locked: before each write.

        Raises:
            FilesLostError: it was removed or replaced.
        """
        if not self._is_root_in_place():
            raise FilesLostError(self._root_problem())

    def check(self, path: Path) -> None:
        """Check the folder of the session that a path is in, or that it is.

        Raises:
            FilesLostError: it must exist, and does not; or the root was removed or replaced.
        """
        self.check_root()
        for folder in (path, *path.parents):
            if (key := self._key_of(folder)) is not None:
                if (problem := self.problem(key)) is not None:
                    raise FilesLostError(problem)
                return

    def _root_problem(self) -> str:
        return (
            f"the data root {self._root} was removed or replaced while the service ran: move it"
            " back; or stop the service, restore the directory from a backup, and start the service"
        )

    def _key_of(self, folder: Path) -> SessionKey | None:
        """Return the session that has this folder; None if it belongs to none."""
        name, parent = folder.name, folder.parent
        if name.startswith((".", TENANT_MARK)):
            return None
        if parent == self._root:
            return name
        if parent.parent == self._root and parent.name.startswith(TENANT_MARK):
            return f"{parent.name}/{name}"
        return None
