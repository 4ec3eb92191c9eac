"""Bad input: the exact status and body, and nothing is stored."""

from __future__ import annotations

import asyncio

import pytest

from tests.service.api import Api

CLOSE = b"\r\nConnection: close\r\n\r\n"
JSON = {"Content-Type": "application/json"}


async def _assert_nothing_stored(api: Api, resource: str = "things") -> None:
    reply = await api.get(f"/{resource}")
    assert (reply.status, reply.body["page"]["total"]) == (200, 0)


class TestBodies:
    @pytest.mark.parametrize(
        ("raw", "place"),
        [
            (b'{"name": "Alice",}', "line 1 column 18"),
            (b'{"name" "Alice"}', "line 1 column 9"),
            (b'{"name": "Al', "EOF while parsing a string"),
            (b"\xff\xfe", "not utf-8"),
            (b"", "the body is empty"),
            (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "recursion limit"),
            (b"[" * 10_000, "recursion limit"),
        ],
    )
    async def test_invalid_json_is_reported_with_its_place(
        self, api: Api, raw: bytes, place: str
    ) -> None:
        reply = await api.post("/things", raw=raw, headers=JSON)

        assert reply.status == 400
        assert reply.body["error"] == "Invalid JSON in request body"
        assert reply.body["detail"].startswith("Invalid JSON: ")
        assert place in reply.body["detail"]
        assert reply.body["request_id"] == reply.headers["X-Request-ID"]
        await _assert_nothing_stored(api)

    @pytest.mark.parametrize("raw", [b"5", b'"text"', b"null", b"true"])
    async def test_json_that_is_not_an_object_is_refused(self, api: Api, raw: bytes) -> None:
        reply = await api.post("/things", raw=raw, headers=JSON)

        assert reply.status == 400
        assert reply.body == {
            "error": "bad body",
            "detail": "POST needs a JSON object, or a list of them",
        }
        await _assert_nothing_stored(api)

    async def test_a_list_with_an_item_that_is_not_an_object_is_refused(self, api: Api) -> None:
        reply = await api.post("/things", [{"a": 1}, 5])

        assert (reply.status, reply.body["error"]) == (400, "bad record")
        await _assert_nothing_stored(api)

    @pytest.mark.parametrize("bad_id", [True, 1.5, "", [], {}])
    async def test_an_id_must_be_an_integer_or_a_string(self, api: Api, bad_id: object) -> None:
        reply = await api.post("/things", {"id": bad_id})

        assert (reply.status, reply.body["error"]) == (400, "bad record")
        assert "id" in reply.body["detail"]
        await _assert_nothing_stored(api)

    async def test_a_body_of_100_mb_is_refused_and_the_service_continues(self, api: Api) -> None:
        """The announced length is enough: the service does not read it."""
        reader, writer = await asyncio.open_connection(*_host_and_port(api))
        head = f"POST /things HTTP/1.1\r\nHost: localhost\r\nX-Session-ID: {api.session_id}\r\n"
        writer.write(f"{head}Content-Length: 104857600\r\n\r\n".encode())
        status = await reader.readline()
        writer.close()

        assert b" 413 " in status
        await _assert_nothing_stored(api)

    async def test_a_chunked_body_over_the_limit_is_refused_too(self, api: Api) -> None:
        """Without an announced length, the limit counts the bytes that arrive."""

        async def pieces() -> object:
            for _ in range(12):
                yield b"x" * 1024 * 1024

        async with api._http.post(
            f"{api.url}/things",
            data=pieces(),
            headers={**JSON, "X-Session-ID": str(api.session_id)},
        ) as reply:
            body = await reply.json()

        assert (reply.status, body["error"]) == (413, "body too large")
        await _assert_nothing_stored(api)

    async def test_a_body_in_another_encoding_than_announced_is_refused(self, api: Api) -> None:
        """Proxies and broken clients send this; it must not count as a bug of the service."""
        headers = {**JSON, "Content-Encoding": "gzip"}

        reply = await api.post("/things", raw=b"not gzip", headers=headers)

        assert (reply.status, reply.body["error"]) == (400, "bad request")
        await _assert_nothing_stored(api)


class TestHeaders:
    @pytest.mark.parametrize("header", [b"X-Note: \xff", b"Authorization: Bearer \xff"])
    async def test_a_header_that_is_not_text_is_refused(self, api: Api, header: bytes) -> None:
        reply = await _raw(api, b"GET /things HTTP/1.1\r\nHost: localhost\r\n" + header + CLOSE)

        assert reply.startswith(b"HTTP/1.1 400 ")
        assert b'"error":"bad request"' in reply

    async def test_an_absolute_target_means_its_path(self, api: Api) -> None:
        """RFC 9112, section 3.2.2: clients send this form to a proxy."""
        reply = await _raw(api, b"GET http://localhost/things HTTP/1.1\r\nHost: localhost" + CLOSE)

        assert reply.startswith(b"HTTP/1.1 200 ")


