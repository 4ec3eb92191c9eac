"""The landing page in a browser."""

from __future__ import annotations

import shlex
import urllib.request
from typing import get_args

import pytest
from selenium.webdriver.common.by import By

from tests.browser.page import PHONE_WIDTH_PX, Page, Scheme
from tests.service.api import Service

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_every_text_is_readable(page: Page, service: Service, scheme: Scheme) -> None:
    """WCAG 2.2 (1.4.3) requires a contrast of 4.5:1, in both colour schemes."""
    page.prefer(scheme)
    page.open(service.url)
    page.save_screenshot(f"landing-{scheme}")

    texts = page.contrasts()

    assert len(texts) > 30
    assert [text for text in texts if text.contrast < 4.5] == []


def test_the_schemes_differ(page: Page, service: Service) -> None:
    """Otherwise the test above would check the same page twice."""
    page.open(service.url)
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.wait_for_script(background)
    page.prefer("dark")

    assert page.wait_for_script(background) != light


def test_it_loads_nothing_from_other_hosts(page: Page, service: Service) -> None:
    """It must work without a network, and under its own Content-Security-Policy."""
    page.open(service.url)

    assert page.console_errors() == []
    assert page.hosts() == {service.url.removeprefix("http://")}


def test_its_commands_use_the_address_of_the_address_bar(page: Page, service: Service) -> None:
    """Users copy a command unchanged, whatever host name they used to open the page."""
    page.open(service.url.replace("127.0.0.1", "localhost"))

    commands = [shlex.split(element.text) for element in page.all(".steps pre code")]

    address = service.url.replace("127.0.0.1", "localhost")
    assert [command[:2] for command in commands] == [
        ["curl", f"{address}/members/"],
        ["curl", f"{address}/members/1"],
        ["curl", f"{address}/members/search?name=A*"],
    ]


def test_its_commands_give_the_replies_that_it_shows(page: Page, service: Service) -> None:
    """A newcomer runs them one after the other on the browser's machine."""
    page.open(service.url)

    for step in page.all(".steps li"):
        reply = step.find_element(By.CSS_SELECTOR, ".reply").text
        assert _run_curl(step.find_element(By.CSS_SELECTOR, "pre code").text) == reply


def _run_curl(command: str) -> str:
    """Return the status and the body that curl would print, in the form that the page uses."""
    _curl, address, *options = shlex.split(command)
    body = options[1].encode() if options[:1] == ["-d"] else None
    with urllib.request.urlopen(address, data=body) as reply:  # noqa: S310 - the service's own
        return f"{reply.status} {reply.read().decode()}"


def test_a_button_copies_its_command(page: Page, service: Service) -> None:
    page.open(service.url)
    page.driver.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
    )
    button = page.first(".steps li:nth-child(2) button")
    button.click()
    page.wait(lambda: button.text == "Copied")

    clipboard = page.driver.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], arguments[0])"
    )

    assert clipboard == page.text(".steps li:nth-child(2) pre code")
    assert page.text("#status") == "Copied"
    assert page.console_errors() == []


def test_it_works_without_scripts(page: Page, service: Service) -> None:
    """Without scripts the copy buttons are hidden, and a click selects the command."""
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.open(service.url)
        assert [button.is_displayed() for button in page.all(".bar button")] == [False] * 3
        page.first(".steps pre code").click()
        selected = page.driver.execute_script("return String(getSelection())")
        command = page.text(".steps pre code")
    finally:
        page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    assert selected == command


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_it_fits_a_phone(page: Page, service: Service, scheme: Scheme) -> None:
    page.prefer(scheme)
    page.resize(PHONE_WIDTH_PX)
    page.open(service.url)
    page.save_screenshot(f"landing-phone-{scheme}")

    assert page.overflow_px() == 0


def test_its_landmarks_have_names(page: Page, service: Service) -> None:
    """Screen readers jump between landmarks and need a name for those that occur repeatedly."""
    page.open(service.url)

    assert page.driver.title == "LARST, the last REST service"
    assert page.first("html").get_attribute("lang") == "en"
    for landmark in ("body > header", "main", "footer"):
        assert len(page.all(landmark)) == 1
    names = [landmark.accessible_name for landmark in page.all("main section, main nav")]
    assert names[-4:] == ["Try it", "Your session's API", "Planner", "Session"]
    assert all(names)
    assert len(set(names)) == len(names)
    assert len(page.all("h1")) == 1


def test_the_keyboard_reaches_every_control_and_shows_the_focus(
    page: Page, service: Service
) -> None:
    page.open(service.url)
    reachable = page.all("a, button")

    for expected in reachable:
        page.driver.execute_cdp_cmd(
            "Input.dispatchKeyEvent",
            {"type": "rawKeyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
        )
        focused = page.driver.switch_to.active_element
        assert focused == expected
        assert focused.value_of_css_property("outline-style") == "solid"
