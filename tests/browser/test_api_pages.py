"""Swagger UI and ReDoc in a browser, for one session."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.page import PHONE_WIDTH_PX, Page, Scheme
from tests.service.api import Service

pytestmark = pytest.mark.browser

TOKEN = "t0ken-of-tests"

LIVE_STATUS = (
    "#operations-products-createProduct .live-responses-table .response .response-col_status"
)

PAGES = ["docs", pytest.param("redoc", marks=pytest.mark.slow)]
"""They share the code for sessions and tokens, so the second one is for the slow run."""


def send(url: str, session: str, body: Any = None, token: str = "") -> Any:
    """Send a GET, or a POST with a body, and return the JSON of the reply."""
    headers = {"X-Session-ID": session, "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, headers)  # noqa: S310  # the tests' own service
    with urllib.request.urlopen(request) as reply:  # noqa: S310
        return json.loads(reply.read())


@pytest.fixture
def shop(service: Service, request: pytest.FixtureRequest) -> str:
    """The name of a session with a product."""
    session = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:100]
    send(f"{service.url}/products", session, [{"name": "Hammer", "price": 19.9, "new": True}])
    return session


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Service]:
    """A service that requires a token."""
    with Service(tmp_path / "data", tmp_path / "log", LARS_AUTH_TOKEN=TOKEN) as running:
        yield running


def try_create(page: Page, body: Any) -> None:
    """Create a product with the form of Swagger UI."""
    operation = "#operations-products-createProduct"
    page.first(f"{operation} .opblock-summary-control").click()
    field = page.first(f"{operation} textarea.body-param__text")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(json.dumps(body))
    page.first(f"{operation} button.execute").click()


def test_a_form_stores_the_record_in_the_session(page: Page, service: Service, shop: str) -> None:
    page.resize(1280, 1600)
    page.open(f"{service.url}/docs?session={shop}")

    try_create(page, {"name": "Saw", "price": 29})

    assert page.wait(lambda: "201" in page.text(LIVE_STATUS))
    page.save_screenshot("docs-try-it-out")
    assert send(f"{service.url}/products/2", shop) == {"id": 2, "name": "Saw", "price": 29}
    assert page.console_errors() == []
    assert page.hosts() == {service.url.removeprefix("http://")}


def test_the_page_can_switch_to_another_session(page: Page, service: Service, shop: str) -> None:
    """`/docs` opens the visitor's default session; the bar names another."""
    page.open(f"{service.url}/docs")
    page.first(".opblock")
    assert not page.all("#operations-products-listProducts")

    page.first("#session").send_keys(shop, Keys.ENTER)

    assert page.first("#operations-products-listProducts")
    assert page.driver.current_url.endswith(f"?session={shop}")
    assert page.first("#other").get_attribute("href") == f"{service.url}/redoc?session={shop}"


def test_redoc_shows_the_session_and_loads_nothing_from_other_hosts(
    page: Page, service: Service, shop: str
) -> None:
    page.resize(1280, 1600)
    page.open(f"{service.url}/redoc?session={shop}")

    assert page.wait(lambda: "List products" in page.text("#api"))
    page.save_screenshot("redoc")
    assert page.console_errors() == []
    assert page.console_warnings() == []
    assert page.hosts() == {service.url.removeprefix("http://")}


@pytest.mark.parametrize("name", PAGES)
def test_the_longest_session_name_fits_in_the_title(
    page: Page, service: Service, name: str
) -> None:
    """The session of a client that names none has 64 characters, and is the first that it sees."""
    page.resize(1280)
    page.open(f"{service.url}/{name}?session={'a' * 128}")
    page.wait(lambda: "aaa" in page.text("#api"))

    title = (
        "[...document.querySelectorAll('#api :is(h1, h2)')].find((e) => /aaa/.test(e.innerText))"
    )
    excess = page.wait_for_script(f"[{title}].map((e) => e.scrollWidth - e.clientWidth)")

    assert excess == [0]
    assert page.overflow_px() <= 0


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_the_token_and_remembers_it_for_the_tab(
    page: Page, guarded: Service, name: str
) -> None:
    send(f"{guarded.url}/products", "one", {"name": "Hammer", "price": 1}, TOKEN)
    page.open(f"{guarded.url}/{name}?session=one")
    assert page.wait(lambda: "requires a token" in page.text("#notice"))

    page.first("#token").send_keys("wrong", Keys.ENTER)
    assert page.wait(lambda: "not the service's token" in page.text("#notice"))
    page.first("#token").send_keys(Keys.CONTROL, "a")
    page.first("#token").send_keys(TOKEN, Keys.ENTER)

    assert page.wait(lambda: "products" in page.text("#api"))
    page.open(f"{guarded.url}/{name}?session=one")
    assert page.wait(lambda: "products" in page.text("#api"))
    assert TOKEN not in page.driver.current_url


