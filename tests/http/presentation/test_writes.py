"""Replies to writes, as each dialect answers them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from larst.dialects import DIALECTS
from larst.domain import Json, Reply
from larst.http.presentation import Place, present
from larst.planning.reading.asked import Asked
from larst.planning.reading.request import Reading
from larst.session import SessionReply
from tests.http.presentation.helpers import ANN, POST, POSTS, answered, as_json, body, request_of

MINIMAL: dict[str, Any] = {"headers": {"prefer": "return=minimal"}, "returns": "minimal"}
REPRESENTATION: dict[str, Any] = {
    "headers": {"prefer": "return=representation"},
    "returns": "representation",
}


class TestRecords:
    @pytest.mark.parametrize("dialect", ["larst", "json-server", "odata", "drf"])
    def test_most_dialects_answer_a_create_with_the_record(self, dialect: str) -> None:
        reply = as_json(ANN, 201, {"Location": "/posts/1"})

        created = answered(dialect, "create", reply, method="POST", path=POSTS)

        assert (created.status, body(created)) == (201, ANN)
        assert created.headers["Location"] == "/posts/1"

    @pytest.mark.parametrize("dialect", ["pocketbase", "firebase", "stripe", "directus"])
    def test_some_answer_a_create_with_200(self, dialect: str) -> None:
        """As their servers do: Firebase's clients take any other status for an error."""
        for action, method in (("create", "POST"), ("replace", "PUT")):
            assert answered(dialect, action, as_json(ANN, 201), method=method).status == 200

    @pytest.mark.parametrize("dialect", ["strapi", "laravel", "directus"])
    def test_some_wrap_a_record(self, dialect: str) -> None:
        wrapped = body(answered(dialect, "get", as_json(ANN), method="GET"))

        assert wrapped == ({"data": ANN, "meta": {}} if dialect == "strapi" else {"data": ANN})

    def test_pocketbase_has_relations_below_expand(self) -> None:
        """Its SDK reads `record.expand.author`."""
        comment = as_json({"id": 1, "author": ANN})
        answer = SessionReply(
            reply=comment,
            reading=Reading(dialect=DIALECTS["pocketbase"], source="request"),
            path=POST,
            action="get",
            is_by_rules=True,
            embeds={"author": "users"},
        )

        presented = present(answer, request_of(), lambda: Place("http://api.test", "/posts/1", ""))

        assert body(presented) == {"id": 1, "expand": {"author": ANN}}

    def test_a_value_that_is_not_a_record_is_never_wrapped(self) -> None:
        assert body(answered("jsonapi", "get", as_json("text"), method="GET")) == "text"


class TestPostgrest:
    """As supabase-js reads the replies to insert, update and delete."""

    SINGLE = REPRESENTATION | {
        "headers": {
            "prefer": "return=representation",
            "accept": "application/vnd.pgrst.object+json",
        }
    }

    def test_a_write_answers_with_the_only_record_and_the_selected_fields(self) -> None:
        asked = Asked(select=("name",))
        reply = as_json({"updated": 1, "items": [ANN]})

        options = self.SINGLE | {"asked": asked}
        changed = answered("postgrest", "patch", reply, method="PATCH", path=POSTS, **options)

        assert (changed.status, body(changed)) == (200, {"name": "Ann"})

    def test_a_write_of_none_is_an_error_and_of_several_a_list(self) -> None:
        """What has happened is never reported as an error: the client would repeat it."""
        for records, status in (([], 406), ([ANN, ANN], 200)):
            reply = as_json({"updated": len(records), "items": records})

            changed = answered(
                "postgrest", "patch", reply, method="PATCH", path=POSTS, **self.SINGLE
            )

            assert changed.status == status


def test_json_server_answers_404_with_an_empty_object() -> None:
    missing = as_json({"error": "not found"}, 404)

    assert body(answered("json-server", "get", missing, method="GET")) == {}
    assert body(answered("larst", "get", missing, method="GET")) == {"error": "not found"}


def test_an_error_in_json_api_is_a_document_of_errors() -> None:
    """https://jsonapi.org/format/1.1/#errors: a document has `errors`."""
    missing = as_json({"error": "not found"}, 404)

    reply = answered("jsonapi", "get", missing, method="GET")

    assert reply.media_type == "application/vnd.api+json"
    assert body(reply) == {"errors": [{"id": "r", "status": "404", "title": "not found"}]}


