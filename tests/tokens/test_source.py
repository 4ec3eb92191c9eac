"""The table of tokens while its file changes."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from larst.errors import ConfigError
from larst.tokens import TokenSource, TokenTable
from larst.tokens.file import MAX_FILE_BYTES
from larst.tokens.table import hash_of


async def unchanged(_table: TokenTable) -> None:
    pass


def write(path: Path, *tokens: str) -> None:
    entries = [{"name": name, "hash": hash_of(name), "scopes": ["read"]} for name in tokens]
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"tokens": entries}))
    new.replace(path)


def spoil(path: Path, content: bytes | None) -> None:
    """Replace the file's content; None deletes the file."""
    path.unlink()
    if content is not None:
        path.write_bytes(content)


def names(source: TokenSource) -> set[str | None]:
    assert source.table is not None
    return {access.name for access in source.table.by_hash.values()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.json"
    write(path, "ann")
    return path


async def test_a_changed_file_is_read_again(path: Path) -> None:
    source = TokenSource(path, "environment")
    source.load()
    before = source.table
    await source.check(unchanged)
    assert source.table is before

    write(path, "ann", "ben")
    await source.check(unchanged)

    assert names(source) == {"ann", "ben", "LARS_AUTH_TOKEN"}
    assert source.table is not before


@pytest.mark.parametrize(
    "content", [b"", b"[", b'{"tokens":[{}]}', b" " * (MAX_FILE_BYTES + 1), None]
)
async def test_a_broken_file_keeps_the_tokens_and_is_logged_once(
    path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    """An editor that saves half a file must neither lock clients out nor let them in."""
    source = TokenSource(path, None)
    source.load()
    table = source.table
    spoil(path, content)

    with caplog.at_level(logging.ERROR, "larst.tokens"):
        await source.check(unchanged)
        await source.check(unchanged)

    assert source.table is table
    assert len(caplog.records) == 1
    assert str(path) in caplog.text
    write(path, "ben")
    await source.check(unchanged)
    assert names(source) == {"ben"}


async def test_a_tenant_that_cannot_be_opened_keeps_the_tokens(path: Path) -> None:
    """No request may meet a tenant without a plan book."""
    source = TokenSource(path, None)
    source.load()

    async def fail(_table: TokenTable) -> None:
        raise OSError("the disk is full")

    write(path, "ben")
    await source.check(fail)

    assert names(source) == {"ann"}


@pytest.mark.parametrize("content", [None, b"["])
def test_a_missing_or_broken_file_stops_the_start(path: Path, content: bytes | None) -> None:
    spoil(path, content)

    with pytest.raises(ConfigError, match="LARS_AUTH_TOKENS_FILE"):
        TokenSource(path, None).load()


async def test_no_tokens_mean_no_table() -> None:
    source = TokenSource(None, None)
    source.load()
    await source.check(unchanged)

    assert source.table is None