class TestNames:
    @pytest.mark.parametrize(
        "session_id", ["../../etc", "a/b", "a.b", "ä", "a b", "x" * 129, "x" * 10_000, " ", "a;b"]
    )
    async def test_a_session_id_has_only_plain_characters(self, api: Api, session_id: str) -> None:
        reply = await api.session(session_id).post("/things", {"a": 1})

        assert (reply.status, reply.body["error"]) == (400, "bad session id")

    @pytest.mark.parametrize(
        "name",
        ["..%2F..%2Fetc", "a%2Fb", "a.b", "%00", "%C3%A4", "a%20b", "x" * 65, "x" * 10_000, ".."],
    )
    async def test_a_resource_name_has_only_plain_characters(self, api: Api, name: str) -> None:
        reply = await api.post(f"/{name}", {"a": 1})

        assert (reply.status, reply.body["error"]) == (400, "bad resource name")

    async def test_a_target_that_is_not_text_is_refused(self, api: Api) -> None:
        assert (await api.get("/%ff%fe")).status == 400
        assert (await api.get("/things?a=%ff")).status == 400

    async def test_odd_ids_are_not_found(self, api: Api) -> None:
        for identifier in ("%00", "..%2F..", "x" * 5000, "%F0%9F%8E%89"):
            reply = await api.get(f"/things/{identifier}")
            assert (reply.status, reply.body) == (404, {"error": "not found"})


class TestTargets:
    @pytest.mark.parametrize(
        ("query", "detail"),
        [
            ("limit=-2", "limit must be a whole number from 0, not '-2'"),
            ("limit=abc", "limit must be a whole number from 0, not 'abc'"),
            ("offset=1.5", "offset must be a whole number from 0, not '1.5'"),
            ("offset=-3&limit=2", "offset must be a whole number from 0, not '-3'"),
        ],
    )
    @pytest.mark.parametrize("path", ["/things", "/things/search"])
    async def test_bad_paging_is_refused(
        self, api: Api, path: str, query: str, detail: str
    ) -> None:
        reply = await api.get(f"{path}?{query}")

        assert (reply.status, reply.body["error"]) == (400, "bad paging")
        assert reply.body["detail"] == detail

    @pytest.mark.parametrize("query", ["limit=", "limit=-1", "limit=all"])
    async def test_some_limits_mean_all_records(self, api: Api, query: str) -> None:
        await api.post("/things", [{"a": 1}, {"a": 2}])

        reply = await api.get(f"/things?{query}")

        assert len(reply.body["items"]) == 2

    async def test_an_unknown_sort_field_has_no_effect_and_gets_a_hint(self, api: Api) -> None:
        await api.post("/things", [{"a": 2}, {"a": 1}])

        reply = await api.get("/things?sort=nosuch")

        assert [item["id"] for item in reply.body["items"]] == [1, 2]
        assert "'nosuch'" in reply.headers["X-LARST-Hint"]

    async def test_a_path_of_5000_segments_is_too_long(self, api: Api) -> None:
        reply = await api.get("/a" * 5000)

        assert (reply.status, reply.body["error"]) == (414, "request target too long")

    async def test_a_query_of_10000_keys_is_too_long(self, api: Api) -> None:
        reply = await api.get("/things?" + "&".join(f"k{n}=1" for n in range(10_000)))

        assert (reply.status, reply.body["error"]) == (414, "request target too long")

    async def test_a_target_that_cannot_be_parsed_gets_json_too(self, api: Api) -> None:
        reply = await api.get("/" + "x" * 400_000)

        assert (reply.status, reply.body["error"]) == (400, "bad request")

    async def test_input_that_is_not_http_gets_json_too(self, api: Api) -> None:
        reply = await _raw(api, b"GET /things HTTP/1.1\r\nBroken Header: \x00\r\n\r\n")

        assert b" 400 " in reply.partition(b"\r\n")[0]
        assert b'{"error":"bad request"' in reply

    async def test_a_method_that_rest_does_not_use_is_405(self, api: Api) -> None:
        reply = await api.send("PROPFIND", "/things")

        assert (reply.status, reply.body["error"]) == (405, "method not allowed")


class TestErrorForm:
    async def test_a_client_that_accepts_rfc_9457_gets_it(self, api: Api) -> None:
        reply = await api.post(
            "/things", raw=b"{", headers={**JSON, "Accept": "application/problem+json"}
        )

        assert reply.headers["Content-Type"] == "application/problem+json"
        assert (reply.body["status"], reply.body["title"]) == (400, "Invalid JSON in request body")

    @pytest.mark.parametrize("accept", ["application/problem+json;q=0", "*/*", "text/html"])
    async def test_other_clients_get_plain_json(self, api: Api, accept: str) -> None:
        """`q=0` refuses a media type (RFC 9110, section 12.4.2)."""
        reply = await api.post("/things", raw=b"{", headers={**JSON, "Accept": accept})

        assert reply.headers["Content-Type"] == "application/json"
        assert reply.body["error"] == "Invalid JSON in request body"


async def _raw(api: Api, request: bytes) -> bytes:
    """Send the bytes; return everything until the service closes the connection."""
    reader, writer = await asyncio.open_connection(*_host_and_port(api))
    writer.write(request)
    reply = await reader.read()
    writer.close()
    return reply


def _host_and_port(api: Api) -> tuple[str, int]:
    host, _, port = api.url.removeprefix("http://").partition(":")
    return host, int(port)
