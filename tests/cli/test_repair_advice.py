"""The command in the message about a broken file, typed as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from larst.cli import main
from larst.errors import SessionDamagedError
from larst.store import DiskFiles
from tests.store.stores import insert, open_store, records_of


@pytest.mark.parametrize("session", ["one", "@acme/one"])
async def test_the_command_in_the_message_ends_the_damage(tmp_path: Path, session: str) -> None:
    """Also where the data root is not the default one, and its path has a blank."""
    directory = tmp_path / "data root" / session
    directory.parent.mkdir(parents=True)
    store = await open_store(DiskFiles(), directory)
    await insert(store, "members", {"name": "Ann"}, {"name": "Bob"})
    await store.close()
    file = directory / "members.json"
    file.write_bytes(file.read_bytes().replace(b'"Bob"', b'"Bo'))
    with pytest.raises(SessionDamagedError) as damaged:
        await open_store(DiskFiles(), directory)

    command = re.search(r"`larst (.*?)`", damaged.value.detail)
    assert command is not None
    assert main(shlex.split(command[1])) == 0

    assert records_of(await open_store(DiskFiles(), directory), "members") == [
        {"id": 1, "name": "Ann"}
    ]
