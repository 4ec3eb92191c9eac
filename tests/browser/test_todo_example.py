"""The to-do example in a browser, against a real service on another origin."""

from __future__ import annotations

import json
import urllib.request
from typing import get_args
from urllib.parse import quote

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.page import PHONE_WIDTH_PX, Page, Scheme
from tests.service.api import Service

pytestmark = pytest.mark.browser


class TodoPage:
    """The application in terms of its user."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def add(self, *texts: str) -> None:
        for text in texts:
            expected = [*self.texts(), text]
            self.page.first("#new").send_keys(text, Keys.ENTER)
            self.wait_for(*expected)

    def texts(self) -> list[str]:
        script = "return [...document.querySelectorAll('li label span')].map((s) => s.textContent)"
        return list(self.page.driver.execute_script(script))

    def wait_for(self, *texts: str) -> None:
        self.page.wait(lambda: self.texts() == list(texts))

    def finish(self, text: str) -> None:
        before = self.page.text("#count")
        self.page.first(f"li:nth-child({self.texts().index(text) + 1}) input").click()
        self.page.wait(lambda: self.page.text("#count") != before)

    def press(self, name: str) -> None:
        """Press the button with this accessible name."""
        buttons = self.page.all("button")
        (button,) = [button for button in buttons if button.accessible_name == name]
        button.click()


def delay(page: Page, method: str) -> None:
    """Delay the requests of a method until they are released."""
    page.driver.execute_script(
        """
        const real = window.fetch;
        const [method] = arguments;
        window.delayed = [];
        window.fetch = (address, options) => {
          if (options.method !== method) return real(address, options);
          return new Promise((resolve, fail) => {
            delayed.push({ send: () => resolve(real(address, options)), fail });
          });
        };
        window.release = (how) => {
          window.fetch = real;
          for (const request of delayed) request[how](new TypeError("connection lost"));
        };
        """,
        method,
    )


def release(page: Page, *, fail: bool = False) -> None:
    """Send the delayed requests, or let them fail."""
    page.driver.execute_script("release(arguments[0])", "fail" if fail else "send")


@pytest.fixture
def todo(
    page: Page, service: Service, examples_url: str, request: pytest.FixtureRequest
) -> TodoPage:
    """The application, in a session for this test alone."""
    session = request.node.name.replace("[", "-").rstrip("]")
    page.open(f"{examples_url}/todo.html?api={service.url}&session={session}")
    page.wait(lambda: page.first("#empty").is_displayed())
    return TodoPage(page)


def test_tasks_can_be_added_finished_and_deleted(todo: TodoPage) -> None:
    """The whole life of a list; each step is stored and survives a reload."""
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


def test_a_text_can_be_edited_and_an_edit_cancelled(todo: TodoPage) -> None:
    todo.add("Buy bread")

    todo.press("Edit: Buy bread")
    todo.page.first("#edit").send_keys("Cancelled", Keys.ESCAPE)
    todo.wait_for("Buy bread")
    todo.press("Edit: Buy bread")
    todo.page.first("#edit").send_keys("Buy cake", Keys.ENTER)
    todo.wait_for("Buy cake")

    assert todo.page.driver.switch_to.active_element.accessible_name == "Edit: Buy cake"
    assert todo.page.console_errors() == []


def test_it_sends_requests_only_to_its_own_server_and_to_larst(
    todo: TodoPage, service: Service, examples_url: str
) -> None:
    """CORS allows its requests to the other origin, preflights included."""
    todo.add("Buy bread")

    hosts = {url.removeprefix("http://") for url in (service.url, examples_url)}
    assert todo.page.hosts() == hosts
    assert len(hosts) == 2


def test_each_browser_has_its_own_session(page: Page, service: Service, examples_url: str) -> None:
    """Visitors who try the example do not see each other's lists."""
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


