"""The workflows of tests/service/test_workflows.py as requests, and later ones to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Sent: TypeAlias = tuple[str, str, Any]
"""A method, a path, and a JSON body or None."""

WORKFLOWS: Mapping[str, Sequence[Sent]] = {
    "blog": (
        ("POST", "/posts", {"title": "Hello", "tags": ["intro"], "published": False}),
        ("POST", "/posts", {"title": "Second", "tags": ["intro", "more"], "published": True}),
        ("POST", "/posts/1/comments", {"text": "First!"}),
        ("POST", "/posts/1/comments", {"text": "Nice"}),
        ("POST", "/posts/2/comments", {"text": "Elsewhere"}),
        ("PATCH", "/posts/1", {"published": True}),
        ("GET", "/posts/1/comments?sort=-id", None),
        ("GET", "/posts/search?tags=more", None),
        ("DELETE", "/posts/1/comments?text=First!", None),
        ("GET", "/comments", None),
    ),
    "shop": (
        (
            "POST",
            "/api/v1/products",
            [
                {"name": "Hammer", "price": 19.9, "stock": 5, "category": "tools"},
                {"name": "Saw", "price": 29.5, "stock": 0, "category": "tools"},
                {"name": "Lamp", "price": 45, "stock": 2, "category": "light", "note": None},
            ],
        ),
        ("GET", "/api/v1/products?category=tools&price_max=20", None),
        ("GET", "/api/v1/products?stock_gt=0&sort=-price", None),
        ("POST", "/api/v1/orders", {"lines": [{"product_id": 1, "quantity": 2}]}),
        ("PATCH", "/api/v1/products/1", {"stock": 3}),
        ("PATCH", "/api/v1/products?category=light", {"stock": 4}),
        ("GET", "/api/v1/products/count", None),
    ),
    "tasks": (
        ("POST", "/tasks", {"title": "Shop", "done": False}),
        ("POST", "/tasks", {"title": "Cook", "done": False, "due": "2026-02-01"}),
        ("POST", "/tasks/1/steps", [{"text": "Milk", "class": "food"}]),
        ("GET", "/tasks/1/steps/1", None),
        ("PATCH", "/tasks/1/steps/1", {"text": "Oat milk"}),
        ("PATCH", "/tasks/1", {"done": True}),
        ("DELETE", "/tasks?done=true", None),
        ("GET", "/tasks", None),
    ),
}
LATER: Mapping[str, Sequence[Sent]] = {
    "blog": (
        ("GET", "/posts?published=true&sort=-title", None),
        ("POST", "/posts", {"title": "Þriðja", "tags": [], "published": False}),
        ("POST", "/posts/3/comments", {"text": 'It\'s "quoted" and ☃\nlong'}),
        ("POST", "/posts/9/comments", {"text": "x"}),
        ("GET", "/posts/3/comments", None),
        ("GET", "/comments?text=*QUOTED*", None),
        ("GET", "/comments/?post_id=3&limit=1", None),
        ("GET", "/posts/search?title=S*&tags=intro", None),
        ("GET", "/posts/?tags_in=more,other", None),
        ("GET", "/posts?q=hello", None),
        ("PUT", "/posts/3", {"title": "Third", "tags": ["x"], "published": True}),
        ("DELETE", "/posts/3", None),
        ("GET", "/posts/3", None),
        ("GET", "/posts/three", None),
        ("POST", "/posts", {"title": "Next", "tags": [], "published": False}),
        ("DELETE", "/posts/2/comments?text=*where", None),
        ("GET", "/comments", None),
    ),
    "shop": (
        ("GET", "/api/v1/products?sort=category,-price&limit=2", None),
        ("GET", "/api/v1/products?price_gte=29.5&price_lt=45", None),
        ("GET", "/api/v1/products?name_ne=Saw", None),
        ("GET", "/api/v1/products?id_in=1,3", None),
        ("POST", "/api/v1/products", {"name": "Nail", "price": 0, "stock": 900, "category": "x"}),
        ("POST", "/api/v1/products", [{"name": "A", "price": 1.0, "stock": 1, "category": "x"}]),
        ("PATCH", "/api/v1/products?category=x", {"price": 2}),
        ("PATCH", "/api/v1/products", {"price": 2}),
        ("GET", "/api/v1/products", None),
        ("POST", "/api/v1/orders", {"lines": []}),
        ("POST", "/api/v1/orders", {"id": 7, "lines": [{"product_id": 2, "quantity": 1}]}),
        ("POST", "/api/v1/orders", {"id": 7, "lines": []}),
        ("POST", "/api/v1/orders", {"lines": []}),
        ("GET", "/api/v1/orders", None),
        ("GET", "/api/v1/products/count?stock_gt=3", None),
    ),
    "tasks": (
        ("GET", "/tasks?due_lt=2026-03-01", None),
        ("POST", "/tasks", {"title": "Read", "done": False}),
        ("GET", "/tasks?sort=due", None),
        ("POST", "/tasks/3/steps", {"text": "Chapter 1", "class": "book"}),
        ("PATCH", "/tasks/3/steps/2", {"text": "Chapter 2"}),
        ("GET", "/tasks/2/steps/2", None),
        ("GET", "/tasks/3/steps/2", None),
        ("PATCH", "/tasks/3", {"done": True}),
        ("DELETE", "/tasks?done=true", None),
        ("DELETE", "/tasks", None),
        ("GET", "/tasks", None),
    ),
}
