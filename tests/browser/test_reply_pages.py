"""Records and errors as pages in a browser."""

from __future__ import annotations

from typing import get_args

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.page import PHONE_WIDTH_PX, Page, Scheme
from tests.browser.test_api_pages import send
from tests.service.api import Service

pytestmark = pytest.mark.browser

ATTACK = "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">"
PATHS = ("posts", "posts/1", "posts/99", "wides", "wides/1")


@pytest.fixture(scope="module")
def shop(service: Service) -> str:
    """The address of a session with records of all kinds."""
    texts = ["Hammer", ATTACK, "A long text. " * 50]
    posts = [
        {"title": text, "done": n % 2 == 0, "price": n / 4} for n, text in enumerate(texts * 9)
    ]
    place = {"city": "Bonn", "tags": ["a", "b"], "geo": {"lat": 50.7, "lng": 7.1}}
    posts[0] |= {"place": place, "url": f"https://example.com/{'x' * 300}", "none": None}
    send(f"{service.url}/posts", "pages", posts)
    send(f"{service.url}/comments", "pages", [{"text": "Nice", "post_id": 1}])
    wide = {f"field_{number}": "x" * 300 for number in range(100)}
    send(f"{service.url}/wides", "pages", [wide, wide])
    return f"{service.url}/@pages"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_every_text_is_readable(page: Page, shop: str, scheme: Scheme, path: str) -> None:
    page.prefer(scheme)
    page.open(f"{shop}/{path}")
    page.save_screenshot(f"replies-{path.replace('/', '-')}-{scheme}")

    assert [text for text in page.contrasts() if text.contrast < 4.5] == []
    assert page.console_errors() == [] or path == "posts/99"  # the status is an entry there
    assert page.hosts() == {shop.removeprefix("http://").partition("/")[0]}


@pytest.mark.parametrize("path", PATHS)
def test_it_fits_a_phone(page: Page, shop: str, path: str) -> None:
    page.resize(PHONE_WIDTH_PX)
    page.open(f"{shop}/{path}")
    page.save_screenshot(f"replies-{path.replace('/', '-')}-phone")

    assert page.driver.execute_script(
        "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


@pytest.mark.parametrize("width_px", [1024, PHONE_WIDTH_PX])
def test_a_long_text_beside_many_fields_makes_no_tall_rows(
    page: Page, service: Service, width_px: int
) -> None:
    """A browser gives such a column the width of its longest word."""
    fields = {f"field {number}": "a few words here" for number in range(9)}
    send(f"{service.url}/notes", "tall", [{**fields, "text": "A long text. " * 50}])
    page.resize(width_px)
    page.open(f"{service.url}/@tall/notes")

    assert page.first("tbody tr").size["height"] < 160


def test_a_stored_script_is_text(page: Page, shop: str) -> None:
    for path in ("posts", "posts/2", "posts?sort=-title"):
        page.open(f"{shop}/{path}")
        assert "<script>" in page.text("main")
        assert page.driver.title.endswith("LARST")
    assert page.console_errors() == []


def test_the_keyboard_goes_from_a_list_to_a_related_record(page: Page, shop: str) -> None:
    """Every link shows the focus, and the table scrolls with the arrow keys."""
    page.open(f"{shop}/comments")
    body = page.first("body")
    for _ in page.all("a, [tabindex]"):
        body.send_keys(Keys.TAB)
        assert (
            page.driver.switch_to.active_element.value_of_css_property("outline-style") == "solid"
        )
    page.first("tbody th a").send_keys(Keys.ENTER)
    page.wait(lambda: page.driver.current_url.endswith("/comments/1"))
    page.first("dd a").send_keys(Keys.ENTER)
    page.wait(lambda: page.driver.current_url.endswith("/@pages/posts/1"))

    assert "Hammer" in page.text("main")
    page.first("nav[aria-label='Related records'] li:nth-child(2) a").click()
    assert page.wait(lambda: "Nice" in page.text("main"))


def test_a_list_is_sorted_and_paged(page: Page, shop: str) -> None:
    page.open(f"{shop}/posts?limit=10")
    assert page.text("caption") == "Records 1 to 10 of 27"
    page.first("a[rel=next]").click()
    page.wait(lambda: page.text("caption") == "Records 11 to 20 of 27")
    page.driver.find_element("link text", "price").click()
    page.wait(lambda: page.all("[aria-sort=ascending]"))
    page.first("[aria-sort] a").click()
    page.wait(lambda: page.all("[aria-sort=descending]"))

    assert page.text("caption") == "Records 1 to 10 of 27"
    assert page.text("tbody th") == "27"


def test_the_same_address_is_json_for_a_script(page: Page, shop: str) -> None:
    """The browser's cache must not mix the two forms, in either order."""
    address = f"{shop}/posts/1"
    fetch = f"fetch('{address}').then((reply) => reply.text()).then(arguments[0], arguments[0])"
    page.open(address)
    page.open(f"{shop}/docs")
    fetched = page.driver.execute_async_script(fetch)
    page.open(address)

    assert fetched.startswith('{"id":1')
    assert "Hammer" in page.text("dd:has(> *), main")
    page.driver.find_element("link text", "As JSON").click()
    assert page.wait(lambda: page.text("body").startswith('{"id":1'))


def test_an_error_leads_on(page: Page, shop: str) -> None:
    page.open(f"{shop}/posts/99")

    assert page.text("h1") == "Not found"
    page.driver.find_element("link text", "All posts").click()
    assert page.wait(
        lambda: "of 27" in page.text("caption") or "27 records" in page.text("caption")
    )
