"""The current table of tokens: read at start, and again whenever its file changes.

Must never block the event loop, and never replace a good table by a broken file.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from larst.errors import ConfigError
from larst.tokens.access import OPEN_ACCESS, Access
from larst.tokens.file import read_table
from larst.tokens.table import TokenTable

CHECK_EVERY_S = 1.0

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
_Signature: TypeAlias = tuple[int, int, int, int] | None

_log = logging.getLogger("larst.tokens")


class TokenSource:
    """The tokens of `path`, and `token` with all scopes; neither: no tokens are configured.

    `table` is None if no tokens are configured. It is replaced as a whole: values derived from
    a table stand as long as `table` is the same object.
    """

    def __init__(self, path: Path | None, token: str | None) -> None:
        self._path = path
        self._token = token
        self._signature: _Signature = None
        self.table: TokenTable | None = None if token is None else TokenTable().with_token(token)

    @property
    def environment(self) -> Access:
        """The access of the token of LARS_AUTH_TOKEN; that of everyone, if it is not set."""
        access = None if self._token is None or self.table is None else self.table.find(self._token)
        return OPEN_ACCESS if access is None else access

    def load(self) -> None:
        """Read the file for the first time; blocks.

        Raises:
            ConfigError: it is missing or wrong.
        """
        if self._path is None:
            return
        self._signature = _signature(self._path)
        try:
            self._set(read_table(self._path))
        except FileNotFoundError as error:
            raise ConfigError(
                f"LARS_AUTH_TOKENS_FILE: {self._path} is missing; create it with `larst token new`"
            ) from error
        except (ConfigError, OSError) as error:
            raise ConfigError(f"LARS_AUTH_TOKENS_FILE: {self._path}: {error}") from error

    async def watch(self, on_change: Callable[[TokenTable], Awaitable[None]], sleep: Sleep) -> None:
        """Look at the file every second, for ever; call `on_change` before a new table counts."""
        while self._path is not None:
            await sleep(CHECK_EVERY_S)
            await self.check(on_change)

    async def check(self, on_change: Callable[[TokenTable], Awaitable[None]]) -> None:
        """Read the file again if it has changed; log a broken one and keep the table."""
        if self._path is None:
            return
        signature = await asyncio.to_thread(_signature, self._path)
        if signature == self._signature:
            return
        self._signature = signature
        try:
            table = await asyncio.to_thread(read_table, self._path)
            await on_change(table)
        except (ConfigError, OSError) as error:
            _log.error("%s is broken, the tokens stay as they were: %s", self._path, error)
            return
        self._set(table)
        _log.info("tokens read again", extra={"fields": {"tokens": len(table.by_hash)}})

    def _set(self, table: TokenTable) -> None:
        self.table = table.with_token(self._token)


def _signature(path: Path) -> _Signature:
    """Return what changes whenever the file does; None if it cannot be looked at."""
    try:
        status = os.stat(path)  # noqa: PTH116 - follows links, as reading does
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
