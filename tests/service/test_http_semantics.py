"""HTTP as its RFCs say: merge patches, conditions, preferences, media types, targets."""

from __future__ import annotations

import asyncio

import pytest

from tests.service.api import Api
from tests.service.semantics import (
    FORM,
    MERGE,
    PLAIN,
    address,
    items,
    raw_get,
)


class TestMergePatch:
    async def test_null_removes_and_objects_are_merged(self, api: Api) -> None:
        """RFC 7396 section 2."""
        await api.post("/posts", {"title": "A", "status": "new", "meta": {"a": 1, "b": {"c": 2}}})

        changes = {"status": None, "meta": {"a": None, "b": {"d": 3}}}
        reply = await api.send("PATCH", "/posts/1", changes, headers=MERGE)

        assert (reply.status, reply.body) == (
            200,
            {"id": 1, "title": "A", "meta": {"b": {"c": 2, "d": 3}}},
        )

    async def test_plain_json_still_replaces_whole_fields_and_stores_null(self, api: Api) -> None:
        await api.post("/posts", {"status": "new", "meta": {"a": 1}})

        reply = await api.patch("/posts/1", {"status": None, "meta": {"b": 2}})

        assert reply.body == {"id": 1, "status": None, "meta": {"b": 2}}

    async def test_it_cannot_change_or_remove_the_id(self, api: Api) -> None:
        await api.post("/posts", {"a": 1})

        for identifier in (None, 7):
            reply = await api.send("PATCH", "/posts/1", {"id": identifier}, headers=MERGE)
            assert reply.body == {"id": 1, "a": 1}

    async def test_it_applies_to_all_that_match(self, api: Api) -> None:
        await api.post("/posts", [{"s": "x", "a": 1}, {"s": "x"}, {"s": "y", "a": 1}])

        reply = await api.send("PATCH", "/posts?s=x", {"a": None, "b": 2}, headers=MERGE)

        assert reply.body == {"updated": 2}
        items = (await api.get("/posts")).body["items"]
        assert items == [
            {"id": 1, "s": "x", "b": 2},
            {"id": 2, "s": "x", "b": 2},
            {"id": 3, "s": "y", "a": 1},
        ]

    async def test_it_must_be_an_object(self, api: Api) -> None:
        await api.post("/posts", {"a": 1})

        reply = await api.send("PATCH", "/posts/1", [1], headers=MERGE)

        assert (reply.status, reply.body["error"]) == (400, "bad request")


class TestIfNoneMatch:
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    async def test_a_star_refuses_to_change_a_record_that_exists(
        self, api: Api, method: str
    ) -> None:
        """RFC 9110 section 13.1.2: the way to create a record without overwriting one."""
        await api.post("/posts", {"a": 1})

        body = None if method == "DELETE" else {"a": 2}
        reply = await api.send(method, "/posts/1", body, headers={"If-None-Match": "*"})

        assert (reply.status, reply.body["error"]) == (412, "precondition failed")
        assert (await api.get("/posts/1")).body == {"id": 1, "a": 1}

    async def test_put_with_a_star_creates_a_record_that_is_missing(self, api: Api) -> None:
        reply = await api.put("/posts/7", {"a": 1}, headers={"If-None-Match": "*"})

        assert (reply.status, reply.body) == (201, {"id": 7, "a": 1})
        assert (await api.get("/posts/7")).status == 200

    async def test_post_with_a_star_creates(self, api: Api) -> None:
        """The collection exists, but the new record does not."""
        reply = await api.post("/posts", {"a": 1}, headers={"If-None-Match": "*"})

        assert reply.status == 201

    @pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}'])
    async def test_a_matching_tag_refuses_the_change(self, api: Api, form: str) -> None:
        await api.post("/posts", {"a": 1})
        etag = (await api.get("/posts/1")).headers["ETag"]

        tags = {"If-None-Match": form.format(etag)}
        refused = await api.patch("/posts/1", {"a": 2}, headers=tags)
        allowed = await api.patch("/posts/1", {"a": 3}, headers={"If-None-Match": '"other"'})

        assert (refused.status, allowed.status) == (412, 200)

    async def test_if_match_with_a_preference_compares_the_record(self, api: Api) -> None:
        await api.post("/posts", {"a": 1})
        etag = (await api.get("/posts/1")).headers["ETag"]
        headers = {**PLAIN, "If-Match": etag, "Prefer": "return=representation"}

        assert (await api.patch("/posts/1", {"a": 2}, headers=headers)).status == 200
        assert (await api.patch("/posts/1", {"a": 2}, headers=headers)).status == 412


