"""The pages of a session's own API: Swagger UI and ReDoc, in a browser and in that session."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

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
    with Service(tmp_path / "data", tmp_path / "log", LARS_AUTH_TOKEN=TOKEN) as running:
        yield running


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


def test_what_is_tried_out_goes_to_the_session_that_is_shown(page: Page, guarded: Service) -> None:
    """What is typed into the bar, and not shown yet, changes nothing."""
    for session in ("shown", "typed"):
        ask(f"{guarded.url}/products", session, {"name": "Hammer", "price": 1}, TOKEN)
    page.be_wide(1280, 1600)
    page.open(f"{guarded.url}/docs?session=shown")
    page.wait(lambda: page.one("#token").is_displayed())
    page.one("#token").send_keys(TOKEN, Keys.ENTER)
    page.one("#operations-products-create_product")

    page.one("#session").send_keys(Keys.CONTROL, "a")
    page.one("#session").send_keys("typed")
    page.one("#token").send_keys("no more")
    try_create(page, {"name": "Saw", "price": 2})

    assert page.wait(lambda: "201" in page.text(LIVE_STATUS))
    saw = {"id": 2, "name": "Saw", "price": 2}
    assert ask(f"{guarded.url}/products/2", "shown", token=TOKEN) == saw
    assert len(ask(f"{guarded.url}/products", "typed", token=TOKEN)["items"]) == 1


@pytest.mark.parametrize("name", ["docs", "redoc"])
@pytest.mark.parametrize("session", ["no session", "сессия", "a" * 129])
def test_a_session_that_cannot_be_is_told_of(
    page: Page, service: Service, name: str, session: str
) -> None:
    page.open(f"{service.url}/{name}?session={quote(session)}")

    assert page.wait(lambda: "bad session id" in page.text("#notice"))
    assert page.text("#notice").endswith("1 to 128 of the characters A-Z a-z 0-9 _ and -")


@pytest.mark.parametrize("name", ["docs", "redoc"])
def test_no_old_document_stands_under_a_name_that_cannot_be(
    page: Page, service: Service, shop: str, name: str
) -> None:
    page.open(f"{service.url}/{name}?session={shop}")
    page.wait(lambda: "products" in page.text("#api"))

    page.one("#session").send_keys(" сессия", Keys.ENTER)
    page.wait(lambda: "bad session id" in page.text("#notice"))
    left = page.text("#api")
    page.one("#session").send_keys(Keys.CONTROL, "a")
    page.one("#session").send_keys(shop, Keys.ENTER)

    assert page.wait(lambda: "products" in page.text("#api"))
    assert left == ""
    assert page.text("#notice") == ""
    assert page.console_errors() == []


@pytest.mark.parametrize("name", ["docs", "redoc"])
def test_no_old_document_stands_under_a_token_that_is_refused(
    page: Page, guarded: Service, name: str
) -> None:
    ask(f"{guarded.url}/products", "one", {"name": "Hammer", "price": 1}, TOKEN)
    page.open(f"{guarded.url}/{name}?session=one")
    page.wait(lambda: page.one("#token").is_displayed())
    page.one("#token").send_keys(TOKEN, Keys.ENTER)
    page.wait(lambda: "products" in page.text("#api"))

    page.one("#token").send_keys("wrong", Keys.ENTER)

    assert page.wait(lambda: "not the service's token" in page.text("#notice"))
    assert page.text("#api") == ""


def test_of_two_sessions_asked_for_the_later_one_is_shown(
    page: Page, service: Service, shop: str
) -> None:
    """The first one's answer comes last here."""
    page.open(f"{service.url}/docs")
    page.one(".opblock")
    page.driver.execute_script(
        """
        const real = window.fetch;
        window.fetch = (...asked) => {
          window.fetch = real;
          return new Promise((go) => { window.release = go; }).then(() => {
            window.answered = real(...asked);
            return window.answered;
          });
        };
        """
    )
    page.one("#session").send_keys("none-yet", Keys.ENTER)
    page.one("#session").send_keys(Keys.CONTROL, "a")
    page.one("#session").send_keys(shop, Keys.ENTER)
    page.one("#operations-products-list_products")

    page.driver.execute_script("release()")
    page.driver.execute_async_script(
        "const done = arguments[0];"
        "const later = () => answered.then(() => setTimeout(done));"
        "const look = () => (window.answered ? later() : setTimeout(look)); look();"
    )

    assert page.all("#operations-products-list_products")


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


def test_a_token_that_no_header_can_carry_is_not_the_services(page: Page, guarded: Service) -> None:
    page.open(f"{guarded.url}/docs?session=one")
    page.wait(lambda: page.one("#token").is_displayed())

    page.one("#token").send_keys("ключ", Keys.ENTER)

    assert page.wait(lambda: "this is not the service's" in page.text("#notice"))


def test_an_answer_that_is_no_document_is_told(page: Page, service: Service, shop: str) -> None:
    """As a proxy gives it whose service is away."""
    page.open(f"{service.url}/docs?session={shop}")
    page.wait(lambda: "products" in page.text("#api"))
    page.driver.execute_script(
        "window.fetch = async () => new Response('<h1>Bad Gateway</h1>', { status: 502 })"
    )

    page.one("#bar button").click()

    assert page.wait(lambda: "answered 502" in page.text("#notice"))
    assert page.text("#api") == ""
