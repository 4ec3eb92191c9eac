"""The HTTP reference, row by row, against a real process: read it as documentation."""

from __future__ import annotations

import pytest

from tests.service.api import Api, listed_ids

NOT_FOUND = {"error": "not found"}


async def _people(api: Api) -> None:
    """Store four members: two with a similar last name, one without an e-mail address."""
    for member in (
        {"firstName": "Johann", "lastName": "Hartmann", "email": "jo@example.com", "age": 30},
        {"firstName": "Maria", "lastName": "Hart", "email": "maria@test.org", "age": 41},
        {"firstName": "Kim", "lastName": "Stewart", "email": "kim@example.com", "age": 19},
        {"firstName": "Ada", "lastName": "Lovelace", "age": 36},
    ):
        assert (await api.post("/members", member)).status == 201


class TestCreate:
    async def test_post_stores_a_record_and_returns_its_location(self, api: Api) -> None:
        """The first request of every new user."""
        reply = await api.post("/members/", {"name": "Alice"})

        assert reply.status == 201
        assert reply.headers["Location"] == "/members/1"
        assert reply.body == {"id": 1, "name": "Alice"}

    async def test_ids_count_up_and_are_never_reused(self, api: Api) -> None:
        """A link to a deleted record must not lead to another record."""
        for name in ("A", "B"):
            await api.post("/members", {"name": name})
        await api.delete("/members/2")

        reply = await api.post("/members", {"name": "C"})

        assert reply.body["id"] == 3

    @pytest.mark.parametrize("chosen_id", [7, "alice", "a b/c"])
    async def test_a_client_may_choose_the_id(self, api: Api, chosen_id: int | str) -> None:
        """Fixtures and clients that synchronise know their ids."""
        created = await api.post("/members", {"id": chosen_id, "name": "Alice"})
        assert created.status == 201

        reply = await api.get(created.headers["Location"])

        assert reply.body == {"id": chosen_id, "name": "Alice"}

    async def test_a_taken_id_is_a_conflict_and_changes_nothing(self, api: Api) -> None:
        await api.post("/members", {"id": 5, "name": "first"})

        reply = await api.post("/members", {"id": "5", "name": "second"})

        assert (reply.status, reply.body["error"]) == (409, "id taken")
        assert (await api.get("/members/5")).body["name"] == "first"

    async def test_a_list_is_stored_completely_or_not_at_all(self, api: Api) -> None:
        """Half a bulk insert has to be cleaned up by hand."""
        good = await api.post("/members", [{"name": "A"}, {"name": "B"}])
        assert (good.status, good.body) == (201, [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}])

        bad = await api.post("/members", [{"name": "C"}, {"id": 1, "name": "taken"}])

        assert bad.status == 409
        assert (await api.get("/members")).body["page"]["total"] == 2

    async def test_a_form_becomes_an_object_of_strings(self, api: Api) -> None:
        """HTML forms and plain `curl -d` send this."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}

        reply = await api.post("/members", raw=b"name=Alice+B&age=3", headers=form)

        assert reply.body == {"id": 1, "name": "Alice B", "age": "3"}

    async def test_json_that_is_announced_as_a_form_is_json(self, api: Api) -> None:
        """`curl -d '{…}'` without a header announces a form, and new users type that."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}

        reply = await api.post("/members", raw=b'{"name":"Alice"}', headers=form)

        assert reply.body == {"id": 1, "name": "Alice"}


