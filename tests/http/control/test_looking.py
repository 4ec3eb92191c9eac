"""Looking at sessions, also while something happens with them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from larst.config import HttpSettings
from larst.errors import SessionNotFoundError
from larst.http.components import RUNNING
from larst.http.control import sessions as session_control
from larst.http.control.sessions import SessionControl
from larst.session import SessionClient
from larst.store import DataRoot, Threads
from tests.http.control.asking import ONE, TWO, Client, keep_busy, sleep


class TestLooking:
    async def test_sessions_are_listed_awake_or_asleep(self, client: Client) -> None:
        await client.post("/members", json={"n": 1}, headers=TWO)
        await sleep(client, "two")
        await client.get("/members", headers=ONE)  # both slept: this wakes session one

        listed = await (await client.get("/_larst/sessions")).json()

        assert listed["page"]["total"] == 2
        told = {item["id"]: item for item in listed["items"]}
        assert (told["one"]["state"], told["two"]["state"]) == ("awake", "asleep")
        assert told["one"]["resources"] == {"members": 2, "notes": 1}
        assert told["two"]["records"] == 1
        assert told["two"]["size_bytes"] > 0
        assert not client.app[RUNNING].sessions.is_live("two")

    async def test_what_only_the_journal_has_is_counted_too(
        self, client: Client, tmp_path: Path
    ) -> None:
        """As it is after a kill."""
        copy = tmp_path / "data" / "copy"
        copy.mkdir()
        journal = (tmp_path / "data" / "one" / ".journal").read_bytes()
        (copy / ".journal").write_bytes(journal)

        told = await (await client.get("/_larst/sessions/copy")).json()

        assert told["resources"] == {"members": 2, "notes": 1}
        assert [path.name for path in copy.iterdir()] == [".journal"]

    async def test_busy_ones_are_told_without_waiting_for_each_other(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever looks for what keeps the service busy needs the list now."""
        monkeypatch.setattr(session_control, "LOOK_S", 0.05)
        await client.post("/members", json={"n": 1}, headers=TWO)
        leave = asyncio.Event()
        busy = [asyncio.create_task(keep_busy(client, name, leave)) for name in ("one", "two")]

        async with asyncio.timeout(20):
            listed = await (await client.get("/_larst/sessions")).json()

        leave.set()
        await asyncio.gather(*busy)
        told = {item["id"]: (item["state"], item["resources"]) for item in listed["items"]}
        assert told == {
            "one": ("busy", {"members": 2, "notes": 1}),
            "two": ("busy", {"members": 1}),
        }

    async def test_a_damaged_one_is_told_and_not_touched(
        self, client: Client, tmp_path: Path
    ) -> None:
        await sleep(client, "one")
        file = tmp_path / "data" / "one" / "members.json"
        file.write_bytes(b"[")

        told = await (await client.get("/_larst/sessions/one")).json()

        assert told["state"] == "damaged"
        assert "members.json" in told["problem"]
        assert file.read_bytes() == b"["

    async def test_one_that_cannot_be_read_is_no_harm_to_the_others(
        self, client: Client, tmp_path: Path
    ) -> None:
        for name in (".journal", "users.json"):
            (tmp_path / "data" / f"odd-{name[1:4]}" / name).mkdir(parents=True)
        (tmp_path / "data" / "odd-schemas").mkdir()
        (tmp_path / "data" / "odd-schemas" / ".schemas").symlink_to(tmp_path)

        listed = await (await client.get("/_larst/sessions")).json()

        states = {item["id"]: item["state"] for item in listed["items"]}
        assert states.pop("one") == "awake"
        assert set(states.values()) == {"damaged"}
        assert len(states) == 3
        told = await (await client.get("/_larst/sessions/odd-ser")).json()
        assert "users.json: it is not an ordinary file" in told["problem"]

    async def test_a_link_is_no_session(self, client: Client, tmp_path: Path) -> None:
        """It leads out of the data root, to what is nobody's session."""
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere")

        assert (await client.get("/_larst/sessions/link")).status == 404
        assert (await client.get("/_larst/sessions/link/export")).status == 404

    @pytest.mark.parametrize(
        ("path", "status"),
        [("nosuch", 404), ("nosuch/export", 404), ("a%20b", 400), ("..%2Fone", 400)],
    )
    async def test_what_is_not_there_is_told(self, client: Client, path: str, status: int) -> None:
        assert (await client.get(f"/_larst/sessions/{path}")).status == status


class Meanwhile(SessionClient):
    """Sessions with which something happens while they are looked at."""

    def __init__(self, happens: Callable[[], object], *, wakes: bool = False) -> None:
        self._happens = happens
        self._wakes = wakes
        self._asked = 0

    def is_live(self, session_id: str) -> bool:
        del session_id
        self._asked += 1
        if self._asked == 1:
            self._happens()
        return self._wakes and self._asked > 1

    async def run_on_store(self, *_arguments: Any, **_options: Any) -> Any:
        """Answer that the session holds two members."""
        return {"members": 2}


class TestLookingMeanwhile:
    def _control(self, tmp_path: Path, sessions: Meanwhile) -> SessionControl:
        root = DataRoot.open(tmp_path / "root")
        return SessionControl(root, sessions, Threads(), HttpSettings())

    async def test_an_erased_session_is_left_out_of_the_list(self, tmp_path: Path) -> None:
        """Between the list of names and a look at each there is time enough."""
        one = tmp_path / "root" / "one"
        one.mkdir(parents=True)
        control = self._control(tmp_path, Meanwhile(one.rmdir))

        reply = await control.list(make_mocked_request("GET", "/_larst/sessions"))

        assert json.loads(reply.text or "")["items"] == []

    async def test_an_erased_session_is_not_found(self, tmp_path: Path) -> None:
        one = tmp_path / "root" / "one"
        one.mkdir(parents=True)
        control = self._control(tmp_path, Meanwhile(one.rmdir))

        with pytest.raises(SessionNotFoundError):
            await control.show(make_mocked_request("GET", "/x", match_info={"id": "one"}))

    async def test_one_that_wakes_is_asked_before_it_is_called_damaged(
        self, tmp_path: Path
    ) -> None:
        """Its files, written meanwhile, may not have fitted each other."""
        one = tmp_path / "root" / "one"
        one.mkdir(parents=True)
        damage = one / "members.json"
        sessions = Meanwhile(lambda: damage.write_text("["), wakes=True)
        control = self._control(tmp_path, sessions)

        reply = await control.show(make_mocked_request("GET", "/x", match_info={"id": "one"}))

        told = json.loads(reply.text or "")
        assert (told["state"], told["resources"]) == ("awake", {"members": 2})
