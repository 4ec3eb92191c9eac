"""Live changes in a browser: an EventSource of a page of another origin, without a library."""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests.browser.page import Page
from tests.service.api import Service

pytestmark = pytest.mark.browser

FOLLOW = """
window.events = [];
const source = new EventSource(arguments[0]);
for (const name of ["state", "created", "updated", "deleted"]) {
  source.addEventListener(name, (event) => events.push([name, JSON.parse(event.data)]));
}
"""


def send(service: Service, method: str, path: str, body: object) -> None:
    request = urllib.request.Request(  # noqa: S310 - of the service under test
        service.url + path,
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method=method,
    )
    urllib.request.urlopen(request).close()  # noqa: S310 - as above


def test_an_event_source_follows_a_session(page: Page, service: Service, examples_url: str) -> None:
    send(service, "POST", "/@shop-live/members", {"name": "Ann"})
    page.open(f"{examples_url}/todo/")
    page.driver.execute_script(FOLLOW, f"{service.url}/@shop-live/members")
    page.wait(lambda: len(page.driver.execute_script("return events")) == 1)

    send(service, "POST", "/@shop-live/members", {"name": "Bob"})
    send(service, "PATCH", "/@shop-live/members/1", {"name": "Anna"})
    page.wait(lambda: len(page.driver.execute_script("return events")) == 3)

    state, *changes = page.driver.execute_script("return events")
    assert state[1]["items"] == [{"id": 1, "name": "Ann"}]
    assert changes == [
        ["created", {"id": 2, "name": "Bob"}],
        ["updated", {"id": 1, "name": "Anna"}],
    ]