class TestRead:
    async def test_get_returns_the_record_or_404(self, api: Api) -> None:
        await api.post("/members", {"name": "Alice"})

        existing, missing = await api.get("/members/1"), await api.get("/members/2")

        assert (existing.status, existing.body) == (200, {"id": 1, "name": "Alice"})
        assert (missing.status, missing.body) == (404, NOT_FOUND)

    @pytest.mark.parametrize("path", ["/members", "/members/"])
    async def test_a_collection_exists_before_the_first_write(self, api: Api, path: str) -> None:
        """The first render of a front end must not fail."""
        reply = await api.get(path)

        assert reply.status == 200
        assert reply.body == {"items": [], "page": {"total": 0, "limit": None, "offset": 0}}

    async def test_a_collection_has_an_envelope(self, api: Api) -> None:
        await api.post("/members", [{"name": "A"}, {"name": "B"}])

        reply = await api.get("/members/")

        assert reply.body == {
            "items": [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}],
            "page": {"total": 2, "limit": None, "offset": 0},
        }

    async def test_a_collection_is_paged_and_sorted(self, api: Api) -> None:
        await api.post("/members", [{"name": name} for name in ("C", "A", "B")])

        reply = await api.get("/members/?limit=2&offset=1&sort=name")

        assert [item["name"] for item in reply.body["items"]] == ["B", "C"]
        assert reply.body["page"] == {"total": 3, "limit": 2, "offset": 1}

    async def test_sorting_is_descending_with_a_minus_and_takes_several_fields(
        self, api: Api
    ) -> None:
        rows = [{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}, {"b": 9}]
        await api.post("/rows", rows)

        assert await listed_ids(api, "/rows?sort=-a,b") == [3, 1, 2, 4]
        assert await listed_ids(api, "/rows?sort=a,-b") == [2, 1, 3, 4]

    async def test_head_is_get_without_the_body(self, api: Api) -> None:
        await api.post("/members", {"name": "Alice"})

        head, get = await api.send("HEAD", "/members/1"), await api.get("/members/1")

        assert (head.status, head.raw) == (200, b"")
        assert head.headers["Content-Length"] == get.headers["Content-Length"]
        assert head.headers["ETag"] == get.headers["ETag"]
        assert (await api.send("HEAD", "/members/9")).status == 404


class TestSearch:
    @pytest.mark.parametrize("verb", ["search", "find", "query", "filter"])
    async def test_a_search_returns_a_plain_list(self, api: Api, verb: str) -> None:
        await _people(api)

        reply = await api.get(f"/members/{verb}?firstName=Maria")

        assert [member["id"] for member in reply.body] == [2]
        assert reply.headers["X-Total-Count"] == "1"

    async def test_a_search_without_matches_returns_an_empty_list(self, api: Api) -> None:
        reply = await api.get("/members/search?name=Alice")

        assert (reply.status, reply.body, reply.headers["X-Total-Count"]) == (200, [], "0")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("lastName=Hart*", [1, 2]),
            ("email=*@example.com", [1, 3]),
            ("lastName=*ART*", [1, 2, 3]),
            ("lastName=H*n", [1]),
            ("lastName=Hart", [2]),
            ("email=*", [1, 2, 3]),
        ],
    )
    async def test_stars_mean_prefix_suffix_and_contains(
        self, api: Api, query: str, expected: list[int]
    ) -> None:
        await _people(api)

        assert await listed_ids(api, f"/members/search?{query}") == expected

    @pytest.mark.parametrize(
        "query", ["getByFirstName=Johann", "findByLastName=Hartmann", "searchByLastName=*tman*"]
    )
    async def test_by_field_queries_return_a_plain_list(self, api: Api, query: str) -> None:
        """The spelling of Java repositories; the schema knows the field `firstName`."""
        await _people(api)

        reply = await api.get(f"/members/?{query}")

        assert [member["id"] for member in reply.body] == [1]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("age_min=36", [2, 4]),
            ("age_max=30", [1, 3]),
            ("age_gte=30&age_lte=36", [1, 4]),
            ("age_gt=30&age_lt=41", [4]),
            ("age_ne=30", [2, 3, 4]),
            ("age[gte]=41", [2]),
            ("firstName_in=Kim,Ada", [3, 4]),
            ("firstName=Kim&firstName=Ada", [3, 4]),
            ("q=hart", [1, 2]),
            ("q=EXAMPLE", [1, 3]),
            ("age=30", [1]),
            ("lastName=Hart*&age_gt=35", [2]),
            ("email_exists=false", [4]),
            ("firstName_like=AR", [2]),
        ],
    )
    async def test_filters_compare_and_all_of_them_must_match(
        self, api: Api, query: str, expected: list[int]
    ) -> None:
        await _people(api)

        assert await listed_ids(api, f"/members/search?{query}") == expected
        assert await listed_ids(api, f"/members?{query}") == expected

    async def test_filters_on_the_collection_keep_the_envelope(self, api: Api) -> None:
        await _people(api)

        reply = await api.get("/members?email=*@example.com&sort=-age&limit=1")

        assert [member["id"] for member in reply.body["items"]] == [1]
        assert reply.body["page"] == {"total": 2, "limit": 1, "offset": 0}

    async def test_a_plain_list_is_paged_and_has_a_total(self, api: Api) -> None:
        await _people(api)

        reply = await api.get("/members/search?lastName=*art*&sort=-age&limit=1&offset=1")

        assert [member["id"] for member in reply.body] == [1]
        assert reply.headers["X-Total-Count"] == "3"

    async def test_query_text_matches_stored_numbers_and_booleans(self, api: Api) -> None:
        """`?views=100` matches the number 100, and `?published=true` the boolean."""
        await api.post(
            "/posts", [{"views": 100, "published": True}, {"views": 5, "published": False}]
        )

        assert await listed_ids(api, "/posts?published=true") == [1]
        assert await listed_ids(api, "/posts/search?views=100") == [1]
        assert await listed_ids(api, "/posts?views=100.0") == [1]

    async def test_a_filter_on_an_unknown_field_gets_a_hint(self, api: Api) -> None:
        await _people(api)

        reply = await api.get("/members?surname=Hart")

        assert reply.body["items"] == []
        assert "'surname'" in reply.headers["X-LARST-Hint"]
        assert "'lastName'" in reply.headers["X-LARST-Hint"]

    async def test_a_misspelt_field_is_refused_with_the_nearest(self, api: Api) -> None:
        """A typo in a filter otherwise costs an hour."""
        await _people(api)

        reply = await api.get("/members?lastNam=Hart")

        assert (reply.status, reply.body["error"]) == (400, "query not understood")
        assert "did you mean lastName?" in reply.body["detail"]

    async def test_head_has_the_counts_and_links_of_get(self, api: Api) -> None:
        await _people(api)

        page = {"Origin": "http://localhost:5173"}
        head = await api.send("HEAD", "/members?limit=1&offset=1", headers=page)
        reply = await api.get("/members?limit=1&offset=1", headers=page)

        assert head.raw == b""
        for name in ("X-Total-Count", "Content-Range", "Link", "X-LARST-Reading", "ETag"):
            assert head.headers[name] == reply.headers[name]
            assert name == "ETag" or name in reply.headers["Access-Control-Expose-Headers"]

    async def test_a_record_with_the_id_search_does_not_disable_searches(self, api: Api) -> None:
        """An id that a client chooses must not change the meaning of a path for others."""
        await api.post("/members", [{"id": "search"}, {"name": "Alice"}])

        assert await listed_ids(api, "/members/search?name=Alice") == [1]

    async def test_a_dot_reaches_a_nested_field(self, api: Api) -> None:
        await api.post("/users", [{"address": {"city": "Bern"}}, {"address": {"city": "Rom"}}])

        assert await listed_ids(api, "/users?address.city=Rom") == [2]


