"""Changes and single records as clients of each server send them, with their effect. Data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from larst.domain import Json

JSON_API = {"Content-Type": "application/vnd.api+json", "Accept": "application/vnd.api+json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Change:
    """A request that changes records, or reads one.

    `reply` holds members that the reply must have; `after` maps paths of GET to a status, or to
    members that the record must have.
    """

    dialect: str
    method: str
    target: str
    body: Json | str = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    reply: Mapping[str, Json] = field(default_factory=dict)
    after: Mapping[str, int | Mapping[str, Json]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The request line, for the name of the test."""
        return f"{self.dialect} {self.method} {self.target}"


_NEW = {"title": "New"}
_TWO_NEW = {"/posts/31": _NEW, "/posts/32": _NEW}
_GONE = {"/posts/1": 404, "/posts/2": 404, "/posts/3": 200}

CHANGES: tuple[Change, ...] = (
    Change("json-server", "POST", "/posts", _NEW, status=201, after={"/posts/31": _NEW}),
    Change(
        "json-server",
        "GET",
        "/posts/1?_embed=likes&_expand=user",
        reply={"id": 1, "user": {"id": 2}},
    ),
    Change("json-server", "PUT", "/posts/3", _NEW, after={"/posts/3": _NEW}),
    Change(
        "json-server",
        "DELETE",
        "/posts/1",
        headers={"X-LARST-Dialect": "json-server"},
        after={"/posts/1": 404, "/comments/1": 404, "/comments/2": 200},
    ),
    Change(
        "json-server",
        "POST",
        "/posts/1/comments",
        {"body": "Hi"},
        status=201,
        reply={"postId": 1},
        after={"/comments/11": {"postId": 1}},
    ),
    Change(
        "simple-rest",
        "DELETE",
        "/posts/3",
        headers={"X-LARST-Dialect": "simple-rest"},
        reply={"id": 3},
        after={"/posts/3": 404},
    ),
    Change(
        "postgrest",
        "PATCH",
        "/posts?id=eq.3",
        {"title": "X"},
        {"Prefer": "return=minimal"},
        204,
        after={"/posts/3": {"title": "X"}},
    ),
    Change("postgrest", "DELETE", "/posts?id=in.(1,2)", status=204, after=_GONE),
    Change(
        "postgrest",
        "POST",
        "/posts",
        [{"id": 3, "title": "X"}],
        {"Prefer": "resolution=merge-duplicates,return=minimal"},
        201,
        after={"/posts/3": {"title": "X", "views": 10}},
    ),
    Change(
        "postgrest",
        "GET",
        "/posts?id=eq.3",
        headers={"Accept": "application/vnd.pgrst.object+json"},
        reply={"id": 3},
    ),
    Change("odata", "GET", "/posts(3)", reply={"id": 3}),
    Change("odata", "GET", "/posts(id=3)", reply={"id": 3}),
    Change(
        "odata",
        "PATCH",
        "/posts(3)",
        {"title": "X"},
        after={"/posts/3": {"title": "X", "views": 10}},
    ),
    Change(
        "jsonapi",
        "POST",
        "/posts",
        {"data": {"type": "posts", "attributes": _NEW}},
        JSON_API,
        201,
        after={"/posts/31": _NEW},
    ),
    Change(
        "jsonapi",
        "PATCH",
        "/posts/3",
        {"data": {"type": "posts", "id": "3", "attributes": {"title": "X"}}},
        JSON_API,
        after={"/posts/3": {"title": "X", "views": 10}},
    ),
    Change(
        "jsonapi",
        "POST",
        "/comments",
        {
            "data": {
                "type": "comments",
                "attributes": {"body": "Hi"},
                "relationships": {"post": {"data": {"type": "posts", "id": "2"}}},
            }
        },
        JSON_API,
        201,
        after={"/comments/11": {"body": "Hi", "postId": 2}},
    ),
    Change("drf", "PATCH", "/posts/3/", {"title": "X"}, after={"/posts/3": {"title": "X"}}),
    Change("strapi", "POST", "/api/posts", {"data": _NEW}, status=201, after={"/posts/31": _NEW}),
    Change("strapi", "PUT", "/api/posts/3", {"data": _NEW}, after={"/posts/3": _NEW}),
    Change("rails", "POST", "/posts", {"post": _NEW}, status=201, after={"/posts/31": _NEW}),
    Change("rails", "PATCH", "/posts/3.json", {"post": _NEW}, after={"/posts/3": _NEW}),
    Change(
        "rails", "POST", "/posts/3", "_method=delete", FORM, status=204, after={"/posts/3": 404}
    ),
    Change("pocketbase", "GET", "/api/collections/posts/records/3", reply={"id": 3}),
    Change(
        "pocketbase",
        "POST",
        "/api/collections/posts/records",
        _NEW,
        after={"/posts/31": _NEW},
    ),
    Change(
        "pocketbase",
        "PATCH",
        "/api/collections/posts/records/3",
        {"views+": 5},
        status=400,
        after={"/posts/3": {"views": 10}},
    ),
    Change("directus", "GET", "/items/posts/3", reply={"id": 3}),
    Change("directus", "PATCH", "/items/posts/3", _NEW, after={"/posts/3": _NEW}),
    Change("parse", "GET", "/classes/posts/3", reply={"id": 3}),
    Change("loopback", "GET", "/posts/count?where[status]=draft", reply={"count": 10}),
    Change(
        "stripe",
        "POST",
        "/v1/customers",
        "name=Ann&metadata[plan]=pro&items[0][price]=p1",
        FORM,
        201,
        {"name": "Ann", "metadata": {"plan": "pro"}, "items": [{"price": "p1"}]},
    ),
    Change("paths", "GET", "/api/v2/posts/3", reply={"id": 3}),
    Change("paths", "GET", "/post/3", reply={"id": 3}),
    Change("paths", "GET", "/Posts/3", reply={"id": 3}),
    Change("paths", "GET", "/admin/posts/3", reply={"id": 3}),
    Change("paths", "GET", "/posts/count", reply={"count": 30}),
    Change("paths", "GET", "/posts/latest", reply={"id": 30}),
    Change("paths", "GET", "/posts/first", reply={"id": 1}),
    Change("paths", "GET", "/posts/first?status=draft&sort=-id", reply={"id": 30}),
    Change("paths", "GET", "/posts/first?offset=3", status=400),
    Change(
        "loopback",
        "GET",
        '/posts/findOne?filter={"where":{"views":{"gt":95}},"order":"views DESC"}',
        reply={"id": 30},
    ),
    Change("nestjsx", "POST", "/posts/bulk", {"bulk": [_NEW, _NEW]}, status=201, after=_TWO_NEW),
    Change("bulk", "POST", "/posts/bulk", [_NEW, _NEW], status=201, after=_TWO_NEW),
    Change("bulk", "POST", "/posts/bulk", {"delete": 3}, status=501, after={"/posts/31": 404}),
    Change(
        "directus",
        "PATCH",
        "/items/posts",
        {"keys": [1, 2], "data": {"status": "x"}},
        after={"/posts/2": {"status": "x"}, "/posts/3": {"status": "draft"}},
    ),
    Change("directus", "DELETE", "/items/posts", [1, 2], status=204, after=_GONE),
    Change(
        "stripe",
        "POST",
        "/v1/posts/3",
        "title=X",
        {**FORM, "Stripe-Version": "2024-06-20"},
        reply={"id": 3, "title": "X"},
        after={"/posts/3": {"title": "X", "views": 10}},
    ),
    Change("stripe", "POST", "/v1/posts/3", "title=X", FORM, 405, after={"/posts/3": {"id": 3}}),
    Change(
        "postgrest",
        "POST",
        "/posts",
        [{"id": 3, "title": "U"}, {"id": 40, "title": "V"}],
        {"Prefer": "resolution=ignore-duplicates"},
        201,
        after={"/posts/3": {"title": "Post 3"}, "/posts/40": {"title": "V"}},
    ),
    Change("odata", "PUT", "/posts(3)/title", {"value": "X"}, after={"/posts/3": {"title": "X"}}),
    Change("paths", "GET", "/posts/3/exists", status=501),
    Change("paths", "GET", "/search?q=Post 3", status=501),
    Change("paths", "GET", "/admin/api/2024-01/posts/3.json", reply={"id": 3}),
    Change(
        "paths",
        "PUT",
        "/posts/3/status",
        {"status": "published"},
        after={"/posts/3": {"status": "published", "views": 10}},
    ),
    Change(
        "paths",
        "PATCH",
        "/posts/3/status",
        {"status": "published"},
        after={"/posts/3": {"status": "published", "views": 10}},
    ),
    Change(
        "paths",
        "PUT",
        "/posts/3/meta",
        {"meta": {"lang": "fr"}},
        after={"/posts/3": {"meta": {"lang": "fr"}}},
    ),
    Change(
        "paths",
        "PUT",
        "/posts/3/meta",
        {"value": 1},
        after={"/posts/3": {"meta": {"value": 1}}},
    ),
    Change("paths", "PATCH", "/posts/3/tags", ["z"], after={"/posts/3": {"tags": ["z"]}}),
    Change(
        "Spring",
        "GET",
        "/posts/search/findByViewsGreaterThanEqual?views=100",
        reply={"totalElements": 1},
    ),
    Change(
        "firebase",
        "PUT",
        "/posts/99.json",
        {"title": "New"},
        reply={"id": 99},
        after={"/posts/99": {"title": "New"}},
    ),
    Change(
        "rails",
        "POST",
        "/posts",
        "utf8=%E2%9C%93&authenticity_token=x&post[title]=New&commit=Create",
        FORM,
        201,
        reply={"id": 31, "title": "New"},
    ),
    Change(
        "Laravel",
        "POST",
        "/posts",
        "_token=abc&title=New&commit=1",
        FORM,
        201,
        reply={"title": "New", "commit": "1"},
    ),
    Change(
        "HTTP",
        "PUT",
        "/posts/3",
        {"title": "X"},
        {"Prefer": "return=representation"},
        reply={"id": 3, "title": "X"},
    ),
    Change("paths", "POST", "/login", {"password": "x"}, status=501),
    Change("paths", "POST", "/createPost", _NEW, status=501, after={"/posts/31": 404}),
    Change("paths", "PUT", "/settings", {"theme": "dark"}, status=201, reply={"theme": "dark"}),
    Change("bulk", "DELETE", "/posts?ids=1,2", after=_GONE),
    Change("bulk", "DELETE", "/posts", {"ids": [1, 2]}, after=_GONE),
    Change("bulk", "DELETE", "/posts?page=1&per_page=5", status=400, after={"/posts/1": 200}),
    Change("bulk", "DELETE", "/posts?titel=Post 1", status=400, after={"/posts/1": 200}),
    Change("bulk", "PATCH", "/posts?views_exists=maybe", _NEW, status=400),
    Change("bulk", "DELETE", "/posts?title_like=", status=400, after={"/posts/1": 200}),
    Change("bulk", "DELETE", "/posts?title__contains=", status=400, after={"/posts/1": 200}),
    Change("bulk", "DELETE", "/posts?title=like.*", status=400, after={"/posts/1": 200}),
    Change("bulk", "DELETE", "/posts?title_regex=^", status=400, after={"/posts/1": 200}),
    Change("bulk", "DELETE", "/posts/1?status=draft", status=400, after={"/posts/1": 200}),
    Change("bulk", "PATCH", "/posts/1?nonsense=1", _NEW, status=400),
    Change("bulk", "DELETE", "/posts%20/1", status=400, after={"/posts/1": 200}),
    Change("bulk", "DELETE", "/posts?views_ne=", status=400, after={"/posts/1": 200}),
    Change("bulk", "DELETE", "/posts?status=neq.", status=400, after={"/posts/1": 200}),
    Change("bulk", "PUT", "/posts", [{"id": 3, "title": "X"}], after={"/posts/3": {"title": "X"}}),
    Change(
        "HTTP",
        "PUT",
        "/posts/3",
        _NEW,
        {"If-None-Match": "*"},
        412,
        after={"/posts/3": {"title": "Post 3"}},
    ),
    Change(
        "HTTP",
        "POST",
        "/posts/3",
        {"title": "X"},
        {"X-HTTP-Method-Override": "PATCH"},
        after={"/posts/3": {"title": "X", "views": 10}},
    ),
    Change(
        "HTTP",
        "PATCH",
        "/posts/3",
        {"title": None, "meta": {"lang": None, "tone": "dry"}},
        {"Content-Type": "application/merge-patch+json"},
        after={"/posts/3": {"meta": {"tone": "dry"}, "views": 10}},
    ),
    Change(
        "HTTP",
        "POST",
        "/users",
        "name,age\r\nAnn,31\r\n",
        {"Content-Type": "text/csv"},
        201,
        after={"/users/6": {"name": "Ann", "age": 31}},
    ),
)
