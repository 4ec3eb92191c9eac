"""An import knows the kind of a file: recordings, collections, documents with examples."""

from __future__ import annotations

from tests.http.control.helpers import TWO, Client
from tests.seeds.test_seeds import entry, har, openapi, reply


async def test_a_recording_is_imported_and_the_rest_is_listed(client: Client) -> None:
    recording = har(
        entry("GET", "http://shop.test/api/users", [{"id": 4, "name": "Ann"}]),
        entry("GET", "http://shop.test/logo.png", "PNG", mime="image/png"),
    )

    reply_ = await client.post("/_larst/sessions/two/import", data=recording)

    assert await reply_.json() == {
        "imported": {"users": 1},
        "records": 1,
        "warnings": ["not used, the body is not JSON: GET /logo.png (1)"],
    }
    assert (await (await client.get("/users/4", headers=TWO)).json())["name"] == "Ann"
    created = await client.post("/users", json={"name": "Ben"}, headers=TWO)
    assert (await created.json())["id"] == 5


async def test_a_file_without_a_record_changes_nothing(client: Client) -> None:
    document = openapi({"/users": {"get": reply({})}})

    refused = await client.post("/_larst/sessions/one/import?replace=true", data=document)

    assert refused.status == 400
    assert "without an example of a reply: GET /users" in (await refused.json())["detail"]
    assert (await client.get("/members/1", headers={"X-Session-ID": "one"})).status == 200


async def test_a_document_in_yaml_is_refused_with_the_way_to_convert_it(client: Client) -> None:
    """The parser of the service reads JSON only: a small YAML document can expand to a huge one."""
    document = b"openapi: 3.1.0\npaths: {}\n"
    for method, path in (("POST", "import"), ("PUT", "contract")):
        reply = await client.request(method, f"/_larst/sessions/one/{path}", data=document)
        assert (reply.status, "larst import FILE" in await reply.text()) == (400, True)