def test_a_form_sends_the_token(page: Page, guarded: Service) -> None:
    send(f"{guarded.url}/products", "one", {"name": "Hammer", "price": 1}, TOKEN)
    page.resize(1280, 1600)
    page.open(f"{guarded.url}/docs?session=one")
    page.wait(lambda: page.first("#token").is_displayed())
    page.first("#token").send_keys(TOKEN, Keys.ENTER)

    try_create(page, {"name": "Saw", "price": 2})

    assert page.wait(lambda: "201" in page.text(LIVE_STATUS))


def test_a_form_sends_to_the_session_that_is_shown(page: Page, guarded: Service) -> None:
    """Text in the bar has no effect before the user submits it."""
    for session in ("shown", "typed"):
        send(f"{guarded.url}/products", session, {"name": "Hammer", "price": 1}, TOKEN)
    page.resize(1280, 1600)
    page.open(f"{guarded.url}/docs?session=shown")
    page.wait(lambda: page.first("#token").is_displayed())
    page.first("#token").send_keys(TOKEN, Keys.ENTER)
    page.first("#operations-products-createProduct")

    page.first("#session").send_keys(Keys.CONTROL, "a")
    page.first("#session").send_keys("typed")
    page.first("#token").send_keys("no more")
    try_create(page, {"name": "Saw", "price": 2})

    assert page.wait(lambda: "201" in page.text(LIVE_STATUS))
    saw = {"id": 2, "name": "Saw", "price": 2}
    assert send(f"{guarded.url}/products/2", "shown", token=TOKEN) == saw
    assert len(send(f"{guarded.url}/products", "typed", token=TOKEN)["items"]) == 1


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    "session",
    [
        "сессия",
        pytest.param("no session", marks=pytest.mark.slow),
        pytest.param("a" * 129, marks=pytest.mark.slow),
    ],
)
def test_an_invalid_session_name_is_reported(
    page: Page, service: Service, name: str, session: str
) -> None:
    page.open(f"{service.url}/{name}?session={quote(session)}")

    assert page.wait(lambda: "bad session id" in page.text("#notice"))
    assert page.text("#notice").endswith("1 to 128 of the characters A-Z a-z 0-9 _ and -")


@pytest.mark.parametrize("name", PAGES)
def test_an_invalid_session_name_removes_the_old_document(
    page: Page, service: Service, shop: str, name: str
) -> None:
    page.open(f"{service.url}/{name}?session={shop}")
    page.wait(lambda: "products" in page.text("#api"))

    page.first("#session").send_keys(" сессия", Keys.ENTER)
    page.wait(lambda: "bad session id" in page.text("#notice"))
    remaining = page.text("#api")
    page.first("#session").send_keys(Keys.CONTROL, "a")
    page.first("#session").send_keys(shop, Keys.ENTER)

    assert page.wait(lambda: "products" in page.text("#api"))
    assert remaining == ""
    assert page.text("#notice") == ""
    assert page.console_errors() == []


@pytest.mark.parametrize("name", PAGES)
def test_a_wrong_token_removes_the_old_document(page: Page, guarded: Service, name: str) -> None:
    send(f"{guarded.url}/products", "one", {"name": "Hammer", "price": 1}, TOKEN)
    page.open(f"{guarded.url}/{name}?session=one")
    page.wait(lambda: page.first("#token").is_displayed())
    page.first("#token").send_keys(TOKEN, Keys.ENTER)
    page.wait(lambda: "products" in page.text("#api"))

    page.first("#token").send_keys("wrong", Keys.ENTER)

    assert page.wait(lambda: "not the service's token" in page.text("#notice"))
    assert page.text("#api") == ""


def test_of_two_overlapping_loads_the_later_one_wins(
    page: Page, service: Service, shop: str
) -> None:
    """The reply to the first arrives last."""
    page.open(f"{service.url}/docs")
    page.first(".opblock")
    page.driver.execute_script(
        """
        const real = window.fetch;
        window.fetch = (...parameters) => {
          window.fetch = real;
          return new Promise((resolve) => { window.release = resolve; }).then(() => {
            window.reply = real(...parameters);
            return window.reply;
          });
        };
        """
    )
    page.first("#session").send_keys("none-yet", Keys.ENTER)
    page.first("#session").send_keys(Keys.CONTROL, "a")
    page.first("#session").send_keys(shop, Keys.ENTER)
    page.first("#operations-products-listProducts")

    page.driver.execute_script("release()")
    page.driver.execute_async_script(
        "const done = arguments[0];"
        "const later = () => reply.then(() => setTimeout(done));"
        "const poll = () => (window.reply ? later() : setTimeout(poll)); poll();"
    )

    assert page.all("#operations-products-listProducts")


