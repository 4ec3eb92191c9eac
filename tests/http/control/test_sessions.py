"""Listing and showing sessions, also while they change."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from larst.errors import SessionNotFoundError
from larst.http.components import RUNNING
from larst.http.control import sessions as session_control
from larst.http.control.sessions import SessionControl
from larst.http.keys import ACCESS
from larst.http.webhooks import Receivers, Sender, WebhookFiles, WebhookService
from larst.session import SessionClient, SessionQuota
from larst.session.live import LiveHub, LiveLimits
from larst.store import DataRoot, Threads
from larst.store.overview import Overview
from larst.tokens import OPEN_ACCESS
from tests.fake_clock import FakeClock
from tests.http.control.helpers import ONE, TWO, Client, keep_busy, sleep


class TestSessions:
    async def test_sessions_are_listed_awake_or_asleep(self, client: Client) -> None:
        await client.post("/members", json={"n": 1}, headers=TWO)
        await sleep(client, "two")
        await client.get("/members", headers=ONE)  # both are asleep: this wakes session one

        listed = await (await client.get("/_larst/sessions")).json()

        assert listed["page"]["total"] == 2
        entries = {item["id"]: item for item in listed["items"]}
        assert (entries["one"]["state"], entries["two"]["state"]) == ("awake", "asleep")
        assert entries["one"]["resources"] == {"members": 2, "notes": 1}
        assert entries["two"]["records"] == 1
        assert entries["two"]["size_bytes"] > 0
        assert not client.app[RUNNING].sessions.is_live("two")

    async def test_no_record_is_read_to_look_at_a_session(
        self, client: Client, tmp_path: Path
    ) -> None:
        """A page of sessions with 100,000 records each would take minutes, and gigabytes."""
        await sleep(client, "one")
        (tmp_path / "data" / "one" / "members.json").write_bytes(b"neither read nor checked")

        session = await (await client.get("/_larst/sessions/one")).json()

        assert (session["state"], session["records"]) == ("asleep", 3)
        assert session["resources"] == {"members": 2, "notes": 1}

    async def test_the_records_of_a_killed_session_are_unknown_until_it_wakes(
        self, client: Client, tmp_path: Path
    ) -> None:
        """Some of them may be in its journal alone."""
        copy = tmp_path / "data" / "copy"
        copy.mkdir()
        journal = (tmp_path / "data" / "one" / ".journal").read_bytes()
        (copy / ".journal").write_bytes(journal)

        session = await (await client.get("/_larst/sessions/copy")).json()

        assert (session["state"], session["records"], session["resources"]) == (
            "asleep",
            None,
            None,
        )
        assert session["size_bytes"] == len(journal)
        assert [path.name for path in copy.iterdir()] == [".journal"]
        await client.get("/members", headers={"X-Session-ID": "copy"})
        session = await (await client.get("/_larst/sessions/copy")).json()
        assert session["resources"] == {"members": 2, "notes": 1}

    async def test_sessions_are_paged_by_id(self, client: Client) -> None:
        """Paging by number skips sessions if others are erased meanwhile."""
        await client.post("/members", json={"n": 1}, headers=TWO)

        after = await (await client.get("/_larst/sessions?limit=1&after=one")).json()
        last_page = await (await client.get("/_larst/sessions?after=two")).json()

        assert [item["id"] for item in after["items"]] == ["two"]
        assert last_page["items"] == []
        assert (await client.get("/_larst/sessions?after=a%20b")).status == 400

    async def test_busy_sessions_are_listed_without_a_wait_for_each(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The list helps to find the sessions that keep the service busy."""
        monkeypatch.setattr(session_control, "BUSY_AFTER_S", 0.05)
        await client.post("/members", json={"n": 1}, headers=TWO)
        finish = asyncio.Event()
        busy = [asyncio.create_task(keep_busy(client, name, finish)) for name in ("one", "two")]

        async with asyncio.timeout(20):
            listed = await (await client.get("/_larst/sessions")).json()

        finish.set()
        await asyncio.gather(*busy)
        states = {item["id"]: item["state"] for item in listed["items"]}
        assert states == {"one": "busy", "two": "busy"}

    async def test_a_damaged_session_is_reported_once_a_request_has_met_it(
        self, client: Client, tmp_path: Path
    ) -> None:
        await sleep(client, "one")
        file = tmp_path / "data" / "one" / "members.json"
        file.write_bytes(b"[")
        assert (await client.get("/members", headers=ONE)).status == 503
        await sleep(client, "one")

        session = await (await client.get("/_larst/sessions/one")).json()

        assert session["state"] == "damaged"
        assert "members.json" in session["problem"]

    async def test_a_session_that_cannot_be_read_does_not_break_the_list(
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
        session = await (await client.get("/_larst/sessions/odd-ser")).json()
        assert "users.json: it is not an ordinary file" in session["problem"]

    async def test_a_symbolic_link_is_not_a_session(self, client: Client, tmp_path: Path) -> None:
        """Its target is outside of the data root."""
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere")

        assert (await client.get("/_larst/sessions/link")).status == 404
        assert (await client.get("/_larst/sessions/link/export")).status == 404

    @pytest.mark.parametrize(
        ("path", "status"),
        [("nosuch", 404), ("nosuch/export", 404), ("a%20b", 400), ("..%2Fone", 400)],
    )
    async def test_an_unknown_or_invalid_id_is_refused(
        self, client: Client, path: str, status: int
    ) -> None:
        assert (await client.get(f"/_larst/sessions/{path}")).status == status


class AwakeSessions(SessionClient):
    """Sessions that are all awake, with two members each."""

    def __init__(self) -> None:
        pass

    def is_live(self, session_id: str) -> bool:
        del session_id
        return True

    async def run_on_store(self, *_arguments: Any, **_options: Any) -> Any:
        """Return the contents of a session."""
        return Overview("one", 100, 0.0, {"members": 2}), []


def _request(path: str, **options: Any) -> web.Request:
    request = make_mocked_request("GET", path, **options)
    request[ACCESS] = OPEN_ACCESS
    return request


class TestSessionsThatChange:
    @pytest.fixture
    def root(self, tmp_path: Path) -> DataRoot:
        return DataRoot.open(tmp_path / "root")

    @pytest.fixture
    def control(self, root: DataRoot) -> SessionControl:
        clock = FakeClock()
        hub = LiveHub(LiveLimits(1, 1, 1), clock.now, asyncio.sleep, Threads().run_search)
        webhooks = WebhookService(WebhookFiles(root), hub, Sender(Receivers(())), asyncio.sleep)
        return SessionControl(root, AwakeSessions(), SessionQuota(root, clock), webhooks)

    async def test_a_session_erased_during_the_request_is_not_listed(
        self, control: SessionControl, root: DataRoot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its id was listed before its files were read."""
        monkeypatch.setattr(root, "session_ids", lambda _tenant: ["one"])

        reply = await control.list(_request("/_larst/sessions"))

        assert json.loads(reply.text or "")["items"] == []

    async def test_a_session_erased_during_the_request_is_not_found(
        self, control: SessionControl, root: DataRoot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(root, "has_session", lambda _: True)

        with pytest.raises(SessionNotFoundError):
            await control.show(_request("/x", match_info={"id": "one"}))

    async def test_a_session_that_is_awake_is_not_reported_as_damaged(
        self, control: SessionControl, root: DataRoot
    ) -> None:
        """Its files were good enough to load, whatever they look like now."""
        directory = root.session_directory("one")
        directory.mkdir()
        (directory / "members.json").mkdir()

        reply = await control.show(_request("/x", match_info={"id": "one"}))

        session = json.loads(reply.text or "")
        assert (session["state"], session["resources"]) == ("awake", {"members": 2})
