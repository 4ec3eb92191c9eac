"""The blog example: a front end written for json-server, on the same file served by LARST."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.axe import violations
from tests.browser.conftest import ROOT
from tests.browser.page import PHONE_WIDTH_PX, Page
from tests.service.api import Service

pytestmark = pytest.mark.browser

BLOG = ROOT / "examples" / "blog"


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`larst serve db.json` with the file of the example."""
    folder = tmp_path_factory.mktemp("blog")
    service = Service(folder / "data", folder / "log")
    service.arguments = (str(shutil.copy(BLOG / "db.json", folder)),)
    with service as running:
        yield running


@pytest.fixture
def front(page: Page, blog: Service, examples_url: str) -> Page:
    """The front end, open on another port than the service's."""
    page.open(f"{examples_url}/blog/index.html?api={blog.url}")
    page.wait(lambda: page.all("#posts > li"))
    return page


def titles(page: Page) -> list[str]:
    script = "return [...document.querySelectorAll('#posts h2')].map((title) => title.textContent)"
    return list(page.driver.execute_script(script))


def post_of(page: Page, title: str) -> str:
    """Return the text of a post."""
    return page.all("#posts > li")[titles(page).index(title)].text


def press(page: Page, name: str) -> None:
    """Press the button with this accessible name."""
    (button,) = [button for button in page.all("button") if button.accessible_name == name]
    button.click()


def order(page: Page, value: str) -> None:
    page.first(f"#order option[value='{value}']").click()
    press(page, "Show")


def test_it_lists_sorts_pages_searches_and_embeds(front: Page, blog: Service) -> None:
    """All that it reads arrives as from json-server, headers of paging included."""
    posts = json.loads((BLOG / "db.json").read_text())["posts"]
    expected = sorted(post["title"] for post in posts)
    assert titles(front) == expected[:5]
    assert front.text("#place") == "7 posts, page 1 of 2"
    press(front, "Next")
    front.wait(lambda: titles(front) == expected[5:])

    front.first("#words").send_keys("alps", Keys.ENTER)
    front.wait(lambda: titles(front) == ["A week in the Alps"])
    text = post_of(front, "A week in the Alps")
    for part in ("Ben Okafor, 31 likes", "Which hut was the best?", "Take two pairs of socks."):
        assert part in text

    front.first("#words").clear()
    order(front, "likes desc")
    front.wait(lambda: titles(front)[:2] == ["Learning to swim at forty", "A week in the Alps"])
    assert front.console_errors() == []
    assert blog.url.removeprefix("http://") in front.hosts()


def test_a_post_is_edited_in_the_console_and_shown_after_a_reload(
    front: Page, blog: Service, examples_url: str
) -> None:
    """Both see the same records: made here, changed there, read here."""
    front.first("#title").send_keys("Sharp knives")
    front.first("#body").send_keys("A stone, water, <b>patience</b>.")
    press(front, "Publish")
    order(front, "id desc")
    front.wait(lambda: titles(front)[:1] == ["Sharp knives"])
    press(front, "Sharp knives: Like")
    front.wait(lambda: "Ada Park, 1 likes" in post_of(front, "Sharp knives"))

    front.open(f"{blog.url}/_larst/#/data/posts?sort=-id")
    front.first("tbody tr:first-child a").click()
    front.wait(lambda: front.text("main h1") == "posts 8")
    label = next(item for item in front.all(".record label") if item.text == "title")
    field = front.driver.find_element(By.ID, label.get_attribute("for") or "")
    assert field.get_attribute("value") == "Sharp knives"
    field.clear()
    field.send_keys("Sharper knives", Keys.ENTER)
    front.wait(lambda: front.text("#notice") == "The record is saved.")

    front.open(f"{examples_url}/blog/index.html?api={blog.url}")
    order(front, "id desc")
    front.wait(lambda: titles(front)[:1] == ["Sharper knives"])
    assert "<b>patience</b>" in post_of(front, "Sharper knives")
    press(front, "Sharper knives: Delete")
    front.wait(lambda: "Sharper knives" not in titles(front))
    assert front.console_errors() == []


def test_a_comment_is_added_and_deleted_with_its_post(front: Page, blog: Service) -> None:
    """json-server deletes the records that refer to a deleted one."""
    field = front.driver.find_element(By.CSS_SELECTOR, "[aria-label='Comment on Night trains']")
    field.send_keys("Bring earplugs", Keys.ENTER)
    front.wait(lambda: "Bring earplugs" in post_of(front, "Night trains"))

    press(front, "Night trains: Delete")
    front.wait(lambda: "Night trains" not in titles(front))
    front.open(f"{blog.url}/_larst/#/data/comments")
    front.wait(lambda: "1 to 3 of 3" in front.text("main"))
    assert "Bring earplugs" not in front.text("main")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_and_fits_a_phone(front: Page, scheme: str) -> None:
    front.prefer("dark" if scheme == "dark" else "light")
    front.resize(PHONE_WIDTH_PX)
    front.save_screenshot(f"blog-phone-{scheme}")

    assert front.overflow_px() == 0
    assert violations(front) == []
