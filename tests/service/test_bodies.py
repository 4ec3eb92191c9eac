"""Bodies that are not JSON: forms, files, CSV and NDJSON; and errors about one of many."""

from __future__ import annotations

import base64

import pytest

from tests.service.api import Api
from tests.service.semantics import (
    CSV,
    FORM,
    JSON,
    NDJSON,
    file_head,
    items,
    multipart,
)


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

    @pytest.mark.parametrize("raw", [b"a=1&a[b]=2", b"a=%ff"])
    async def test_a_form_that_makes_no_sense_is_refused(self, api: Api, raw: bytes) -> None:
        reply = await api.post("/posts", raw=raw, headers=FORM)

        assert (reply.status, reply.body["error"]) == (400, "bad request")

    @pytest.mark.parametrize("raw", [b"a" + b"[b]" * 30 + b"=1", b"a=1&" * 10_001])
    async def test_a_form_that_is_too_large_is_refused(self, api: Api, raw: bytes) -> None:
        reply = await api.post("/posts", raw=raw, headers=FORM)

        assert (reply.status, reply.body["error"]) == (413, "body too large")
        assert await items(api, "/posts") == []


class TestFiles:
    async def test_fields_and_files_are_stored(self, api: Api) -> None:
        raw, headers = multipart(
            ('Content-Disposition: form-data; name="title"', b"Up"),
            (file_head("file", "C:\\docs\\a.bin", "image/png"), b"\x00\xff--B\r\n"),
        )
        reply = await api.post("/files", raw=raw, headers=headers)

        content = base64.b64encode(b"\x00\xff--B\r\n").decode()
        file = {"name": "a.bin", "type": "image/png", "size": 7, "content": content}
        assert (reply.status, reply.body) == (201, {"id": 1, "title": "Up", "file": file})

    async def test_a_file_is_served_as_an_attachment(self, api: Api) -> None:
        """A page that a client uploaded must never run in this origin."""
        page = b"<script>alert(1)</script>"
        raw, headers = multipart((file_head("file", 'ü \\"1.html', "text/html"), page))
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
        raw, headers = multipart((file_head("scan", "a.bin", "image/png"), content))

        created = await api.post("/cards", raw=raw, headers=headers)
        changed = await api.patch("/cards/1", {"title": "A"})

        assert (created.status, changed.status) == (201, 200)
        assert changed.body["scan"]["size"] == len(content)
        assert (await api.get("/cards/1/content")).raw == content
        assert (await api.get("/cards")).status == 400

    async def test_each_of_several_files_is_served(self, api: Api) -> None:
        raw, headers = multipart(
            (file_head("front", "f.txt", "text/plain"), b"front"),
            (file_head("back", "b.txt", "text/plain"), b"back"),
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
        ],
    )
    async def test_a_malformed_form_is_refused(
        self, api: Api, raw: bytes, content_type: str
    ) -> None:
        if content_type.startswith("boundary"):
            content_type = f"multipart/form-data; {content_type}"
        reply = await api.post("/files", raw=raw, headers={"Content-Type": content_type})

        assert (reply.status, reply.body["error"]) == (400, "bad request")
        assert await items(api, "/files") == []


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

    async def test_csv_that_larst_wrote_can_be_read(self, api: Api) -> None:
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
        assert await items(api, "/things") == []

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_a_list_of_changes_names_the_one_that_is_wrong(
        self, api: Api, method: str
    ) -> None:
        await api.post("/things", [{"a": 1}, {"a": 2}])

        missing = await api.send(method, "/things", [{"id": 1, "a": 5}, {"id": 9}])
        odd = await api.send(method, "/things", [{"id": 1, "a": 5}, 3])

        assert (missing.status, missing.body["detail"][:3]) == (404, "[1]")
        assert (odd.status, odd.body["detail"][:3]) == (400, "[1]")
        assert [item["a"] for item in await items(api, "/things")] == [1, 2]