class TestChange:
    async def test_put_replaces_the_record_and_keeps_its_id(self, api: Api) -> None:
        await api.post("/members", {"name": "Alice", "age": 3})

        reply = await api.put("/members/1", {"id": 99, "name": "Bob"})

        assert (reply.status, reply.body) == (200, {"id": 1, "name": "Bob"})
        assert (await api.put("/members/2", {"name": "X"})).body == NOT_FOUND

    async def test_patch_changes_only_the_fields_of_its_body(self, api: Api) -> None:
        await api.post("/members", {"name": "Alice", "age": 3})

        reply = await api.patch("/members/1", {"age": 4, "id": 9})

        assert (reply.status, reply.body) == (200, {"id": 1, "name": "Alice", "age": 4})
        assert (await api.patch("/members/2", {"age": 4})).status == 404

    async def test_patch_accepts_a_json_patch_by_its_content_type(self, api: Api) -> None:
        """RFC 6902; a failed `test` leaves the record unchanged."""
        await api.post("/members", {"name": "Alice", "tags": ["a"]})
        kind = {"Content-Type": "application/json-patch+json"}
        add = [{"op": "add", "path": "/tags/-", "value": "b"}]
        stale = [{"op": "test", "path": "/name", "value": "Bob"}, {"op": "remove", "path": "/tags"}]

        applied = await api.patch("/members/1", add, headers=kind)
        refused = await api.patch("/members/1", stale, headers=kind)

        assert (applied.status, applied.body["tags"]) == (200, ["a", "b"])
        assert (refused.status, refused.body["error"]) == (409, "patch does not apply")
        assert (await api.get("/members/1")).body["tags"] == ["a", "b"]

    async def test_delete_removes_the_record(self, api: Api) -> None:
        await api.post("/members", {"name": "Alice"})

        first, second = await api.delete("/members/1"), await api.delete("/members/1")

        assert (first.status, first.raw) == (204, b"")
        assert (second.status, second.body) == (404, NOT_FOUND)

    async def test_all_matching_records_are_changed_or_deleted_at_once(self, api: Api) -> None:
        await api.post("/users", [{"status": "old"}, {"status": "new"}, {"status": "old"}])

        changed = await api.patch("/users?status=new", {"seen": True})
        deleted = await api.delete("/users?status=old")

        assert (changed.status, changed.body) == (200, {"updated": 1})
        assert (deleted.status, deleted.body) == (200, {"deleted": 2})
        assert (await api.get("/users")).body["items"] == [{"id": 2, "status": "new", "seen": True}]

    async def test_a_whole_collection_cannot_be_changed_by_accident(self, api: Api) -> None:
        await api.post("/users", {"status": "old"})

        assert (await api.delete("/users")).status == 400
        assert (await api.patch("/users", {"x": 1})).status == 400
        assert (await api.delete("/users?limit=1&status=old")).status == 400
        assert (await api.get("/users")).body["page"]["total"] == 1

    async def test_if_match_prevents_lost_updates(self, api: Api) -> None:
        """RFC 9110, section 13.1.1: the second of two editors is late."""
        await api.post("/members", {"name": "Alice"})
        tag = (await api.get("/members/1")).headers["ETag"]

        first = await api.patch("/members/1", {"age": 1}, headers={"If-Match": tag})
        late = await api.patch("/members/1", {"age": 2}, headers={"If-Match": tag})

        assert (first.status, late.status) == (200, 412)
        assert (await api.get("/members/1")).body["age"] == 1

    async def test_if_none_match_saves_sending_an_unchanged_record(self, api: Api) -> None:
        await api.post("/members", {"name": "Alice"})
        tag = (await api.get("/members/1")).headers["ETag"]

        reply = await api.get("/members/1", headers={"If-None-Match": tag})

        assert (reply.status, reply.raw) == (304, b"")


