"""The console in a browser: all views, requests, plans, health, and the login."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from selenium.webdriver.common.keys import Keys

from larst.tokens.table import hash_of
from tests.browser.console import EVIL, click, open_view, send
from tests.browser.page import PHONE_WIDTH_PX, Page, Scheme
from tests.service.api import Service

pytestmark = pytest.mark.browser

FOCUS = """
    const element = document.activeElement;
    return [element.id || element.textContent, getComputedStyle(element).outlineStyle];
"""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a token."""
    folder = tmp_path_factory.mktemp("locked")
    with Service(folder / "data", folder / "log", LARS_AUTH_TOKEN="s3cret") as running:
        yield running


VIEWS = ["data", "data/books", "data/books/3", "data/books/+new", "requests", "plans", "health"]


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_every_view_is_readable_in_both_schemes(page: Page, shop: Service, scheme: Scheme) -> None:
    page.prefer(scheme)
    for view in VIEWS:
        open_view(page, shop, view)
        page.save_screenshot(f"console-{view.replace('/', '-').replace('+', '')}-{scheme}")

        assert [text for text in page.contrasts() if text.contrast < 4.5] == [], view
    assert page.console_errors() == []
    assert page.hosts() == {shop.url.removeprefix("http://")}


def test_every_view_fits_a_phone(page: Page, shop: Service) -> None:
    page.resize(PHONE_WIDTH_PX)
    for view in VIEWS:
        open_view(page, shop, view)
        page.save_screenshot(f"console-{view.replace('/', '-').replace('+', '')}-phone")

        assert page.driver.execute_script(
            "return document.documentElement.scrollWidth <= innerWidth"
        ), view


def test_a_phone_shows_the_paths_of_requests(page: Page, shop: Service) -> None:
    page.resize(PHONE_WIDTH_PX)
    open_view(page, shop, "requests?session=shop")
    link = page.first("#requests a")

    assert link.rect["x"] < PHONE_WIDTH_PX / 2


def test_new_requests_appear_and_open(page: Page, shop: Service) -> None:
    open_view(page, shop, "requests?session=shop")
    send(shop, "PATCH", "/authors/1", {"name": EVIL, "note": "new"})
    page.wait(lambda: "PATCH" in page.text("#requests tr"))
    page.first("#requests tr a").click()
    page.wait(lambda: page.text("main h1") == "PATCH /authors/1")
    page.save_screenshot("console-request")
    text = page.text("main")

    for part in ("Stages", "Program", "Records changed: 1", "before", "after", "Reply", "curl -i"):
        assert part in text
    assert EVIL in text.replace('\\"', '"')
    assert page.all("main script, main img") == []
    assert page.console_errors() == []


def test_a_program_is_edited_and_compared(page: Page, shop: Service) -> None:
    send(shop, "GET", "/books?pages_lt=30")
    open_view(page, shop, "plans")
    page.first("tbody a").click()
    area = page.first("#program")
    program = area.get_attribute("value") or ""
    area.send_keys(Keys.CONTROL, Keys.HOME)
    area.send_keys("# Mine")
    area.send_keys(Keys.ENTER)
    click(page, "Save as a new version")
    page.wait(lambda: page.text("#notice") == "The new version is pinned.")

    page.wait(lambda: [b for b in page.all("main button") if b.text.startswith("Compare")])[
        0
    ].click()
    assert page.wait(lambda: page.text("#difference ins")) == "+ # Mine"
    assert page.all("#difference del") == []
    assert program.splitlines()[0] in page.text("#difference")

    area = page.first("#program")
    area.clear()
    area.send_keys("import os")
    click(page, "Save as a new version")
    page.wait(lambda: "line 1: import is not allowed" in page.text("#notice"))


def test_health_shows_the_limits_and_follows_the_rates(page: Page, shop: Service) -> None:
    open_view(page, shop, "health")
    assert "LARS_MAILBOX_SIZE" in page.text("main")
    assert "its circuit" in page.text("main dl")

    page.wait(lambda: page.all(".chart rect"))
    assert page.first("figcaption").text.startswith("Requests per second: ")


@pytest.mark.parametrize("view", ["none", "constructor", "%"])
def test_a_view_that_does_not_exist_is_reported(page: Page, shop: Service, view: str) -> None:
    assert open_view(page, shop, view) == "This cannot be shown"
    assert f"The console has no view {view}." in page.text("main")


def test_health_shows_the_usage_of_quotas(page: Page, shop: Service) -> None:
    open_view(page, shop, "health")
    rows = page.all("[aria-label='Usage of quotas'] tbody tr")
    usage = [" ".join(row.text.split()) for row in rows]

    assert re.fullmatch(r"sessions of the tenant default \d+ no limit", usage[0])
    stored = sum(send(shop, "GET", "/_larst/sessions/shop")["resources"].values())
    assert f"records of shop {stored} 1000000 under 1 %" in usage
    assert page.all("meter[aria-label='share of size of shop']")
    sessions = [row.text for row in page.all("[aria-label='Sessions'] tbody tr")]
    assert any(re.match(r"shop awake \d+ [\d.]+ KiB .* of the", row) for row in sessions)


