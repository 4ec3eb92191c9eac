"""Requests that must change nothing, or only the records that they name."""

from __future__ import annotations

import pytest

from tests.service.api import Api, listed_ids


class TestUnintendedChanges:
    """An attack on the service found these: each once deleted too much."""

    async def test_a_filter_below_a_record_never_reaches_other_parents(self, api: Api) -> None:
        await api.post("/posts", [{"title": "A"}, {"title": "B"}])
        for post, text in ((1, "one"), (1, "two"), (2, "three")):
            await api.post(f"/posts/{post}/comments", {"text": text})

        deleted = await api.delete("/posts/1/comments?post_id=2")
        remaining = await api.get("/posts/1/comments?post_id=1")

        assert deleted.body == {"deleted": 0}
        assert remaining.body["page"]["total"] == 2

    @pytest.mark.parametrize(
        "query", ["statos_ne=active", "statos_exists=false", "status_exists=maybe", "page=1"]
    )
    async def test_a_query_that_is_not_understood_changes_nothing(
        self, api: Api, query: str
    ) -> None:
        """Negated, a misspelt field would match every record."""
        await api.post("/users", [{"status": "active"}, {"status": "old"}])

        deleted = await api.delete(f"/users?{query}")
        patched = await api.patch(f"/users?{query}", {"status": "gone"})

        assert (deleted.status, patched.status) == (400, 400)
        assert [user["status"] for user in (await api.get("/users")).body["items"]] == [
            "active",
            "old",
        ]

    async def test_an_empty_search_text_does_not_count_as_a_criterion(self, api: Api) -> None:
        await api.post("/users", [{"status": "active"}, {"status": "old"}])

        deleted = await api.delete("/users?q=")

        assert deleted.status == 400
        assert (await api.get("/users?q=")).body["page"]["total"] == 2

    async def test_all_criteria_on_one_field_must_match(self, api: Api) -> None:
        await api.post("/users", [{"price": price} for price in (0, 10, 20)])

        assert await listed_ids(api, "/users/search?price_gte=20&price_min=0") == [3]
        assert (await api.delete("/users?price_gte=20&price_min=30")).body == {"deleted": 0}

    @pytest.mark.parametrize("query", ["*=*", "*_gte=5", "*[in]=5", "%26=1", "%7C=1"])
    async def test_a_key_that_can_be_no_field_is_refused(self, api: Api, query: str) -> None:
        await api.post("/users", {"name": "A"})

        reply = await api.get(f"/users?{query}")

        assert (reply.status, reply.body["error"]) == (400, "query not understood")

    async def test_a_nested_field_may_end_like_an_operator(self, api: Api) -> None:
        await api.post("/users", {"visit": {"checked_in": True, "price_max": 7}})

        assert await listed_ids(api, "/users?visit.checked_in=true") == [1]
        assert await listed_ids(api, "/users/search?visit.price_max=7") == [1]

    async def test_both_spellings_of_a_reference_are_children(self, api: Api) -> None:
        await api.post("/items", [{"n": 1}, {"n": 2}])
        await api.post("/parts", [{"itemId": 1}, {"item_id": 1}, {"item_id": "1"}, {"itemId": 2}])

        assert await listed_ids(api, "/items/1/parts") == [1, 2, 3]
        assert (await api.get("/items/1/parts/1")).status == 200
        assert (await api.get("/items/1/parts/4")).status == 404
        replaced = await api.put("/items/1/parts/1", {"name": "screw"})
        assert replaced.body == {"id": 1, "name": "screw", "itemId": 1}

    async def test_parents_with_odd_ids_have_only_their_own_children(self, api: Api) -> None:
        await api.post("/items", [{"id": "null"}, {"id": "01"}, {"id": "true"}, {"id": 1}])
        await api.post("/parts", [{"item_id": None}, {"item_id": True}, {"item_id": 1}])

        for parent in ("null", "01", "true"):
            assert await listed_ids(api, f"/items/{parent}/parts") == []
        assert await listed_ids(api, "/items/1/parts") == [3]

    async def test_a_json_patch_that_is_not_a_list_is_400(self, api: Api) -> None:
        await api.post("/members", {"name": "A"})
        patch = {"op": "add", "path": "/b", "value": 1}

        reply = await api.send(
            "PATCH", "/members/1", patch, headers={"Content-Type": "application/json-patch+json"}
        )

        assert reply.status == 400
        assert (await api.get("/members/1")).body == {"id": 1, "name": "A"}
