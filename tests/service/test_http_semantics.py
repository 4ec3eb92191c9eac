"""HTTP as its RFCs say: merge patches, conditions, preferences, media types, retries."""

from __future__ import annotations

import asyncio
import base64
import signal
from collections.abc import Callable

import aiohttp
import pytest

from tests.service.api import Api, Service

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}
MERGE = {"Content-Type": "application/merge-patch+json"}
JSON = {"Content-Type": "application/json"}
PLAIN = {"X-LARST-Dialect": "larst"}


def _multipart(*parts: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """Return a form whose parts have these headers and contents, and its Content-Type."""
    body = b"".join(
        b"--B\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in parts
    )
    return body + b"--B--\r\n", {"Content-Type": "multipart/form-data; boundary=B"}


def _file(name: str, filename: str, media_type: str) -> str:
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
    return f"{disposition}\r\nContent-Type: {media_type}"


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
        assert [item["a"] for item in (await _items(api, "/posts"))] == [4, 2, 3]

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
        assert len(await _items(api, "/posts")) == 3


class TestForms:
    async def test_brackets_are_objects_and_lists(self, api: Api) -> None:
        raw = (
            b"name=Ann&metadata[plan]=pro&items[0][price]=p1&items%5B1%5D%5Bprice%5D=p2"
            b"&tags[]=a&tags[]=b&x=1&x=2"
        )
        reply = await api.post("/customers", raw=raw, headers=FORM)

        assert (reply.status, reply.body) == (
            201,
            {
                "id": 1,
                "name": "Ann",
                "metadata": {"plan": "pro"},
                "items": [{"price": "p1"}, {"price": "p2"}],
                "tags": ["a", "b"],
                "x": ["1", "2"],
            },
        )

    async def test_a_number_stays_a_number(self, api: Api) -> None:
        """A form has only texts: `views=7` must not turn a stored 5 into "7"."""
        await api.post("/posts", {"views": 5, "live": True, "zip": "01234", "meta": {"n": 1.5}})

        raw = b"views=7&live=false&zip=98765&meta[n]=2&new=3"
        reply = await api.patch("/posts/1", raw=raw, headers=FORM)

        assert reply.body == {
            "id": 1,
            "views": 7,
            "live": False,
            "zip": "98765",
            "meta": {"n": 2},
            "new": "3",
        }

    @pytest.mark.parametrize(
        "raw", [b"a" + b"[b]" * 30 + b"=1", b"a=1&" * 10_001, b"a=1&a[b]=2", b"a=%ff"]
    )
    async def test_a_form_that_makes_no_sense_is_refused(self, api: Api, raw: bytes) -> None:
        reply = await api.post("/posts", raw=raw, headers=FORM)

        assert (reply.status, reply.body["error"]) == (400, "bad request")


class TestFiles:
    async def test_fields_and_files_are_stored(self, api: Api) -> None:
        raw, headers = _multipart(
            ('Content-Disposition: form-data; name="title"', b"Up"),
            (_file("file", "C:\\docs\\a.bin", "image/png"), b"\x00\xff--B\r\n"),
        )
        reply = await api.post("/files", raw=raw, headers=headers)

        content = base64.b64encode(b"\x00\xff--B\r\n").decode()
        file = {"name": "a.bin", "type": "image/png", "size": 7, "content": content}
        assert (reply.status, reply.body) == (201, {"id": 1, "title": "Up", "file": file})

    async def test_a_file_is_served_as_an_attachment(self, api: Api) -> None:
        """A page that a client uploaded must never run in this origin."""
        page = b"<script>alert(1)</script>"
        raw, headers = _multipart((_file("file", 'ü \\"1.html', "text/html"), page))
        await api.post("/files", raw=raw, headers=headers)

        reply = await api.get("/files/1/content")

        assert (reply.status, reply.raw) == (200, page)
        assert reply.headers["Content-Type"] == "text/html"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Content-Security-Policy"].startswith("sandbox")
        disposition = reply.headers["Content-Disposition"]
        assert disposition == "attachment; filename*=UTF-8''%C3%BC%20%221.html"
        assert (await api.send("HEAD", "/files/1/content")).status == 200
        etag = {"If-None-Match": reply.headers["ETag"]}
        assert (await api.get("/files/1/content", headers=etag)).status == 304

    async def test_a_file_may_be_larger_than_a_list(self, api: Api) -> None:
        """LARS_MAX_RESULT_BYTES limits lists: whatever could be stored can be read and changed."""
        content = bytes(range(256)) * 8 * 1024
        raw, headers = _multipart((_file("scan", "a.bin", "image/png"), content))

        created = await api.post("/cards", raw=raw, headers=headers)
        changed = await api.patch("/cards/1", {"title": "A"})

        assert (created.status, changed.status) == (201, 200)
        assert changed.body["scan"]["size"] == len(content)
        assert (await api.get("/cards/1/content")).raw == content
        assert (await api.get("/cards")).status == 400

    async def test_each_of_several_files_is_served(self, api: Api) -> None:
        raw, headers = _multipart(
            (_file("front", "f.txt", "text/plain"), b"front"),
            (_file("back", "b.txt", "text/plain"), b"back"),
        )
        await api.post("/cards", raw=raw, headers=headers)

        contents = [await api.get(f"/cards/1/{name}content") for name in ("", "front/", "back/")]

        assert [reply.raw for reply in contents] == [b"front", b"front", b"back"]

    async def test_a_record_without_a_file_has_no_content(self, api: Api) -> None:
        await api.post("/posts", {"a": 1})

        assert (await api.get("/posts/1/content")).status == 404
        assert (await api.get("/posts/2/content")).status == 404

    async def test_an_odd_type_is_not_repeated(self, api: Api) -> None:
        file = {"name": "x", "type": "text/html\r\nX-Evil: 1", "size": 2, "content": "aGk="}
        await api.post("/files", {"file": file})

        reply = await api.get("/files/1/content")

        assert (reply.raw, reply.headers["Content-Type"]) == (b"hi", "application/octet-stream")
        assert "X-Evil" not in reply.headers

    @pytest.mark.parametrize(
        ("raw", "content_type"),
        [
            (b"", "multipart/form-data"),
            (b"", "multipart/form-data; boundary=B"),
            (b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx', "boundary=B"),
            (b"--B\r\nno headers\r\n--B--\r\n", "boundary=B"),
            (b"--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--\r\n", "boundary=B"),
            (b"--B\r\n" * 1100, "boundary=B"),
        ],
    )
    async def test_a_malformed_form_is_refused(
        self, api: Api, raw: bytes, content_type: str
    ) -> None:
        if content_type.startswith("boundary"):
            content_type = f"multipart/form-data; {content_type}"
        reply = await api.post("/files", raw=raw, headers={"Content-Type": content_type})

        assert (reply.status, reply.body["error"]) == (400, "bad request")
        assert await _items(api, "/files") == []


class TestTables:
    async def test_csv_creates_a_record_a_row(self, api: Api) -> None:
        await api.post("/users", {"name": "Ann", "age": 3, "live": True, "tags": ["x"]})

        raw = b'name,age,live,tags\r\n"Zed, ""Z""",9,false,"[""a"",""b""]"\r\nYan,,true,c\r\n'
        reply = await api.post("/users", raw=raw, headers=CSV)

        assert (reply.status, reply.body) == (
            201,
            [
                {"id": 2, "name": 'Zed, "Z"', "age": 9, "live": False, "tags": ["a", "b"]},
                {"id": 3, "name": "Yan", "age": None, "live": True, "tags": ["c"]},
            ],
        )

    async def test_what_was_written_as_csv_can_be_read(self, api: Api) -> None:
        records = [
            {"n": 1, "x": 1.5, "text": 'a,"b"\nc', "flag": True, "list": [1, {"a": None}]},
            {"n": -2, "x": 0.0, "text": "", "flag": False, "list": []},
        ]
        await api.post("/a", records)
        table = await api.get("/a", headers={"Accept": "text/csv"})

        await api.delete("/a?id_in=1,2")
        reply = await api.post("/a", raw=table.raw, headers=CSV)

        stored = [{**record, "id": index} for index, record in enumerate(records, start=1)]
        assert reply.body == stored

    async def test_ndjson_creates_a_record_a_line(self, api: Api) -> None:
        reply = await api.post("/logs", raw=b'{"a":1}\n\n{"a":2}\r\n', headers=NDJSON)

        assert (reply.status, reply.body) == (201, [{"id": 1, "a": 1}, {"id": 2, "a": 2}])

    @pytest.mark.parametrize(
        ("headers", "raw", "place"),
        [
            (CSV, b"a,b\n1,2\n3\n", "line 3 "),
            (CSV, b'a,b\n"1\n\n2",2\n"3,4\n', "line 5 "),
            (CSV, b"a,a\n1,2\n", "line 1 "),
            (NDJSON, b'{"a":1}\n{"a":\n', "line 2: "),
            (NDJSON, b'{"a":1}\n\n5\n', "line 3: "),
            (CSV, b"id,a\n1,2\n2,3\n1,4\n", "line 4: "),
            (NDJSON, b'{"id":1}\n\n{"id":1}\n', "line 3: "),
            (JSON, b'[{"id":1},{"id":2},{"id":1}]', "[2]: "),
            (JSON, b'[{"a":1},{"id":true}]', "[1]: "),
            (JSON, b'[{"a":1},7]', "[1]: "),
        ],
    )
    async def test_an_error_about_one_of_many_names_it(
        self, api: Api, headers: dict[str, str], raw: bytes, place: str
    ) -> None:
        reply = await api.post("/things", raw=raw, headers=headers)

        assert 400 <= reply.status < 410
        assert reply.body["detail"].removeprefix("Invalid JSON: ").startswith(place)
        assert await _items(api, "/things") == []

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_a_list_of_changes_names_the_one_that_is_wrong(
        self, api: Api, method: str
    ) -> None:
        await api.post("/things", [{"a": 1}, {"a": 2}])

        missing = await api.send(method, "/things", [{"id": 1, "a": 5}, {"id": 9}])
        odd = await api.send(method, "/things", [{"id": 1, "a": 5}, 3])

        assert (missing.status, missing.body["detail"][:3]) == (404, "[1]")
        assert (odd.status, odd.body["detail"][:3]) == (400, "[1]")
        assert [item["a"] for item in await _items(api, "/things")] == [1, 2]


class TestMediaTypes:
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/posts"), ("PUT", "/posts/1"), ("PATCH", "/posts/1"), ("PUT", "/posts")],
    )
    @pytest.mark.parametrize("sent", ["application/xml", "image/png", None])
    async def test_a_type_that_is_no_record_is_415(
        self, api: Api, method: str, path: str, sent: str | None
    ) -> None:
        await api.post("/posts", {"a": 1})
        headers = {"Content-Type": sent or ""}

        reply = await api.send(method, path, raw=b"<a/>", headers=headers)

        assert (reply.status, reply.body["error"]) == (415, "unsupported media type")
        assert sent is None or sent in reply.body["detail"]
        assert "application/json" in reply.body["detail"]
        assert "text/csv" in reply.headers["Accept-Post"]
        assert await _items(api, "/posts") == [{"id": 1, "a": 1}]


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
        assert await _items(api, "/orders") == [{"id": 1, "a": 2}]

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
        assert len(await _items(api, "/orders")) == 1

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


class TestTargets:
    async def test_raw_utf_8_in_the_target_is_read(self, api: Api) -> None:
        """Not allowed by RFC 9112, but sent by simple clients; the meaning is clear."""
        await api.post("/posts", [{"title": "café"}, {"title": "tea"}])

        reply = await _raw(api, "/posts?title=café".encode())

        assert reply.startswith(b"HTTP/1.1 200 ")
        assert "café".encode() in reply
        assert b"tea" not in reply

    @pytest.mark.parametrize("target", [b"/posts?title=\xff", b"/po\xffsts", b"/a b", b"/a\x01"])
    async def test_a_target_that_is_not_text_is_refused_as_json(
        self, api: Api, target: bytes
    ) -> None:
        reply = await _raw(api, target)

        assert b" 400 " in reply.partition(b"\r\n")[0]
        assert b"X-Request-ID: " in reply
        assert b'"error":"bad request"' in reply
        assert b'"request_id":"' in reply


async def _items(api: Api, path: str) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await api.get(path, headers=PLAIN)).body["items"]
    return items


async def _raw(api: Api, target: bytes) -> bytes:
    """Send a GET of exactly these bytes; return the whole reply."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    session = f"X-Session-ID: {api.session_id}\r\nConnection: close\r\n\r\n"
    writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n" + session.encode())
    reply = await reader.read()
    writer.close()
    return reply