def test_an_unreachable_service_is_reported_and_can_be_retried(
    todo: TodoPage, service: Service
) -> None:
    """The typed text stays, and no step is repeated."""
    page = todo.page
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": [f"{service.url}/*"]})
    try:
        page.first("#new").send_keys("Buy bread", Keys.ENTER)
        page.wait(lambda: page.first("#alert").is_displayed())
        message = page.text("#alert span")
        text = page.first("#new").get_attribute("value")
        page.save_screenshot("todo-error")
        unreadable = [entry for entry in page.contrasts() if entry.contrast < 4.5]
    finally:
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    todo.press("Try again")
    todo.wait_for("Buy bread")

    assert message == f"Nothing answers at {service.url}. Is “larst serve” running there?"
    assert text == "Buy bread"
    assert unreadable == []
    assert not page.first("#alert").is_displayed()


def test_a_retry_does_not_repeat_what_has_succeeded(todo: TodoPage) -> None:
    """The task was added, but reading the list failed: the retry must not add it twice."""
    page = todo.page
    page.driver.execute_script(
        """
        const real = window.fetch;
        window.fetch = (address, options) => {
          if (options.method !== "GET") return real(address, options);
          window.fetch = real;
          return Promise.reject(new TypeError("connection lost"));
        };
        """
    )
    page.first("#new").send_keys("Buy bread", Keys.ENTER)
    page.wait(lambda: page.first("#alert").is_displayed())

    todo.press("Try again")

    todo.wait_for("Buy bread")


def test_an_error_of_larst_is_shown_in_its_own_words(todo: TodoPage, service: Service) -> None:
    """Another client has deleted the task."""
    page = todo.page
    todo.add("Buy bread")
    deletion = urllib.request.Request(  # noqa: S310 - the service's own address
        f"{service.url}/todos/1", headers={"X-Session-ID": page.text("#session")}, method="DELETE"
    )
    urllib.request.urlopen(deletion).close()  # noqa: S310

    todo.press("Delete: Buy bread")
    page.wait(lambda: page.first("#alert").is_displayed())

    assert page.text("#alert span") == "not found"


@pytest.mark.parametrize("session", ["not/a/name", "сессия", "a" * 129])
def test_an_invalid_session_name_is_reported(
    page: Page, service: Service, examples_url: str, session: str
) -> None:
    page.open(f"{examples_url}/todo.html?api={service.url}&session={quote(session)}")

    page.wait(lambda: page.first("#alert").is_displayed())

    allowed = "must be 1 to 128 of the characters A-Z a-z 0-9 _ and -"
    assert page.text("#alert span") == f"A session's name {allowed}"


def test_enter_pressed_twice_adds_once(todo: TodoPage) -> None:
    page = todo.page
    delay(page, "POST")

    page.first("#new").send_keys("Buy bread", Keys.ENTER, Keys.ENTER)
    request_count = page.driver.execute_script("return delayed.length")
    release(page)

    todo.wait_for("Buy bread")
    assert request_count == 1
    todo.add("Call Ann")


def test_text_typed_while_a_task_is_added_stays(todo: TodoPage) -> None:
    page = todo.page
    delay(page, "POST")
    page.first("#new").send_keys("Buy bread", Keys.ENTER)
    page.first("#new").send_keys(Keys.CONTROL, "a")
    page.first("#new").send_keys("Call Ann")

    release(page)

    todo.wait_for("Buy bread")
    assert page.first("#new").get_attribute("value") == "Call Ann"


def test_a_retry_sends_the_corrected_text(todo: TodoPage) -> None:
    page = todo.page
    delay(page, "POST")
    page.first("#new").send_keys("Buy bred", Keys.ENTER)
    release(page, fail=True)
    page.wait(lambda: page.first("#alert").is_displayed())
    page.first("#new").send_keys(Keys.CONTROL, "a")
    page.first("#new").send_keys("Buy bread")

    todo.press("Try again")

    todo.wait_for("Buy bread")
    assert page.first("#new").get_attribute("value") == ""


def test_a_retry_saves_the_corrected_edit(todo: TodoPage) -> None:
    page = todo.page
    todo.add("Buy bread")
    page.first("#list button").click()
    delay(page, "PATCH")
    page.first("#edit").send_keys("Buy mlik", Keys.ENTER)
    release(page, fail=True)
    page.wait(lambda: page.first("#alert").is_displayed())
    page.first("#edit").send_keys(Keys.CONTROL, "a")
    page.first("#edit").send_keys("Buy milk")

    todo.press("Try again")

    todo.wait_for("Buy milk")
    assert not page.all("#edit")


def test_a_failed_task_is_not_lost_while_the_next_is_typed(todo: TodoPage) -> None:
    page = todo.page
    delay(page, "POST")
    page.first("#new").send_keys("Buy bread", Keys.ENTER)
    page.first("#new").send_keys(Keys.CONTROL, "a")
    page.first("#new").send_keys("Call Ann")
    release(page, fail=True)
    page.wait(lambda: page.first("#alert").is_displayed())

    todo.press("Try again")

    todo.wait_for("Buy bread")
    assert page.first("#new").get_attribute("value") == "Call Ann"


def test_saving_one_row_leaves_the_editor_of_another_open(todo: TodoPage) -> None:
    page = todo.page
    todo.add("Buy bread", "Call Ann")
    delay(page, "PATCH")
    todo.press("Edit: Buy bread")
    page.first("#edit").send_keys("Buy cake", Keys.ENTER)
    todo.press("Edit: Call Ann")
    page.first("#edit").send_keys("Call Bob")

    release(page)

    todo.wait_for("Buy cake")  # the row of Call Ann is a field
    assert page.first("#edit").get_attribute("value") == "Call Bob"
    page.first("#edit").send_keys(Keys.ENTER)
    todo.wait_for("Buy cake", "Call Bob")


def test_each_service_address_has_its_own_session(
    page: Page, service: Service, examples_url: str
) -> None:
    """A link to another service must not reveal the name of the session on this one."""
    elsewhere = service.url.replace("127.0.0.1", "localhost")
    sessions = []
    for api in (service.url, elsewhere, service.url):
        page.open(f"{examples_url}/todo.html?api={api}")
        sessions.append(page.text("#session"))

    home, remote, home_again = sessions
    assert remote != home
    assert home_again == home


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_it_is_readable_and_fits_a_phone(todo: TodoPage, scheme: Scheme) -> None:
    page = todo.page
    page.prefer(scheme)
    todo.add("Buy bread", "Call Ann about the long weekend in the mountains", "W" * 60)
    todo.finish("Buy bread")
    page.save_screenshot(f"todo-{scheme}")
    page.resize(PHONE_WIDTH_PX)
    todo.press("Edit: Call Ann about the long weekend in the mountains")
    page.save_screenshot(f"todo-phone-{scheme}")

    assert page.overflow_px() == 0
    assert [text for text in page.contrasts() if text.contrast < 4.5] == []


def test_its_tasks_are_ordinary_records(todo: TodoPage, service: Service) -> None:
    """Any client of the session can read them."""
    todo.add("Buy bread")

    session = todo.page.text("#session")
    request = urllib.request.Request(  # noqa: S310 - the service's own address
        f"{service.url}/todos/1", headers={"X-Session-ID": session}
    )
    with urllib.request.urlopen(request) as reply:  # noqa: S310
        assert json.load(reply) == {"id": 1, "text": "Buy bread", "done": False}