def test_an_admin_of_a_tenant_sees_its_usage_in_health(page: Page, tmp_path: Path) -> None:
    """The state of the whole service is the operator's, but the view is not empty."""
    file = tmp_path / "tokens.json"
    token = {"name": "ann", "hash": hash_of("ann"), "tenant": "acme", "scopes": ["admin", "read"]}
    file.write_text(json.dumps({"tokens": [token]}))
    file.chmod(0o600)
    with Service(tmp_path / "data", tmp_path / "log", LARS_AUTH_TOKENS_FILE=str(file)) as running:
        page.open(f"{running.url}/_larst/#/health")
        page.first("#token").send_keys("ann", Keys.ENTER)
        page.wait(lambda: page.text("main h1") == "Health")

        assert "sessions of the tenant acme 0 no limit" in page.text("main")
        assert page.all(".chart") == []


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a token that may only read, and a record in the session `shop`."""
    folder = tmp_path_factory.mktemp("reading")
    tokens = [
        {"name": name, "hash": hash_of(name), "scopes": scopes}
        for name, scopes in (("reader", ["read"]), ("writer", ["read", "write"]))
    ]
    (folder / "tokens.json").write_text(json.dumps({"tokens": tokens}))
    (folder / "tokens.json").chmod(0o600)
    variables = {"LARS_AUTH_TOKENS_FILE": str(folder / "tokens.json")}
    with Service(folder / "data", folder / "log", **variables) as running:
        send(running, "POST", "/books", {"title": "Momo"}, token="writer")
        yield running


def test_a_token_that_may_only_read_sees_why_buttons_are_off(page: Page, reading: Service) -> None:
    page.open(f"{reading.url}/_larst/?session=shop#/data/books/1")
    page.first("#token").send_keys("reader", Keys.ENTER)
    page.wait(lambda: page.text("main h1") == "books 1")

    off = [b for b in page.all("main button") if not b.is_enabled()]
    assert [b.text for b in off] == ["Save", "Save the JSON", "Delete this record"]
    assert {b.get_attribute("title") for b in off} == {"This needs a token with the scope write."}
    assert "This needs a token with the scope write." in page.text("main")

    page.open(f"{reading.url}/_larst/?session=shop#/data")
    page.wait(lambda: "books" in page.text("main table"))
    enabled = [b.text for b in page.all("main button") if b.is_enabled()]
    assert enabled == ["Export"]
    assert "This needs a token with the scope admin." in page.text("main")


def test_a_plan_is_pinned_and_rejected(page: Page, shop: Service) -> None:
    send(shop, "GET", "/books?pages_gt=100")
    open_view(page, shop, "plans")
    page.first("tbody a").click()
    page.first("main pre .keyword, main pre code")
    next(button for button in page.all("button") if button.text == "Pin").click()
    page.wait(lambda: "pinned" in page.text("dl"))
    page.first("#reason").send_keys("wrong order", Keys.ENTER)
    page.wait(lambda: "wrong order" in page.text("dl"))

    next(button for button in page.all("button") if button.text == "Delete").click()
    page.driver.switch_to.alert.accept()
    page.wait(lambda: page.text("main h1") == "Plans")


def test_the_picker_opens_another_session(page: Page, shop: Service) -> None:
    open_view(page, shop, "data")
    field = page.first("#session")
    field.clear()
    field.send_keys("empty", Keys.ENTER)

    page.wait(lambda: page.text("main h1") == "Session empty")


def test_the_keyboard_reaches_everything(page: Page, shop: Service) -> None:
    """Tab alone visits the links and fields in order, and each shows where the focus is."""
    open_view(page, shop, "data/books")
    seen = []
    for _ in range(16):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(page.driver.execute_script(FOCUS))

    names = [name for name, _ in seen]
    for name in ("Skip to the content", "Data", "Requests", "session", "field", "value"):
        assert name in names, names
    assert {outline for _, outline in seen} <= {"solid", "auto"}


def test_login_and_logout(page: Page, locked: Service) -> None:
    page.driver.delete_all_cookies()
    page.open(f"{locked.url}/_larst/#/data")
    page.first("#token")
    assert page.console_errors() == []
    assert not page.first("#picker").is_displayed()
    page.first("#token").send_keys("wrong", Keys.ENTER)
    page.wait(lambda: page.text("#notice") == "This is not a token of the service.")
    page.save_screenshot("console-login")
    page.first("#token").send_keys("s3cret", Keys.ENTER)
    page.wait(lambda: page.text("main h1").startswith("Session token-"))
    assert page.first("#picker").is_displayed()

    assert page.driver.execute_script("return document.cookie") == ""
    page.first("#logout").click()
    page.first("#token")
