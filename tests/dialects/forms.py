"""Requests whose marks decide the form of their replies, and members that the reply has. Data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from larst.domain import Json
from tests.dialects.changes import JSON_API

_TABLE = "columns[0][data]=id&columns[1][data]=views&order[0][column]=1&order[0][dir]=desc"


@dataclass(frozen=True)
class Form:
    """A request, the dialect that it shows, and the reply: its members, or its records' keys."""

    dialect: str
    target: str
    reply: Mapping[str, Json] | None = None
    keys: Sequence[str] = ()
    headers: Mapping[str, str] | None = None


FORMS: tuple[Form, ...] = (
    Form("drf", "/posts/?page=2", {"count": 30}),
    Form("drf", "/posts/?search=Post&page=2", {"count": 30}),
    Form("drf", "/posts/?createdAt__date=2025-01-05", {"count": 1, "next": None}),
    Form("drf", "/posts/?createdAt__date__gte=2025-01-29", {"count": 2}),
    Form("drf", "/posts/?title__regex=^Post 3$", {"count": 1}),
    Form("larst", "/posts/?limit=10&offset=0", {"page": {"total": 30, "limit": 10}}),
    Form("larst", "/posts/?page=2&limit=10", {"page": {"total": 30, "limit": 10}}),
    Form("larst", "/posts?page=2", {"page": {"total": 30}}),
    Form("larst", "/posts?created[gte]=2025-01-20&limit=1", {"page": {"total": 11}}),
    Form("stripe", "/v1/posts?createdAt[gte]=2025-01-20&limit=2", {"object": "list"}),
    Form("stripe", "/v1/comments?limit=1&expand[]=data.post", {"object": "list"}),
    Form("stripe", "/v1/posts?limit=3", {"has_more": True}, headers={"Stripe-Version": "2024-06"}),
    Form("laravel", "/api/posts?page[number]=2&page[size]=10", {"meta": {"total": 30}}),
    Form("restheart", '/posts?page=1&pagesize=2&sort={"id":-1}', keys=("id", "title", "views")),
    Form("restheart", '/posts?keys={"title":1}&pagesize=2', keys=("id", "title")),
    Form("restheart", "/posts/_size", {"_size": 30}),
    Form("datatables", f"/posts?draw=7&start=0&length=3&{_TABLE}", {"draw": 7, "recordsTotal": 30}),
    Form("json-server-1", "/posts?_sort=-views&_limit=3", keys=("id", "views")),
    Form("json-server-1", "/posts?_sort=-views&_page=1&_per_page=3", {"items": 30, "first": 1}),
    Form("json-server-1", "/posts?_page=2&_sort=id,-views", {"items": 30, "prev": 1}),
    Form("github", "/posts?status=draft&per_page=3&page=2", keys=("id",)),
    Form("github", "/posts?sort=views&direction=asc&per_page=2&page=1", keys=("id",)),
    Form("laravel", "/posts?page=2&per_page=10", {"meta": {"total": 30}}),
    Form("strapi", "/api/posts/1?populate=comments", {"data": {"id": 1}, "meta": {}}),
    Form("strapi", "/api/posts?populate=*", {"meta": {"pagination": {"total": 30}}}),
    Form("larst", "/comments/1?populate=post", {"id": 1, "post": {"id": 1}}),
    Form(
        "larst", "/posts/1?select=title", {"title": "Post 1"}, headers={"X-LARST-Dialect": "larst"}
    ),
    Form("postgrest", "/posts?select=headline:title,id&id=eq.3", keys=("headline", "id")),
    Form("postgrest", "/posts?select=id,meta->>lang&id=eq.3", keys=("id", "lang")),
    Form("odata", "/posts(3)/title", {"value": "Post 3"}),
    Form(
        "pocketbase",
        "/api/collections/comments/records/1?expand=post",
        {"id": 1, "expand": {"post": {"id": 1}}},
    ),
    Form(
        "jsonapi",
        "/comments/1/relationships/post",
        {"data": {"type": "posts", "id": "1"}},
        headers=JSON_API,
    ),
    Form("jsonapi", "/posts/1/relationships/comments", keys=("type", "id"), headers=JSON_API),
)