class TestPrefer:
    @pytest.mark.parametrize("dialect", ["larst", "postgrest"])
    async def test_a_minimal_reply_has_no_body(self, api: Api, dialect: str) -> None:
        """RFC 7240 section 4.2."""
        headers = {"X-LARST-Dialect": dialect, "Prefer": "return=minimal"}

        created = await api.post("/posts", {"a": 1}, headers=headers)
        many = await api.post("/posts", [{"a": 2}, {"a": 3}], headers=headers)
        path = "/posts/1" if dialect == "larst" else "/posts?id=eq.1"
        changed = await api.patch(path, {"a": 4}, headers=headers)

        assert [(r.status, r.raw) for r in (created, many, changed)] == [
            (201, b""),
            (201, b""),
            (204, b""),
        ]
        for reply in (created, many, changed):
            assert reply.headers["Preference-Applied"] == "return=minimal"
        assert [item["a"] for item in (await items(api, "/posts"))] == [4, 2, 3]

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    async def test_a_large_list_can_be_written_with_a_minimal_reply(
        self, api: Api, method: str
    ) -> None:
        """The limit of replies must not limit what can be stored."""
        records = [{"id": index, "text": "x" * 100_000} for index in range(1, 13)]
        if method != "POST":
            await api.post("/big", [{"id": record["id"]} for record in records])

        refused = await api.send(method, "/big", records)
        prefer = {**PLAIN, "Prefer": "return=minimal"}
        stored = await api.send(method, "/big", records, headers=prefer)

        assert (refused.status, refused.body["error"]) == (400, "result too large")
        assert "Prefer: return=minimal" in refused.body["detail"]
        assert (stored.status, stored.raw) == (201 if method == "POST" else 204, b"")
        assert (await api.get("/big/12")).body == records[-1]

    async def test_a_representation_is_the_record(self, api: Api) -> None:
        prefer = {"Prefer": "respond-async, return=representation; foo"}

        plain = await api.post("/posts", {"a": 1}, headers={**PLAIN, **prefer})
        listed = await api.post(
            "/posts", {"a": 2}, headers={"X-LARST-Dialect": "postgrest", **prefer}
        )

        assert (plain.status, plain.body) == (201, {"id": 1, "a": 1})
        assert (listed.status, listed.body) == (201, [{"id": 2, "a": 2}])
        for reply in (plain, listed):
            assert reply.headers["Preference-Applied"] == "return=representation"

    @pytest.mark.parametrize("dialect", ["larst", "postgrest"])
    async def test_duplicates_are_merged(self, api: Api, dialect: str) -> None:
        await api.post("/posts", [{"a": 1, "b": 1}, {"a": 2}])
        headers = {
            "X-LARST-Dialect": dialect,
            "Prefer": "resolution=merge-duplicates,return=representation",
        }

        reply = await api.post("/posts", [{"id": 1, "a": 9}, {"id": 5, "a": 5}], headers=headers)

        assert reply.body == [{"id": 1, "a": 9, "b": 1}, {"id": 5, "a": 5}]
        assert "resolution=merge-duplicates" in reply.headers["Preference-Applied"]
        assert len(await items(api, "/posts")) == 3


class TestMediaTypes:
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/posts"), ("PUT", "/posts/1"), ("PATCH", "/posts/1"), ("PUT", "/posts")],
    )
    @pytest.mark.parametrize("sent", ["application/xml", "image/png", None])
    async def test_other_media_types_are_415(
        self, api: Api, method: str, path: str, sent: str | None
    ) -> None:
        await api.post("/posts", {"a": 1})
        headers = {"Content-Type": sent or ""}

        reply = await api.send(method, path, raw=b"<a/>", headers=headers)

        assert (reply.status, reply.body["error"]) == (415, "unsupported media type")
        assert sent is None or sent in reply.body["detail"]
        assert "application/json" in reply.body["detail"]
        assert "text/csv" in reply.headers["Accept-Post"]
        assert await items(api, "/posts") == [{"id": 1, "a": 1}]


class TestTargets:
    async def test_raw_utf_8_in_the_target_is_read(self, api: Api) -> None:
        """Not allowed by RFC 9112, but sent by simple clients; the meaning is clear."""
        await api.post("/posts", [{"title": "café"}, {"title": "tea"}])

        reply = await raw_get(api, "/posts?title=café".encode())

        assert reply.startswith(b"HTTP/1.1 200 ")
        assert "café".encode() in reply
        assert b"tea" not in reply

    async def test_raw_utf_8_is_read_in_each_request_of_a_connection(self, api: Api) -> None:
        await api.post("/posts", [{"title": "café"}, {"title": "tea"}])
        reader, writer = await asyncio.open_connection(*address(api))

        for _ in range(2):
            head = f"GET /posts/count?title=café HTTP/1.1\r\nX-Session-ID: {api.session_id}\r\n"
            writer.write(f"{head}Host: localhost\r\n\r\n".encode())
            reply = await reader.readuntil(b'"count":1}')
            assert reply.startswith(b"HTTP/1.1 200 ")
        writer.close()

    async def test_a_body_that_looks_like_a_request_is_stored_as_it_is(self, api: Api) -> None:
        reader, writer = await asyncio.open_connection(*address(api))
        body = "GET /é HTTP/1.1\r\nx=1".encode()
        writer.write(
            f"POST /posts HTTP/1.1\r\nHost: localhost\r\nX-Session-ID: {api.session_id}\r\n"
            f"Expect: 100-continue\r\nContent-Type: {FORM['Content-Type']}\r\n"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        await reader.readuntil(b"100 Continue\r\n\r\n")  # the body comes in a packet of its own
        writer.write(body)
        await reader.read()
        writer.close()

        assert await items(api, "/posts") == [{"id": 1, "GET /é HTTP/1.1\r\nx": "1"}]

    @pytest.mark.parametrize("target", [b"/posts?title=\xff", b"/po\xffsts", b"/a b", b"/a\x01"])
    async def test_a_target_that_is_not_text_is_refused_as_json(
        self, api: Api, target: bytes
    ) -> None:
        reply = await raw_get(api, target)

        assert b" 400 " in reply.partition(b"\r\n")[0]
        assert b"X-Request-ID: " in reply
        assert b'"error":"bad request"' in reply
        assert b'"request_id":"' in reply
