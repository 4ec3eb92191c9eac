"""The to-do example, used as a person would, against a real service of another origin."""

from __future__ import annotations

import json
import urllib.request
from typing import get_args
from urllib.parse import quote

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.page import WIDTH_OF_A_PHONE, Page, Scheme
from tests.service.api import Service

pytestmark = pytest.mark.browser


class TodoPage:
    """The application as the words of its user."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def add(self, *texts: str) -> None:
        for text in texts:
            expected = [*self.shown(), text]
            self.page.one("#new").send_keys(text, Keys.ENTER)
            self.wait_for(*expected)

    def shown(self) -> list[str]:
        script = "return [...document.querySelectorAll('li label span')].map((s) => s.textContent)"
        return list(self.page.driver.execute_script(script))

    def wait_for(self, *texts: str) -> None:
        self.page.wait(lambda: self.shown() == list(texts))

    def finish(self, text: str) -> None:
        before = self.page.text("#count")
        self.page.one(f"li:nth-child({self.shown().index(text) + 1}) input").click()
        self.page.wait(lambda: self.page.text("#count") != before)

    def press(self, name: str) -> None:
        """Press the button that has this accessible name."""
        (button,) = [one for one in self.page.all("button") if one.accessible_name == name]
        button.click()


def hold(page: Page, method: str) -> None:
    """Keep the requests of a method on their way until they are released."""
    page.driver.execute_script(
        """
        const real = window.fetch;
        const [method] = arguments;
        window.held = [];
        window.fetch = (address, options) => {
          if (options.method !== method) return real(address, options);
          return new Promise((go, fail) => {
            held.push({ go: () => go(real(address, options)), fail });
          });
        };
        window.release = (how) => {
          window.fetch = real;
          for (const one of held) one[how](new TypeError("gone for a moment"));
        };
        """,
        method,
    )


def release(page: Page, *, fail: bool = False) -> None:
    """Let go on what is held, or let it come to nothing."""
    page.driver.execute_script("release(arguments[0])", "fail" if fail else "go")


@pytest.fixture
def todo(
    page: Page, service: Service, examples_url: str, request: pytest.FixtureRequest
) -> TodoPage:
    """The application, in a session that no other test uses."""
    session = request.node.name.replace("[", "-").rstrip("]")
    page.open(f"{examples_url}/todo.html?api={service.url}&session={session}")
    page.wait(lambda: page.one("#empty").is_displayed())
    return TodoPage(page)


def test_what_is_added_finished_and_deleted_stays_so(todo: TodoPage) -> None:
    """The whole life of a list; each step is told to LARST and survives a reload."""
    page = todo.page
    todo.add("Buy bread", "Call Ann", "Water <b>plants</b>")
    todo.finish("Call Ann")

    todo.press("Open")
    todo.wait_for("Buy bread", "Water <b>plants</b>")
    todo.press("Done")
    todo.wait_for("Call Ann")
    page.driver.refresh()
    todo.wait_for("Call Ann")
    todo.press("All")
    todo.wait_for("Buy bread", "Call Ann", "Water <b>plants</b>")
    assert page.text("#count") == "2 of 3 open"

    todo.press("Delete: Buy bread")
    todo.wait_for("Call Ann", "Water <b>plants</b>")
    todo.press("Clear finished")
    todo.wait_for("Water <b>plants</b>")
    page.driver.refresh()
    todo.wait_for("Water <b>plants</b>")

    assert page.console_errors() == []


def test_a_text_can_be_edited_or_left_as_it_was(todo: TodoPage) -> None:
    todo.add("Buy bread")

    todo.press("Edit: Buy bread")
    todo.page.one("#edit").send_keys("Nothing of it", Keys.ESCAPE)
    todo.wait_for("Buy bread")
    todo.press("Edit: Buy bread")
    todo.page.one("#edit").send_keys("Buy cake", Keys.ENTER)
    todo.wait_for("Buy cake")

    assert todo.page.driver.switch_to.active_element.accessible_name == "Edit: Buy cake"
    assert todo.page.console_errors() == []


def test_it_talks_to_its_own_server_and_to_larst_alone(
    todo: TodoPage, service: Service, examples_url: str
) -> None:
    """Two origins: what it does is allowed by CORS, preflights included."""
    todo.add("Buy bread")

    asked = {url.removeprefix("http://") for url in (service.url, examples_url)}
    assert todo.page.hosts() == asked
    assert len(asked) == 2


def test_a_browser_keeps_a_session_of_its_own(
    page: Page, service: Service, examples_url: str
) -> None:
    """Nobody who tries the example meets the list of somebody else."""
    address = f"{examples_url}/todo.html?api={service.url}"
    page.open(address)
    first = page.text("#session")
    page.driver.refresh()
    again = page.text("#session")
    page.driver.execute_script("localStorage.clear()")
    page.driver.refresh()

    assert first.startswith("todo-")
    assert again == first
    assert page.text("#session") != first


def test_a_service_that_is_away_is_told_of_and_can_be_tried_again(
    todo: TodoPage, service: Service
) -> None:
    """What was typed is still there, and nothing is done twice."""
    page = todo.page
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": [f"{service.url}/*"]})
    try:
        page.one("#new").send_keys("Buy bread", Keys.ENTER)
        page.wait(lambda: page.one("#alert").is_displayed())
        told = page.text("#alert span")
        kept = page.one("#new").get_attribute("value")
        page.shoot("todo-error")
        unreadable = [text for text in page.contrasts() if text.contrast < 4.5]
    finally:
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    todo.press("Try again")
    todo.wait_for("Buy bread")

    assert told == f"Nothing answers at {service.url}. Is “larst serve” running there?"
    assert kept == "Buy bread"
    assert unreadable == []
    assert not page.one("#alert").is_displayed()


def test_what_was_done_already_is_not_tried_again(todo: TodoPage) -> None:
    """Adding worked, and then the list could not be read: there must not be two of it."""
    page = todo.page
    page.driver.execute_script(
        """
        const real = window.fetch;
        window.fetch = (address, options) => {
          if (options.method !== "GET") return real(address, options);
          window.fetch = real;
          return Promise.reject(new TypeError("gone for a moment"));
        };
        """
    )
    page.one("#new").send_keys("Buy bread", Keys.ENTER)
    page.wait(lambda: page.one("#alert").is_displayed())

    todo.press("Try again")

    todo.wait_for("Buy bread")


def test_what_larst_refuses_is_told_in_its_own_words(todo: TodoPage, service: Service) -> None:
    """Somebody else deleted the task meanwhile."""
    page = todo.page
    todo.add("Buy bread")
    gone = urllib.request.Request(  # noqa: S310 - the service's own address
        f"{service.url}/todos/1", headers={"X-Session-ID": page.text("#session")}, method="DELETE"
    )
    urllib.request.urlopen(gone).close()  # noqa: S310

    todo.press("Delete: Buy bread")
    page.wait(lambda: page.one("#alert").is_displayed())

    assert page.text("#alert span") == "not found"


@pytest.mark.parametrize("session", ["not/a/name", "сессия", "a" * 129])
def test_a_session_that_cannot_be_is_told_of(
    page: Page, service: Service, examples_url: str, session: str
) -> None:
    page.open(f"{examples_url}/todo.html?api={service.url}&session={quote(session)}")

    page.wait(lambda: page.one("#alert").is_displayed())

    allowed = "must be 1 to 128 of the characters A-Z a-z 0-9 _ and -"
    assert page.text("#alert span") == f"A session's name {allowed}"


def test_enter_pressed_twice_adds_once(todo: TodoPage) -> None:
    page = todo.page
    hold(page, "POST")

    page.one("#new").send_keys("Buy bread", Keys.ENTER, Keys.ENTER)
    sent = page.driver.execute_script("return held.length")
    release(page)

    todo.wait_for("Buy bread")
    assert sent == 1
    todo.add("Call Ann")


def test_what_is_typed_while_a_task_is_added_stays(todo: TodoPage) -> None:
    page = todo.page
    hold(page, "POST")
    page.one("#new").send_keys("Buy bread", Keys.ENTER)
    page.one("#new").send_keys(Keys.CONTROL, "a")
    page.one("#new").send_keys("Call Ann")

    release(page)

    todo.wait_for("Buy bread")
    assert page.one("#new").get_attribute("value") == "Call Ann"


def test_what_is_corrected_after_a_failure_is_what_is_sent(todo: TodoPage) -> None:
    page = todo.page
    hold(page, "POST")
    page.one("#new").send_keys("Buy bred", Keys.ENTER)
    release(page, fail=True)
    page.wait(lambda: page.one("#alert").is_displayed())
    page.one("#new").send_keys(Keys.CONTROL, "a")
    page.one("#new").send_keys("Buy bread")

    todo.press("Try again")

    todo.wait_for("Buy bread")
    assert page.one("#new").get_attribute("value") == ""


def test_a_correction_after_a_failed_save_is_what_is_saved(todo: TodoPage) -> None:
    page = todo.page
    todo.add("Buy bread")
    page.one("#list button").click()
    hold(page, "PATCH")
    page.one("#edit").send_keys("Buy mlik", Keys.ENTER)
    release(page, fail=True)
    page.wait(lambda: page.one("#alert").is_displayed())
    page.one("#edit").send_keys(Keys.CONTROL, "a")
    page.one("#edit").send_keys("Buy milk")

    todo.press("Try again")

    todo.wait_for("Buy milk")
    assert not page.all("#edit")


def test_a_task_that_failed_while_the_next_was_typed_is_not_lost(todo: TodoPage) -> None:
    page = todo.page
    hold(page, "POST")
    page.one("#new").send_keys("Buy bread", Keys.ENTER)
    page.one("#new").send_keys(Keys.CONTROL, "a")
    page.one("#new").send_keys("Call Ann")
    release(page, fail=True)
    page.wait(lambda: page.one("#alert").is_displayed())

    todo.press("Try again")

    todo.wait_for("Buy bread")
    assert page.one("#new").get_attribute("value") == "Call Ann"


def test_saving_one_row_leaves_the_editor_of_another_open(todo: TodoPage) -> None:
    page = todo.page
    todo.add("Buy bread", "Call Ann")
    hold(page, "PATCH")
    todo.press("Edit: Buy bread")
    page.one("#edit").send_keys("Buy cake", Keys.ENTER)
    todo.press("Edit: Call Ann")
    page.one("#edit").send_keys("Call Bob")

    release(page)

    todo.wait_for("Buy cake")  # the other one is a field
    assert page.one("#edit").get_attribute("value") == "Call Bob"
    page.one("#edit").send_keys(Keys.ENTER)
    todo.wait_for("Buy cake", "Call Bob")


def test_each_address_of_larst_has_a_session_of_its_own(
    page: Page, service: Service, examples_url: str
) -> None:
    """A link that names another service must not tell it the session of the one at home."""
    elsewhere = service.url.replace("127.0.0.1", "localhost")
    found = []
    for api in (service.url, elsewhere, service.url):
        page.open(f"{examples_url}/todo.html?api={api}")
        found.append(page.text("#session"))

    home, other, home_again = found
    assert other != home
    assert home_again == home


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_it_is_readable_and_fits_a_phone(todo: TodoPage, scheme: Scheme) -> None:
    page = todo.page
    page.prefer(scheme)
    todo.add("Buy bread", "Call Ann about the long weekend in the mountains", "W" * 60)
    todo.finish("Buy bread")
    page.shoot(f"todo-{scheme}")
    page.be_wide(WIDTH_OF_A_PHONE)
    todo.press("Edit: Call Ann about the long weekend in the mountains")
    page.shoot(f"todo-phone-{scheme}")

    assert page.overflow_px() == 0
    assert [text for text in page.contrasts() if text.contrast < 4.5] == []


def test_what_it_stored_can_be_asked_for_by_anyone(todo: TodoPage, service: Service) -> None:
    """The data are ordinary records: the page is one client among others."""
    todo.add("Buy bread")

    session = todo.page.text("#session")
    request = urllib.request.Request(  # noqa: S310 - the service's own address
        f"{service.url}/todos/1", headers={"X-Session-ID": session}
    )
    with urllib.request.urlopen(request) as reply:  # noqa: S310
        assert json.load(reply) == {"id": 1, "text": "Buy bread", "done": False}
