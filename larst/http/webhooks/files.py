"""The webhooks files of all sessions, which belong to this service while it runs.

Must never make a directory: a session without one was erased.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

from larst.domain import SessionKey
from larst.errors import DiskRefusedError, SessionDamagedError
from larst.store import DataRoot, DiskFiles, Threads
from larst.store.disk.webhooks import WEBHOOKS, StoredWebhook, decode_webhooks, write_webhooks

_log = logging.getLogger("larst.webhooks")


class WebhookFiles:
    """Reads and writes the files; one write of a session at a time."""

    def __init__(self, root: DataRoot) -> None:
        self._root = root
        self._files = DiskFiles(folds_case=root.folds_case, folders=root.folders)
        self._threads = Threads()
        self.problems: dict[SessionKey, str] = {}
        """The files that cannot be read, and what to do; they stay as they are."""

    async def read_all(self) -> dict[SessionKey, dict[str, StoredWebhook]]:
        """Return the webhooks of all sessions that have some.

        Raises:
            DiskRefusedError: the data root cannot be read.
        """
        return await self._threads.run_to_completion(self._read_all, is_long=False)

    def check(self, key: SessionKey) -> None:
        """Check that the file of a session could be read.

        Raises:
            SessionDamagedError: it could not.
        """
        if (problem := self.problems.get(key)) is not None:
            raise SessionDamagedError(problem)

    async def write(
        self, key: SessionKey, webhooks: Mapping[str, StoredWebhook], *, is_durable: bool
    ) -> None:
        """Replace the file of a session.

        Raises:
            SessionDamagedError, DiskRefusedError: nothing was changed.
        """
        directory = self._root.session_directory(key)
        work = partial(write_webhooks, self._files, directory, webhooks, is_durable=is_durable)
        await self._threads.run_to_completion(work, is_long=False)

    async def save(self, key: SessionKey, webhooks: Mapping[str, StoredWebhook]) -> None:
        """Replace the file of a session, to note positions; a refusal is only logged."""
        try:
            await self.write(key, webhooks, is_durable=False)
        except (DiskRefusedError, SessionDamagedError) as error:
            fields = {"session_id": key, "event": "WebhooksNotSaved"}
            text = "positions of webhooks are not saved: %s"
            _log.warning(text, error.detail, extra={"fields": fields})

    def _read_all(self) -> dict[SessionKey, dict[str, StoredWebhook]]:
        found: dict[SessionKey, dict[str, StoredWebhook]] = {}
        for key in self._root.session_keys():
            path = self._root.session_directory(key) / WEBHOOKS
            try:
                webhooks = decode_webhooks(self._files.read(path))
            except (OSError, ValueError) as error:
                self.problems[key] = (
                    f"{path} cannot be read ({error}), so no webhook of the session is served:"
                    " correct it, or delete it, and start LARST again"
                )
                _log.error("%s", self.problems[key])
                continue
            if webhooks:
                found[key] = webhooks
        return found
