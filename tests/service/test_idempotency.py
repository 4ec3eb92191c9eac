"""Idempotency-Key: a request that is sent again changes nothing again."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import aiohttp
import pytest

from tests.service.api import Api, Service
from tests.service.semantics import (
    items,
)


class TestIdempotency:
    async def test_a_repeated_request_gets_the_first_reply(self, api: Api) -> None:
        headers = {"Idempotency-Key": "key-1"}

        first = await api.post("/orders", {"a": 1}, headers=headers)
        await api.patch("/orders/1", {"a": 2})
        again = await api.post("/orders", {"a": 1}, headers=headers)

        assert (first.status, first.body) == (201, {"id": 1, "a": 1})
        assert (again.status, again.body) == (201, {"id": 1, "a": 1})
        assert again.headers["Location"] == first.headers["Location"]
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert await items(api, "/orders") == [{"id": 1, "a": 2}]

    @pytest.mark.parametrize(("method", "path"), [("PUT", "/orders/1"), ("PATCH", "/orders/1")])
    async def test_put_and_patch_are_replayed_too(self, api: Api, method: str, path: str) -> None:
        await api.post("/orders", {"a": 1})
        headers = {"Idempotency-Key": '"quoted"'}

        await api.send(method, path, {"a": 2}, headers=headers)
        await api.put(path, {"a": 3})
        again = await api.send(method, path, {"a": 2}, headers=headers)

        assert (again.body, again.headers["Idempotency-Replayed"]) == ({"id": 1, "a": 2}, "true")
        assert (await api.get(path)).body == {"id": 1, "a": 3}

    @pytest.mark.parametrize(
        ("path", "body"), [("/orders", {"a": 2}), ("/others", {"a": 1}), ("/orders?x=1", {"a": 1})]
    )
    async def test_another_request_with_the_key_is_422(
        self, api: Api, path: str, body: dict[str, int]
    ) -> None:
        headers = {"Idempotency-Key": "key-1"}
        await api.post("/orders", {"a": 1}, headers=headers)

        reply = await api.post(path, body, headers=headers)

        assert (reply.status, reply.body["error"]) == (422, "idempotency key reused")
        assert len(await items(api, "/orders")) == 1

    async def test_simultaneous_requests_change_the_data_once(self, api: Api) -> None:
        headers = {"Idempotency-Key": "key-1"}

        replies = await asyncio.gather(
            *(api.post("/orders", {"a": 1}, headers=headers) for _ in range(8))
        )

        assert [reply.body for reply in replies] == [{"id": 1, "a": 1}] * 8
        assert sum("Idempotency-Replayed" in reply.headers for reply in replies) == 7

    async def test_a_failed_request_frees_its_key(self, api: Api) -> None:
        headers = {"Idempotency-Key": "key-1"}
        assert (await api.patch("/orders/1", {"a": 2}, headers=headers)).status == 404

        await api.post("/orders", {"a": 1})

        assert (await api.patch("/orders/1", {"a": 2}, headers=headers)).status == 200

    async def test_keys_belong_to_one_session(self, api: Api) -> None:
        headers = {"Idempotency-Key": "key-1"}
        await api.post("/orders", {"a": 1}, headers=headers)

        reply = await api.session("another").post("/orders", {"a": 2}, headers=headers)

        assert (reply.status, reply.body["a"]) == (201, 2)

    @pytest.mark.parametrize("key", ["", " ", "x" * 256])
    async def test_a_key_must_be_short_and_visible(self, api: Api, key: str) -> None:
        reply = await api.post("/orders", {"a": 1}, headers={"Idempotency-Key": key})

        assert (reply.status, reply.body["error"]) == (400, "bad request")

    async def test_the_stored_replies_are_not_a_resource(self, api: Api) -> None:
        await api.post("/orders", {"a": 1}, headers={"Idempotency-Key": "key-1"})

        assert (await api.get("/.replies")).status == 400
        details = (await api.get(f"/_larst/sessions/{api.session_id}")).body
        assert details["resources"] == {"orders": 1}
        exported = await api.get(f"/_larst/sessions/{api.session_id}/export")
        assert b"key-1" not in exported.raw

    async def test_a_key_survives_a_crash(
        self, start_service: Callable[..., Service], http: aiohttp.ClientSession
    ) -> None:
        """A client that got no reply asks again, also when the reason was a crash."""
        headers = {"Idempotency-Key": "key-1"}
        service = start_service()
        await Api(http, service.url, "s").post("/orders", {"a": 1}, headers=headers)
        service.stop(signal.SIGKILL)

        service = start_service()
        again = await Api(http, service.url, "s").post("/orders", {"a": 1}, headers=headers)
        service.stop()
        service = start_service()
        third = await Api(http, service.url, "s").post("/orders", {"a": 1}, headers=headers)

        for reply in (again, third):
            assert (reply.status, reply.body) == (201, {"id": 1, "a": 1})
            assert reply.headers["Idempotency-Replayed"] == "true"
