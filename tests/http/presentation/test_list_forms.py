"""Lists in the form that the clients of each dialect read."""

from __future__ import annotations

import pytest

from larst.domain import Json
from larst.planning.reading.asked import Asked
from tests.http.presentation.helpers import ADDRESS, ANN, answered, as_json, body, listed


class TestListForms:
    @pytest.mark.parametrize(
        "dialect", ["json-server", "simple-rest", "postgrest", "loopback", "rails", "github"]
    )
    def test_a_bare_list_is_the_records_alone(self, dialect: str) -> None:
        assert body(listed(dialect))[0] == {"id": 11}

    @pytest.mark.parametrize(
        ("dialect", "key", "rest"),
        [
            ("larst", "items", {"page": {"total": 30, "limit": 10, "offset": 10}}),
            (
                "json-server-1",
                "data",
                {"first": 1, "prev": 1, "next": 3, "last": 3, "pages": 3, "items": 30},
            ),
            (
                "drf",
                "results",
                {
                    "count": 30,
                    "next": f"{ADDRESS}/posts?page=3&limit=10",
                    "previous": f"{ADDRESS}/posts?page=1&limit=10",
                },
            ),
            (
                "strapi",
                "data",
                {"meta": {"pagination": {"page": 2, "pageSize": 10, "pageCount": 3, "total": 30}}},
            ),
            ("feathers", "data", {"total": 30, "limit": 10, "skip": 10}),
            ("nestjsx", "data", {"count": 10, "total": 30, "page": 2, "pageCount": 3}),
            ("pocketbase", "items", {"page": 2, "perPage": 10, "totalItems": 30, "totalPages": 3}),
            ("stripe", "data", {"object": "list", "url": "/posts", "has_more": True}),
            ("google", "items", {"nextPageToken": "o20", "totalSize": 30}),
            ("cursor", "items", {"next_cursor": "o20", "total": 30}),
            ("parse", "results", {}),
            ("directus", "data", {}),
        ],
    )
    def test_an_envelope_has_the_names_of_its_dialect(
        self, dialect: str, key: str, rest: dict[str, Json]
    ) -> None:
        envelope = body(listed(dialect))

        assert [record["id"] for record in envelope.pop(key)] == list(range(11, 21))
        assert envelope == rest

    def test_spring_counts_pages_from_zero(self) -> None:
        envelope = body(listed("spring", Asked(limit=10, offset=10, page=1, page_base=0)))

        assert (envelope["number"], envelope["totalPages"], envelope["totalElements"]) == (1, 3, 30)
        assert not envelope["first"]
        assert not envelope["last"]
        assert envelope["pageable"]["pageNumber"] == 1
        assert len(envelope["content"]) == envelope["numberOfElements"] == 10

    def test_laravel_has_links_and_the_place_of_the_page(self) -> None:
        envelope = body(listed("laravel"))

        assert envelope["meta"] == {
            "current_page": 2,
            "from": 11,
            "last_page": 3,
            "path": f"{ADDRESS}/posts",
            "per_page": 10,
            "to": 20,
            "total": 30,
        }
        assert envelope["links"]["prev"].endswith("page=1&limit=10")

    def test_eve_links_to_its_neighbours(self) -> None:
        envelope = body(listed("eve"))

        assert envelope["_meta"] == {"page": 2, "max_results": 10, "total": 30}
        assert envelope["_links"]["next"]["href"].endswith("page=3&limit=10")

    @pytest.mark.parametrize("has_count", [True, False])
    def test_odata_counts_only_if_asked_to(self, *, has_count: bool) -> None:
        envelope = body(listed("odata", Asked(limit=10, offset=10, has_count=has_count)))

        assert envelope.get("@odata.count") == (30 if has_count else None)
        assert "@odata.nextLink" in envelope
        assert len(envelope["value"]) == 10

    def test_firebase_lists_records_by_id(self) -> None:
        assert body(listed("firebase", length=1)) == {"11": {"id": 11}}

    def test_firebase_numbers_records_whose_id_was_not_selected(self) -> None:
        assert body(listed("firebase", items=[{"name": "Ann"}])) == {"10": {"name": "Ann"}}

    @pytest.mark.parametrize("dialect", ["json-server-1", "nestjsx"])
    def test_without_paging_these_answer_with_a_bare_list(self, dialect: str) -> None:
        assert body(listed(dialect, Asked(), query="", length=2, offset=0))[0] == {"id": 1}

    def test_the_first_page_has_no_previous_and_the_last_no_next(self) -> None:
        first = body(listed("drf", Asked(limit=10, page=1), offset=0, query="page=1&limit=10"))
        last = body(listed("drf", offset=20, query="page=3&limit=10"))

        assert first["previous"] is None
        assert last["next"] is None


class TestJsonApi:
    def test_a_list_is_a_document_of_resource_objects(self) -> None:
        reply = listed("jsonapi", items=[{"id": 11, "title": "A"}])

        document = body(reply)
        assert reply.media_type == "application/vnd.api+json"
        assert document["data"] == [{"type": "posts", "id": "11", "attributes": {"title": "A"}}]
        assert document["meta"] == {"total": 30}
        assert document["links"].keys() == {"self", "first", "prev", "next", "last"}

    def test_embedded_records_are_included_once(self) -> None:
        ann: dict[str, Json] = {"id": 7, "name": "Ann"}
        items: list[dict[str, Json]] = [{"id": 1, "user": ann}, {"id": 2, "user": ann}]

        document = body(listed("jsonapi", items=items, embeds={"user": "users"}))

        expected = {"type": "users", "id": "7", "attributes": {"name": "Ann"}}
        assert document["included"] == [expected]
        linkage = {"data": {"type": "users", "id": "7"}}
        assert [item["relationships"]["user"] for item in document["data"]] == [linkage, linkage]

    def test_a_record_is_a_document_too(self) -> None:
        reply = answered("jsonapi", "get", as_json(ANN), method="GET")

        expected = {"type": "posts", "id": "1", "attributes": {"name": "Ann"}}
        assert body(reply) == {"data": expected}
        assert reply.media_type == "application/vnd.api+json"


def test_pocketbase_counts_nothing_if_its_client_skips_the_total() -> None:
    page = body(listed("pocketbase", query="page=2&perPage=10&skipTotal=1"))

    assert (page["totalItems"], page["totalPages"], len(page["items"])) == (-1, -1, 10)
