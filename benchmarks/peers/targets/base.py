"""What every server under load has in common."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from benchmarks.peers.installation import Cache
from benchmarks.peers.loads import Routes
from benchmarks.peers.processes import Server


class Target(Protocol):
    """A server that the loads can run against."""

    @property
    def title(self) -> str:
        """The name in the table."""

    @property
    def routes(self) -> Routes:
        """The paths of its loads."""

    @property
    def has_store(self) -> bool:
        """Whether its replies depend on its records."""

    def install(self, cache: Cache) -> None:
        """Install what it needs, or raise NotInstalledError."""

    def serve(self, folder: Path, records: int) -> AbstractContextManager[Server]:
        """Serve this many records from an empty folder."""