@pytest.mark.parametrize(
    ("raw_path", "value", "expected"),
    [
        ("/posts(3)/title", "Post 3", {"@odata.context": "$metadata#posts", "value": "Post 3"}),
        ("/posts(3)/meta", {"a": 1}, {"@odata.context": "$metadata#posts", "a": 1}),
        ("/posts(3)/title/$value", "Post 3", b"Post 3"),
        ("/posts(3)/views/$value", 10, b"10"),
    ],
)
def test_a_property_of_odata_has_a_context(raw_path: str, value: Json, expected: Any) -> None:
    """OData JSON Format 4.01, 11; URL Conventions, 4.7: `$value` is the raw value."""
    answer = SessionReply(
        reply=as_json(value),
        reading=Reading(dialect=DIALECTS["odata"]),
        path=replace(POST, field="title"),
        action="custom",
        is_by_rules=True,
    )

    reply = present(answer, request_of(), lambda: Place("http://api.test", raw_path, ""))

    assert (reply.body if isinstance(expected, bytes) else body(reply)) == expected


def test_the_count_of_odata_is_a_number_alone() -> None:
    """OData URL Conventions, 4.8: `/posts/$count` answers in plain text."""
    answer = SessionReply(
        reply=as_json({"count": 30}),
        reading=Reading(dialect=DIALECTS["odata"]),
        path=POSTS,
        action="custom",
        is_by_rules=True,
    )

    for raw_path, expected in (("/posts/$count", b"30"), ("/posts/count", b'{"count":30}')):
        reply = present(answer, request_of(), partial(Place, "http://api.test", raw_path, ""))
        assert reply.body == expected


class TestPreferences:
    @pytest.mark.parametrize(
        ("action", "method", "status", "expected"),
        [
            ("create", "POST", 201, 201),
            ("replace", "PUT", 200, 204),
            ("patch", "PATCH", 200, 204),
            ("delete", "DELETE", 200, 204),
        ],
    )
    def test_return_minimal_leaves_the_body_out(
        self, action: str, method: str, status: int, expected: int
    ) -> None:
        reply = answered("larst", action, as_json(ANN, status), method=method, **MINIMAL)

        assert (reply.status, reply.body) == (expected, None)
        assert reply.headers["Preference-Applied"] == "return=minimal"

    def test_return_representation_is_confirmed(self) -> None:
        reply = answered("larst", "patch", as_json(ANN), method="PATCH", **REPRESENTATION)

        assert body(reply) == ANN
        assert reply.headers["Preference-Applied"] == "return=representation"

    def test_postgrest_answers_writes_with_a_list_if_asked_to(self) -> None:
        new = as_json(ANN, 201)

        silent = answered("postgrest", "create", new, method="POST", path=POSTS)
        presented = answered(
            "postgrest", "create", new, method="POST", path=POSTS, **REPRESENTATION
        )

        assert (silent.status, silent.body) == (201, None)
        assert body(presented) == [ANN]


class TestDeletions:
    @pytest.mark.parametrize(
        ("dialect", "status", "expected"),
        [("larst", 204, None), ("json-server", 200, {}), ("postgrest", 204, None)],
    )
    def test_a_deletion_is_answered_as_the_dialect_has_it(
        self, dialect: str, status: int, expected: Json
    ) -> None:
        reply = answered(dialect, "delete", Reply(204), method="DELETE")

        assert (reply.status, body(reply)) == (status, expected)

    @pytest.mark.parametrize(
        ("dialect", "expected"),
        [("simple-rest", ANN), ("strapi", {"data": ANN, "meta": {}}), ("feathers", ANN)],
    )
    def test_a_deleted_record_is_shown_as_a_record(self, dialect: str, expected: Json) -> None:
        assert body(answered(dialect, "delete", as_json(ANN), method="DELETE")) == expected


class TestChangesOfMany:
    @pytest.mark.parametrize(
        ("dialect", "reply", "expected"),
        [
            ("larst", {"deleted": 2}, {"deleted": 2}),
            ("loopback", {"deleted": 2}, {"count": 2}),
            ("feathers", {"deleted": 1, "items": [ANN]}, [ANN]),
            ("postgrest", {"deleted": 2}, None),
            ("postgrest", {"updated": 1, "items": [ANN]}, [ANN]),
        ],
    )
    def test_they_are_counted_or_shown(
        self, dialect: str, reply: dict[str, Json], expected: Json
    ) -> None:
        action, method = ("delete", "DELETE") if "deleted" in reply else ("patch", "PATCH")

        presented = answered(dialect, action, as_json(reply), method=method, path=POSTS)

        assert body(presented) == expected

    def test_a_record_with_a_field_of_that_name_is_a_record(self) -> None:
        reply = answered("loopback", "patch", as_json({"updated": 3}), method="PATCH")

        assert body(reply) == {"updated": 3}
