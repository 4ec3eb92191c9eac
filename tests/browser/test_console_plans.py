"""The console's page of a plan that a model made: its intent, its cases, new versions."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.axe import violations
from tests.browser.console import click
from tests.browser.page import PHONE_WIDTH_PX, Page, Scheme
from tests.browser.test_console_keyboard import press, tab_to
from tests.service.api import Service

pytestmark = pytest.mark.browser

TOTAL = 'REPLY = make_response(200, {"total": store.aggregate("sum", "price")})'
COUNT = 'REPLY = make_response(200, {"total": store.count()})'
INTENT = "the sum of all prices, <b>paid</b> or not"
ITEM = "<script>document.title='run'</script>"


def summary(_prompt: str) -> str:
    """Plan a program that sums the prices."""
    code = {"language": "python", "block": TOTAL}
    return json.dumps({"action": "custom", "resource": "orders", "code": code})


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a pinned plan in the console, which has an intent and a case."""
    folder = tmp_path_factory.mktemp("taught")
    handler = f"{__name__}.{summary.__name__}"
    with Service(folder / "data", folder / "log", LLM_MOCK_HANDLER=handler) as running:
        for price in (3, 4):
            _send(running, "POST", "/orders", {"item": ITEM, "price": price})
        headers = _send(running, "GET", "/orders/summary?year=2026")
        key = headers["X-LARST-Plan"]
        _send(running, "POST", f"/_larst/plans/{key}/pin")
        yield f"{running.url}/_larst/#/plans/{key}"


def _send(service: Service, method: str, path: str, body: object = None) -> dict[str, str]:
    """Send a request; return the headers of the reply."""
    headers = {"Content-Type": "application/json"}
    if method == "GET":
        headers["X-LARST-Intent"] = INTENT
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(service.url + path, content, headers, method=method)  # noqa: S310 - the service's own
    with urllib.request.urlopen(request) as reply:  # noqa: S310 - as above
        return dict(reply.headers)


def open_plan(page: Page, url: str) -> None:
    page.open("about:blank")
    page.open(url)
    page.first("#program")


def test_the_intent_and_the_cases_are_shown_as_text(page: Page, taught: str) -> None:
    open_plan(page, taught)
    assert INTENT in page.text("main dl")
    assert page.text(".case summary") == "GET /orders/summary?year=2026 must get 200: not run yet"

    page.first(".case summary").click()
    text = page.text(".case")
    for part in ("It has no body.", "Records that it finds", '"price": 4', ITEM, '"total": 7'):
        assert part in text
    assert page.all("main script, main b") == []
    assert page.driver.title != "run"


def test_the_cases_are_run_with_the_keyboard(page: Page, taught: str) -> None:
    open_plan(page, taught)
    tab_to(page, "Run the cases")
    press(page, Keys.ENTER)

    page.wait(lambda: page.text("#notice") == "1 passed, 0 failed")
    assert page.text(".case summary").endswith("must get 200: passed")
    assert page.driver.switch_to.active_element.text == "Run the cases"


def test_a_version_that_fails_a_case_is_refused_unless_it_is_dropped(
    page: Page, taught: str
) -> None:
    """The refusal says which case fails, and how its reply differs."""
    open_plan(page, taught)
    area = page.first("#program")
    area.clear()
    area.send_keys(COUNT)
    click(page, "Save as a new version")
    page.wait(lambda: "fails 1 of 1 cases" in page.text("#notice"))
    assert "GET /orders/summary" in page.text("#notice")
    assert page.driver.current_url == taught

    page.first("#force").click()
    click(page, "Save as a new version")
    page.wait(lambda: page.text("#notice") == "The new version is pinned.")
    assert "This plan has no case." in page.text("main")


@pytest.mark.parametrize(
    ("scheme", "width_px"), [("light", 1024), ("dark", PHONE_WIDTH_PX)], ids=["light", "dark phone"]
)
def test_it_breaks_no_rule_and_fits(page: Page, taught: str, scheme: Scheme, width_px: int) -> None:
    """With a case that is open, and its difference if the program no longer passes."""
    page.prefer(scheme)
    page.resize(width_px)
    open_plan(page, taught)
    click(page, "Run the cases")
    page.wait(lambda: page.text("#notice"))
    page.first(".case summary").click()
    page.save_screenshot(f"console-plan-{scheme}-{width_px}")

    assert violations(page) == []
    assert page.overflow_px() == 0
