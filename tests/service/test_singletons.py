"""Things that are one: objects of a db.json, `PUT /settings`, objects below a record, `/db`."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import aiohttp
import pytest

from tests.service.api import Api, Service

MERGE = {"Content-Type": "application/merge-patch+json"}
PATCH = {"Content-Type": "application/json-patch+json"}


async def _import(api: Api, db: object, query: str = "") -> None:
    reply = await api.post(f"/_larst/sessions/{api.session_id}/import{query}", db)
    assert reply.status == 200, reply.raw


class TestSingleton:
    async def test_put_creates_it_and_then_replaces_it(self, api: Api) -> None:
        first = await api.put("/settings", {"theme": "dark", "id": 7})
        second = await api.put("/settings", {"theme": "light"})

        assert (first.status, first.body) == (201, {"theme": "dark", "id": 7})
        assert (second.status, second.body) == (200, {"theme": "light"})
        assert (await api.get("/settings")).body == {"theme": "light"}
        assert (await api.get("/api/v1/settings")).body == {"theme": "light"}

    async def test_patch_changes_it_in_every_notation(self, api: Api) -> None:
        await api.put("/settings", {"a": 1, "b": 2})

        assert (await api.patch("/settings", {"c": 3})).body == {"a": 1, "b": 2, "c": 3}
        merged = await api.patch("/settings", {"a": None}, headers=MERGE)
        assert merged.body == {"b": 2, "c": 3}
        operation = [{"op": "remove", "path": "/b"}]
        assert (await api.patch("/settings", operation, headers=PATCH)).body == {"c": 3}

    async def test_after_delete_it_is_missing_until_the_next_put(self, api: Api) -> None:
        """It never turns into an empty list."""
        await api.put("/settings", {"a": 1})

        assert (await api.delete("/settings")).status == 204
        for method, body in (("GET", None), ("PATCH", {"a": 1}), ("DELETE", None)):
            assert (await api.send(method, "/settings", body)).status == 404, method
        assert (await api.put("/settings", {"a": 2})).status == 201

    async def test_a_collection_never_turns_into_one(self, api: Api) -> None:
        await api.post("/posts", {"title": "A"})
        await _import(api.session(f"{api.session_id}-2"), {"posts": []})

        for session in (api, api.session(f"{api.session_id}-2")):
            assert (await session.put("/posts", {"title": "B"})).status == 405

    async def test_a_query_that_selects_a_part_is_refused(self, api: Api) -> None:
        await api.put("/settings", {"a": 1})

        reply = await api.get("/settings?limit=1")

        assert reply.status == 400
        assert "one value" in reply.body["detail"]

    async def test_if_match_guards_it(self, api: Api) -> None:
        await api.put("/settings", {"a": 1})
        etag = (await api.get("/settings")).headers["ETag"]

        stale = await api.put("/settings", {"a": 2}, headers={"If-Match": '"x"'})
        fresh = await api.put("/settings", {"a": 3}, headers={"If-Match": etag})

        assert (stale.status, fresh.status) == (412, 200)

    async def test_its_fields_have_paths(self, api: Api) -> None:
        await api.put("/settings", {"theme": "dark"})

        assert (await api.get("/settings/theme")).body == "dark"
        assert (await api.put("/settings/theme", "light")).body == "light"
        assert (await api.get("/settings")).body == {"theme": "light"}

    async def test_it_is_in_the_openapi_document(self, api: Api) -> None:
        await api.put("/settings", {"theme": "dark"})

        paths = (await api.get("/swagger.json")).body["paths"]

        assert set(paths["/settings"]) == {"get", "put", "patch", "delete"}
        assert not [path for path in paths if path.startswith("/settings/")]


class TestImport:
    DB = {  # noqa: RUF012 - never changed
        "posts": [{"id": 1, "title": "A"}],
        "profile": {"id": 9, "name": "typicode"},
        "empty": {},
    }

    async def test_an_object_comes_back_as_it_was(self, api: Api) -> None:
        await _import(api, self.DB)

        for name in ("profile", "empty"):
            assert (await api.get(f"/{name}")).body == self.DB[name]
        assert (await api.get("/db")).body == self.DB

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
    async def test_it_survives_a_restart_and_an_export(
        self,
        start_service: Callable[..., Service],
        http: aiohttp.ClientSession,
        how: signal.Signals,
    ) -> None:
        service = start_service()
        one = Api(http, service.url, "one")
        await _import(one, self.DB)
        await one.put("/settings", {"theme": "dark"})
        service.stop(how)
        service.start()
        one, two = Api(http, service.url, "one"), Api(http, service.url, "two")

        exported = (await one.get("/_larst/sessions/one/export")).raw
        reply = await two.send("POST", "/_larst/sessions/two/import", raw=exported)

        assert reply.status == 200
        for session in (one, two):
            assert (await session.get("/settings")).body == {"theme": "dark"}
            assert (await session.get("/profile")).body == self.DB["profile"]
            assert (await session.put("/settings", {"a": 1})).status == 200

    async def test_every_problem_of_a_file_is_named(self, api: Api) -> None:
        db = {"version": 3, "posts": [{"id": 1}, {"id": 1}, [2]], "a b": []}
        path = f"/_larst/sessions/{api.session_id}/import"

        refused = await api.post(path, db)
        lenient = await api.post(f"{path}?lenient=true", db)

        for place in ("version", "posts[1]", "posts[2]", "'a b'"):
            assert place in refused.body["detail"]
        assert len(lenient.body["changed"]) == 5
        assert (await api.get("/db")).body == {
            "a-b": [],
            "posts": [{"id": 1}, {"id": 2}, {"id": 3, "value": [2]}],
            "version": {"value": 3},
        }


class TestDatabase:
    async def test_db_is_a_resource_where_it_exists(self, api: Api) -> None:
        await api.post("/db", {"a": 1})

        assert (await api.get("/db")).body["items"] == [{"id": 1, "a": 1}]
        assert (await api.get("/db", headers={"X-LARST-Dialect": "json-server"})).body == {
            "db": [{"id": 1, "a": 1}]
        }

    async def test_db_of_an_empty_session_is_empty(self, api: Api) -> None:
        assert (await api.get("/db")).body == {}


class TestBelowARecord:
    @pytest.fixture(autouse=True)
    async def users(self, api: Api) -> None:
        await api.post("/users", [{"name": "A"}, {"name": "B"}])

    @pytest.mark.parametrize("name", ["profile", "settings"])
    async def test_an_object_below_a_record_is_its_field(self, api: Api, name: str) -> None:
        path = f"/users/1/{name}"

        assert (await api.put(path, {"bio": "x"})).status == 201
        assert (await api.put(path, {"bio": "y"})).status == 200
        assert (await api.patch(path, {"age": 3})).body == {"bio": "y", "age": 3}
        assert (await api.get(path)).body == {"bio": "y", "age": 3}
        assert (await api.get("/users/1")).body[name] == {"bio": "y", "age": 3}
        assert (await api.get(f"/users/2/{name}")).status == 404
        assert (await api.delete(path)).status == 204
        assert (await api.get(path)).status == 404

    async def test_a_missing_parent_gets_no_object(self, api: Api) -> None:
        assert (await api.put("/users/9/profile", {"bio": "x"})).status == 404

    @pytest.mark.parametrize("action", ["cancel", "approve", "reset-password", "sendMail"])
    async def test_an_action_is_not_stored(self, api: Api, action: str) -> None:
        reply = await api.put(f"/users/1/{action}", {"password": "hunter2"})

        assert reply.status == 501
        assert b"hunter2" not in reply.raw
        assert b"hunter2" not in json.dumps((await api.get("/db")).body).encode()
