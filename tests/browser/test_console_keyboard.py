"""The console with the keyboard alone: Tab, Enter and typing."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.page import Page
from tests.service.api import Service

pytestmark = pytest.mark.browser

MAX_STEPS = 60

ACTIVE = """
    const element = document.activeElement;
    const name = element.ariaLabel || element.labels?.[0]?.textContent || element.textContent;
    return [name, getComputedStyle(element).outlineStyle];
"""


def send(service: Service, method: str, path: str, body: Any = None) -> None:
    """Send a request, whatever the reply."""
    headers = {"X-Session-ID": "keys", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(service.url + path, content, headers, method=method)  # noqa: S310 - the service's own
    urllib.request.build_opener(_AnyStatus).open(request).close()


class _AnyStatus(urllib.request.HTTPErrorProcessor):
    def http_response(self, request: Any, response: Any) -> Any:
        return response


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this name has the focus, which must be visible."""
    seen: list[str] = []
    while len(seen) < MAX_STEPS:
        press(page, Keys.TAB)
        text, outline = page.driver.execute_script(ACTIVE)
        if text.strip() == name:
            assert outline in ("solid", "auto"), f"{name}: no outline"
            return
        seen.append(text.strip()[:40])
    raise AssertionError(f"Tab does not reach {name}, only {seen}")


def press(page: Page, *keys: str) -> None:
    """Press keys, whatever has the focus: a field for files takes no keys from an element."""
    ActionChains(page.driver).send_keys(*keys).perform()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of these tests alone: they reject its plans."""
    folder = tmp_path_factory.mktemp("keyboard")
    with Service(folder / "data", folder / "log") as running:
        yield running


@pytest.fixture
def console(page: Page, service: Service) -> Page:
    """The console, open in a session with a book."""
    send(service, "POST", "/books", {"title": "Momo"})
    page.open("about:blank")
    page.open(f"{service.url}/_larst/?session=keys#/data")
    page.wait(lambda: page.text("main h1") == "Session keys")
    return page


def test_edited_files_are_reached(console: Page, service: Service) -> None:
    """The table scrolls, so the keyboard must get into it."""
    file = service.data_root / "keys" / "books.json"
    console.wait(file.exists)
    file.write_text('[{"id": 1, "title": "Momo",}]')
    send(service, "POST", "/books", {"title": "Jim"})
    console.wait(file.with_name("books.json.edited-1").exists)
    console.driver.refresh()
    console.wait(lambda: "set aside" in console.text("main"))

    tab_to(console, "Edited files")


def test_a_request_that_a_fault_struck_is_opened(console: Page, service: Service) -> None:
    rules = {"rules": [{"path": "/faulty", "status": 503}]}
    send(service, "PUT", "/_larst/sessions/keys/faults", rules)
    send(service, "GET", "/faulty")
    tab_to(console, "Requests")
    press(console, Keys.ENTER)
    console.wait(lambda: "/faulty" in console.text("#requests"))
    tab_to(console, "/faulty")
    press(console, Keys.ENTER)
    console.wait(lambda: console.text("main h1") == "GET /faulty")

    assert "fault" in console.text("main dl")


def test_a_plan_is_opened_and_rejected(console: Page) -> None:
    """The focus stays where it was after an action, or begins at the new content."""
    tab_to(console, "Plans")
    press(console, Keys.ENTER)
    console.wait(lambda: console.text("main h1") == "Plans")
    key = console.text("main tbody a")
    tab_to(console, key)
    press(console, Keys.ENTER)
    console.first("#program")
    tab_to(console, "Pin")
    press(console, Keys.ENTER)
    console.wait(lambda: console.text("#notice") == "The plan is pinned.")
    tab_to(console, "The mistake in the program")
    press(console, "wrong order", Keys.ENTER)
    console.wait(lambda: console.text("#notice") == "The plan is rejected.")

    assert console.driver.switch_to.active_element.get_attribute("id") == "reason"
