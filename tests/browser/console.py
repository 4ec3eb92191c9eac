"""The console in terms of its user, and a session for it to show."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.browser.page import Page
from tests.service.api import Service

EVIL = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
"""A text that runs if a page takes it for HTML."""


def send(service: Service, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """Send a request in the session `shop`."""
    headers = {"X-Session-ID": "shop", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(service.url + path, content, headers, method=method)  # noqa: S310 - the service's own
    with urllib.request.urlopen(request) as reply:  # noqa: S310 - as above
        return json.loads(reply.read() or b"null")


@pytest.fixture(scope="package")
def shop(service: Service) -> Service:
    """The service, with 30 books of an author in the session `shop`."""
    send(service, "POST", "/authors", {"name": EVIL})
    for number in range(1, 31):
        book = {"title": f"Book {number}", "pages": number * 10, "author_id": 1}
        send(service, "POST", "/books", book)
    return service


def open_view(page: Page, service: Service, view: str) -> str:
    """Open a view of the session `shop`; return the heading."""
    page.open("about:blank")  # so that the page is loaded, even if only the part after # differs
    page.open(f"{service.url}/_larst/?session=shop#/{view}")
    return page.text("main h1")


def click(page: Page, text: str) -> None:
    page.wait(lambda: [b for b in page.all("main button") if b.text == text])[0].click()
