"""Relations and paths: found by what the session has, never by a guess."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.api import Api

DB: dict[str, list[Any]] = {
    "posts": [{"id": n, "title": f"P{n}", "userId": n % 2 + 1} for n in range(1, 6)],
    "comments": [{"id": n, "body": "c", "postId": n % 3 + 1} for n in range(1, 7)],
    "users": [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}],
    "roles": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
    "stores": [{"id": 1, "categories": [{"id": 1, "n": "x"}, {"id": 2, "n": "y"}], "tags": ["a"]}],
}


@pytest.fixture
async def shop(api: Api) -> Api:
    """A session with the resources of `DB`."""
    assert (await api.post(f"/_larst/sessions/{api.session_id}/import", DB)).status == 200
    return api


def ids(body: Any) -> list[Any]:
    """Return the ids of the records of a page, or of a plain list."""
    return [item["id"] for item in (body["items"] if isinstance(body, dict) else body)]


class TestChildren:
    @pytest.mark.parametrize("spelling", ["postId", "post_id", "PostId", "POST_ID", "postID"])
    async def test_a_child_has_a_single_link(self, shop: Api, spelling: str) -> None:
        """The children have `postId` already; the body may spell it in any way."""
        reply = await shop.post("/posts/2/comments", {"body": "x", spelling: 2})

        assert reply.body == {"id": 7, "body": "x", "postId": 2}

    @pytest.mark.parametrize("spelling", ["postId", "post_id", "PostId"])
    async def test_the_first_child_keeps_the_spelling_of_its_body(
        self, shop: Api, spelling: str
    ) -> None:
        reply = await shop.post("/posts/2/likes", {spelling: "2"})

        assert reply.body == {"id": 1, spelling: 2}
        assert ids((await shop.get("/posts/2/likes")).body) == [1]

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    async def test_a_list_changes_the_children_of_its_parent_alone(
        self, shop: Api, method: str
    ) -> None:
        """Comment 3 belongs to post 1, comment 1 to post 2."""
        own = [{"id": 3, "body": "x"}]
        path = "/posts/1/comments"

        assert (await shop.send(method, path, own)).body == [{"id": 3, "body": "x", "postId": 1}]
        assert (await shop.send(method, path, [{"id": 1, "body": "x"}])).status == 404
        assert (await shop.send(method, path, [{"id": 3, "postId": 2}])).status == 409
        assert (await shop.get("/comments/1")).body == {"id": 1, "body": "c", "postId": 2}

    async def test_a_new_link_is_in_the_style_of_the_session(self, api: Api) -> None:
        await api.post("/users", {"first_name": "A"})
        camel = api.session(f"{api.session_id}-camel")
        await camel.post("/users", {"firstName": "A"})

        assert "user_id" in (await api.post("/users/1/notes", {"a": 1})).body
        assert "userId" in (await camel.post("/users/1/notes", {"a": 1})).body

    @pytest.mark.parametrize(
        ("plural", "link"),
        [
            ("drives", "drive_id"),
            ("caches", "cache_id"),
            ("viruses", "virus_id"),
            ("canvases", "canvas_id"),
            ("leaves", "leaf_id"),
            ("series", "series_id"),
            ("order-lines", "order_line_id"),
        ],
    )
    async def test_the_link_has_the_singular_of_the_parent(
        self, api: Api, plural: str, link: str
    ) -> None:
        await api.post(f"/{plural}", {"n": 1})

        assert (await api.post(f"/{plural}/1/parts", {"n": 1})).body == {"id": 1, "n": 1, link: 1}

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/posts/1/comments", {"postId": 2}),
            ("POST", "/posts/1/comments", {"post_id": "2"}),
            ("POST", "/posts/1/comments", [{"body": "x"}, {"postId": 2}]),
            ("PUT", "/posts/1/comments/3", {"postId": 2}),
        ],
    )
    async def test_a_body_that_names_another_parent_is_a_conflict(
        self, shop: Api, method: str, path: str, body: object
    ) -> None:
        before = (await shop.get("/db")).body

        assert (await shop.send(method, path, body)).status == 409
        assert (await shop.get("/db")).body == before

    async def test_a_singular_below_a_child_is_the_record_it_links_to(self, shop: Api) -> None:
        assert (await shop.get("/comments/1/post")).body == DB["posts"][1]
        assert ids((await shop.get("/comments/1/posts")).body) == [2]


class TestEmbeddedList:
    async def test_its_path_answers_the_list(self, shop: Api) -> None:
        assert (await shop.get("/stores/1/categories")).body == DB["stores"][0]["categories"]
        assert (await shop.get("/stores/1/categories/2")).body == {"id": 2, "n": "y"}
        assert (await shop.get("/stores/1/categories/9")).status == 404

    async def test_writes_to_it_change_the_record(self, shop: Api) -> None:
        created = await shop.post("/stores/1/categories", {"n": "z"})
        replaced = await shop.put("/stores/1/categories/1", {"n": "q"})
        patched = await shop.patch("/stores/1/categories/1", {"m": 1})
        deleted = await shop.delete("/stores/1/categories/2")

        assert (created.status, created.body) == (201, {"id": 3, "n": "z"})
        assert (replaced.body, patched.body) == ({"id": 1, "n": "q"}, {"id": 1, "n": "q", "m": 1})
        assert deleted.status == 204
        assert (await shop.get("/stores/1")).body["categories"] == [
            {"id": 1, "n": "q", "m": 1},
            {"id": 3, "n": "z"},
        ]
        assert sorted((await shop.get("/db")).body) == sorted(DB)

    async def test_a_list_of_texts_takes_a_text(self, shop: Api) -> None:
        assert (await shop.post("/stores/1/tags", "b")).status == 201
        assert (await shop.get("/stores/1/tags")).body == ["a", "b"]


class TestManyToMany:
    async def test_a_role_can_belong_to_two_users(self, shop: Api) -> None:
        for path in ("/users/1/roles/2", "/users/2/roles/2", "/users/2/roles/1"):
            assert (await shop.put(path)).status == 200
        await shop.put("/users/1/roles/2", {})

        assert ids((await shop.get("/users/1/roles")).body) == [2]
        assert ids((await shop.get("/users/2/roles")).body) == [1, 2]
        assert ids((await shop.get("/roles/2/users")).body) == [1, 2]
        assert (await shop.get("/users/1")).body["roleIds"] == [2]
        assert (await shop.get("/users/1/roles/1")).status == 404

    async def test_delete_ends_the_link_and_keeps_the_record(self, shop: Api) -> None:
        await shop.put("/users/1/roles/2")

        assert (await shop.delete("/users/1/roles/2")).status == 204
        assert (await shop.delete("/users/1/roles/2")).status == 404
        assert (await shop.get("/users/1/roles")).body["items"] == []
        assert (await shop.get("/roles/2")).status == 200

    async def test_post_creates_and_links(self, shop: Api) -> None:
        await shop.put("/users/1/roles/2")

        assert (await shop.post("/users/1/roles", {"name": "c"})).body == {"id": 3, "name": "c"}
        assert ids((await shop.get("/users/1/roles")).body) == [2, 3]

    @pytest.mark.parametrize("path", ["/users/9/roles/1", "/users/1/roles/9"])
    async def test_both_records_must_exist(self, shop: Api, path: str) -> None:
        assert (await shop.put(path)).status == 404

    async def test_a_join_resource_holds_the_links_where_it_exists(self, shop: Api) -> None:
        await shop.post("/user_roles", {"user_id": 1, "role_id": 1})

        await shop.put("/users/1/roles/2", {"since": 2020})
        assert ids((await shop.get("/users/1/roles")).body) == [1, 2]
        assert (await shop.get("/user_roles/2")).body == {
            "id": 2,
            "since": 2020,
            "user_id": 1,
            "role_id": 2,
        }
        await shop.delete("/users/1/roles/1")
        assert ids((await shop.get("/user_roles")).body) == [2]


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/posts.json",
            "/Posts",
            "/post",
            "/post-s",
            "/admin/posts",
            "/admin/blog/posts",
            "/api/posts",
            "/api/v1/posts",
            "/api/1/posts",
            "/api/1.1/posts",
            "/rest/v1.2/posts",
            "/v2beta1/posts",
            "/2024-01-01/posts",
            "/api/2024-01/posts",
            "/services/data/v58.0/posts",
            "/wp-json/wp/v2/posts",
            "/items/posts",
        ],
    )
    async def test_these_are_the_posts(self, shop: Api, path: str) -> None:
        reply = await shop.get(path, headers={"X-LARST-Dialect": "larst"})

        assert ids(reply.body) == [1, 2, 3, 4, 5]

    @pytest.mark.parametrize(
        "path", ["/posts(3)", "/posts/3.json", "/admin/post/3", "/api/1/posts/3", "/post-s/3"]
    )
    async def test_these_are_a_post(self, shop: Api, path: str) -> None:
        assert (await shop.get(path)).body == DB["posts"][2]

    async def test_a_location_keeps_the_version(self, shop: Api) -> None:
        for number, prefix in enumerate(("/api/v2", "/2024-01-01", "/api/1.1"), 6):
            reply = await shop.post(f"{prefix}/posts", {"title": "N"})
            assert reply.headers["Location"] == f"{prefix}/posts/{number}"

    async def test_counts_and_the_latest(self, shop: Api) -> None:
        assert (await shop.get("/posts/count")).body == {"count": 5}
        assert (await shop.get("/posts/count?userId=1")).body == {"count": 2}
        assert (await shop.get("/users/1/posts/count")).body == {"count": 2}
        assert (await shop.get("/posts/latest")).body == DB["posts"][4]
        assert (await shop.get("/users/1/posts/latest")).body == DB["posts"][3]
        assert ids((await shop.get("/posts/latest?limit=2")).body) == [5, 4]
        assert (await shop.get("/posts/latest?sort=id")).status == 400
        assert (await shop.get("/nothings/latest")).status == 404

    async def test_a_field_has_a_path(self, shop: Api) -> None:
        assert (await shop.get("/posts/3/title")).body == "P3"
        assert (await shop.put("/posts/3/title", "N")).status == 200
        assert (await shop.get("/posts/3")).body["title"] == "N"

    async def test_a_misspelt_resource_is_hinted(self, shop: Api) -> None:
        assert "did you mean posts" in (await shop.get("/psots")).headers["X-LARST-Hint"]

    @pytest.mark.parametrize("path", ["/post", "/POSTS", "/post-s"])
    async def test_a_new_record_goes_to_the_known_resource(self, shop: Api, path: str) -> None:
        reply = await shop.post(path, {"title": "N"})

        assert reply.headers["Location"] == "/posts/6"
        assert "is posts" in reply.headers["X-LARST-Reading"]


class TestActions:
    @pytest.mark.parametrize(
        "path",
        [
            "/login",
            "/auth/login",
            "/users/login",
            "/api/v1/auth/register",
            "/logout",
            "/batch",
            "/$batch",
            "/odata/$batch",
            "/graphql",
            "/createPost",
            "/api/create-post",
            "/posts/create",
            "/posts/3/delete",
            "/posts/3:publish",
            "/posts:batchCreate",
            "/users/1/send-emails",
            "/users/1/reset-password",
            "/rpc/hello",
        ],
    )
    async def test_verbs_are_never_stored(self, shop: Api, path: str) -> None:
        before = (await shop.get("/db")).body

        reply = await shop.post(path, {"email": "a@b.c", "password": "hunter2"})

        assert reply.status == 501
        assert b"hunter2" not in reply.raw
        assert (await shop.get("/db")).body == before

    async def test_a_resource_may_have_the_name_of_a_verb(self, api: Api) -> None:
        db = {"token": [{"id": 1}]}
        await api.post(f"/_larst/sessions/{api.session_id}/import", db)

        assert (await api.post("/token", {"a": 1})).status == 201


class TestDependents:
    async def test_json_server_deletes_the_children_of_a_record(self, shop: Api) -> None:
        reply = await shop.delete("/posts/1", headers={"X-LARST-Dialect": "json-server"})

        assert reply.status == 200
        assert ids((await shop.get("/comments")).body) == [1, 2, 4, 5]

    async def test_other_dialects_delete_them_if_asked(self, shop: Api) -> None:
        await shop.delete("/posts/1?_dependent=comments", headers={"X-LARST-Dialect": "larst"})
        await shop.delete("/posts/2", headers={"X-LARST-Dialect": "larst"})
        unknown = await shop.delete("/posts/3?_dependent=users")

        assert ids((await shop.get("/comments")).body) == [1, 2, 4, 5]
        assert unknown.status == 400
