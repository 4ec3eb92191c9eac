"""The pages of a session's own API: Swagger UI and ReDoc, in a browser and in that session."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.page import WIDTH_OF_A_PHONE, Page
from tests.service.api import Service

pytestmark = pytest.mark.browser

TOKEN = "t0ken-of-tests"

LIVE_STATUS = (
    "#operations-products-create_product .live-responses-table .response .response-col_status"
)


def ask(url: str, session: str, body: Any = None, token: str = "") -> Any:
    """Return what the service answers, asked as curl would."""
    headers = {"X-Session-ID": session, "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    sent = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, sent, headers)  # noqa: S310  # the tests' own service
    with urllib.request.urlopen(asked) as reply:  # noqa: S310
        return json.loads(reply.read())


@pytest.fixture
def shop(service: Service, request: pytest.FixtureRequest) -> str:
    """The name of a session with products in it."""
    session = "".join(one if one.isalnum() else "-" for one in request.node.name)[:100]
    ask(f"{service.url}/products", session, [{"name": "Hammer", "price": 19.9}])
    return session


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Service]:
    """A service that wants a token."""
    running = Service(tmp_path / "data", tmp_path / "log", LARS_AUTH_TOKEN=TOKEN)
    running.start()
    yield running
    assert running.stop() == 0


def try_create(page: Page, body: Any) -> None:
    """Have Swagger UI send a record, as a person would."""
    operation = "#operations-products-create_product"
    page.one(f"{operation} .opblock-summary-control").click()
    written = page.one(f"{operation} textarea.body-param__text")
    written.send_keys(Keys.CONTROL, "a")
    written.send_keys(json.dumps(body))
    page.one(f"{operation} button.execute").click()


def test_what_is_tried_out_is_stored_in_that_session(
    page: Page, service: Service, shop: str
) -> None:
    page.be_wide(1280, 1600)
    page.open(f"{service.url}/docs?session={shop}")

    try_create(page, {"name": "Saw", "price": 29})

    assert page.wait(lambda: "201" in page.text(LIVE_STATUS))
    page.shoot("docs-try-it-out")
    assert ask(f"{service.url}/products/2", shop) == {"id": 2, "name": "Saw", "price": 29}
    assert page.console_errors() == []
    assert page.hosts() == {service.url.removeprefix("http://")}


def test_a_session_is_named_on_the_page(page: Page, service: Service, shop: str) -> None:
    """Whoever opens /docs sees a session of their own, and gets to any other by its name."""
    page.open(f"{service.url}/docs")
    page.one(".opblock")
    assert not page.all("#operations-products-list_products")

    page.one("#session").send_keys(shop, Keys.ENTER)

    assert page.one("#operations-products-list_products")
    assert page.driver.current_url.endswith(f"?session={shop}")
    assert page.one("#other").get_attribute("href") == f"{service.url}/redoc?session={shop}"


def test_redoc_shows_the_session_and_asks_no_other_host(
    page: Page, service: Service, shop: str
) -> None:
    page.be_wide(1280, 1600)
    page.open(f"{service.url}/redoc?session={shop}")

    assert page.wait(lambda: "List products, filtered" in page.text("#api"))
    page.shoot("redoc")
    assert page.console_errors() == []
    assert page.hosts() == {service.url.removeprefix("http://")}


@pytest.mark.parametrize("name", ["docs", "redoc"])
def test_a_page_asks_for_the_token_and_keeps_it_for_the_tab(
    page: Page, guarded: Service, name: str
) -> None:
    ask(f"{guarded.url}/products", "one", {"name": "Hammer", "price": 1}, TOKEN)
    page.open(f"{guarded.url}/{name}?session=one")
    assert page.wait(lambda: "asks for its token" in page.text("#notice"))

    page.one("#token").send_keys("wrong", Keys.ENTER)
    assert page.wait(lambda: "not the service's token" in page.text("#notice"))
    page.one("#token").send_keys(Keys.CONTROL, "a")
    page.one("#token").send_keys(TOKEN, Keys.ENTER)

    assert page.wait(lambda: "products" in page.text("#api"))
    page.open(f"{guarded.url}/{name}?session=one")
    assert page.wait(lambda: "products" in page.text("#api"))
    assert TOKEN not in page.driver.current_url


def test_with_a_token_what_is_tried_out_carries_it(page: Page, guarded: Service) -> None:
    ask(f"{guarded.url}/products", "one", {"name": "Hammer", "price": 1}, TOKEN)
    page.be_wide(1280, 1600)
    page.open(f"{guarded.url}/docs?session=one")
    page.wait(lambda: page.one("#token").is_displayed())
    page.one("#token").send_keys(TOKEN, Keys.ENTER)

    try_create(page, {"name": "Saw", "price": 2})

    assert page.wait(lambda: "201" in page.text(LIVE_STATUS))


def test_a_session_that_cannot_be_is_told_of(page: Page, service: Service) -> None:
    page.open(f"{service.url}/docs?session=no%20session")

    assert page.wait(lambda: "bad session id" in page.text("#notice"))


@pytest.mark.parametrize("name", ["docs", "redoc"])
def test_the_bar_fits_a_phone(page: Page, service: Service, shop: str, name: str) -> None:
    page.be_wide(WIDTH_OF_A_PHONE)
    page.open(f"{service.url}/{name}?session={shop}")
    page.wait(lambda: "products" in page.text("#api"))

    bar = "document.getElementById('bar')"
    assert page.wait_for_script(f"{bar}.scrollWidth <= {WIDTH_OF_A_PHONE}")


def test_dark_pages_stay_readable(page: Page, service: Service, shop: str) -> None:
    """Both are made for a light page: what is dark around them must not be behind their text."""
    page.prefer("dark")
    page.open(f"{service.url}/docs?session={shop}")
    page.wait(lambda: "products" in page.text("#api"))
    page.shoot("docs-dark")

    assert page.wait_for_script(
        "getComputedStyle(document.getElementById('api')).backgroundColor === 'rgb(255, 255, 255)'"
    )