class TestNesting:
    async def test_a_child_gets_the_id_of_its_parent(self, api: Api) -> None:
        await api.post("/posts", {"title": "One"})

        reply = await api.post("/posts/1/comments", {"text": "Hi"})

        assert (reply.status, reply.body) == (201, {"id": 1, "text": "Hi", "post_id": 1})
        assert (await api.get(reply.headers["Location"])).body == reply.body

    async def test_children_are_listed_below_their_parent(self, api: Api) -> None:
        await api.post("/posts", [{"title": "One"}, {"title": "Two"}])
        await api.post("/comments", [{"text": "a", "post_id": 1}, {"text": "b", "post_id": "2"}])

        reply = await api.get("/posts/1/comments")

        assert [item["text"] for item in reply.body["items"]] == ["a"]
        assert reply.body["page"] == {"total": 1, "limit": None, "offset": 0}
        assert await listed_ids(api, "/posts/2/comments") == [2]

    async def test_a_learned_camel_case_reference_is_used(self, api: Api) -> None:
        await api.post("/posts", {"title": "One"})
        await api.post("/comments", {"text": "a", "postId": 1})

        created = await api.post("/posts/1/comments", {"text": "b"})

        assert created.body == {"id": 2, "text": "b", "postId": 1}
        assert await listed_ids(api, "/posts/1/comments") == [1, 2]

    async def test_a_missing_parent_is_404(self, api: Api) -> None:
        assert (await api.get("/posts/9/comments")).status == 404
        assert (await api.post("/posts/9/comments", {"text": "x"})).status == 404
        assert (await api.get("/comments")).body["page"]["total"] == 0

    async def test_a_child_is_reached_only_through_its_own_parent(self, api: Api) -> None:
        await api.post("/posts", [{"title": "One"}, {"title": "Two"}])
        await api.post("/posts/1/comments", {"text": "a"})

        assert (await api.get("/posts/1/comments/1")).body["text"] == "a"
        assert (await api.get("/posts/2/comments/1")).status == 404
        assert (await api.put("/posts/1/comments/1", {"text": "b"})).body == {
            "id": 1,
            "text": "b",
            "post_id": 1,
        }
        assert (await api.delete("/posts/2/comments/1")).status == 404
        assert (await api.delete("/posts/1/comments/1")).status == 204