@pytest.mark.parametrize("name", PAGES)
def test_the_bar_fits_a_phone(page: Page, service: Service, shop: str, name: str) -> None:
    page.resize(PHONE_WIDTH_PX)
    page.open(f"{service.url}/{name}?session={shop}")
    page.wait(lambda: "products" in page.text("#api"))

    bar = "document.getElementById('bar')"
    assert page.wait_for_script(f"{bar}.scrollWidth <= {PHONE_WIDTH_PX}")


def test_an_open_operation_fits_a_phone(page: Page, service: Service, shop: str) -> None:
    page.resize(PHONE_WIDTH_PX)
    page.open(f"{service.url}/docs?session={shop}")
    try_create(page, {"name": "Saw", "price": 29})
    page.first(LIVE_STATUS)
    page.first("#operations-products-listProducts .opblock-summary-control").click()
    page.first("#operations-products-listProducts table.parameters")
    page.save_screenshot("docs-phone")

    assert page.overflow_px() <= 0


def test_redoc_fits_a_phone(page: Page, service: Service, shop: str) -> None:
    page.resize(PHONE_WIDTH_PX)
    page.open(f"{service.url}/redoc?session={shop}")
    page.wait(lambda: "List products" in page.text("#api"))

    assert page.overflow_px() <= 0


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("docs", "dark"),
        ("redoc", "light"),
        pytest.param("docs", "light", marks=pytest.mark.slow),
        pytest.param("redoc", "dark", marks=pytest.mark.slow),
    ],
)
def test_every_text_is_readable(
    page: Page, service: Service, shop: str, name: str, scheme: Scheme
) -> None:
    """WCAG 2.2 (1.4.3). Swagger UI's own theme has white on light green."""
    page.prefer(scheme)
    page.resize(1280, 1600)
    page.open(f"{service.url}/{name}?session={shop}")
    page.wait(lambda: "products" in page.text("#api"))
    if name == "docs":
        try_create(page, {"name": "Saw", "price": 29})
        page.wait(lambda: page.all(LIVE_STATUS))
        page.first("section.models h4 button").click()
        page.first("section.models .json-schema-2020-12-accordion").click()
    page.save_screenshot(f"{name}-{scheme}")

    assert {(text.colours, text.text) for text in page.contrasts() if text.contrast < 4.5} == set()
    assert page.console_errors() == []


@pytest.mark.parametrize("name", PAGES)
def test_the_schemes_differ(page: Page, service: Service, shop: str, name: str) -> None:
    background = "getComputedStyle(document.getElementById('api')).backgroundColor"
    colours = set()
    for scheme in get_args(Scheme):
        page.prefer(scheme)
        page.open(f"{service.url}/{name}?session={shop}")
        colours.add(page.wait_for_script(background))

    assert len(colours) == 2


def test_redoc_follows_a_change_of_the_scheme(page: Page, service: Service, shop: str) -> None:
    page.open(f"{service.url}/redoc?session={shop}")
    page.wait(lambda: page.all("#api h2"))
    colour = "getComputedStyle(document.querySelector('#api h2')).color"
    light = page.wait_for_script(colour)

    page.prefer("dark")

    assert page.wait_for_script(f"document.querySelector('#api h2') && {colour} !== '{light}'")


def test_a_token_that_no_header_can_carry_is_refused(page: Page, guarded: Service) -> None:
    page.open(f"{guarded.url}/docs?session=one")
    page.wait(lambda: page.first("#token").is_displayed())

    page.first("#token").send_keys("ключ", Keys.ENTER)

    assert page.wait(lambda: "This is not the service's" in page.text("#notice"))


def test_a_reply_without_a_document_is_reported(page: Page, service: Service, shop: str) -> None:
    """A proxy sends one when the service is down."""
    page.open(f"{service.url}/docs?session={shop}")
    page.wait(lambda: "products" in page.text("#api"))
    page.driver.execute_script(
        "window.fetch = async () => new Response('<h1>Bad Gateway</h1>', { status: 502 })"
    )

    page.first("#bar button").click()

    assert page.wait(lambda: "answered 502" in page.text("#notice"))
    assert page.text("#api") == ""
