"""What a person sees who opens the service's address in a browser."""

from __future__ import annotations

import shlex
import urllib.request
from typing import get_args

import pytest
from selenium.webdriver.common.by import By

from tests.browser.page import WIDTH_OF_A_PHONE, Page, Scheme
from tests.service.api import Service

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_every_text_is_readable(page: Page, service: Service, scheme: Scheme) -> None:
    """4.5:1 is what WCAG 2.2 (1.4.3) asks of text, by day and by night."""
    page.prefer(scheme)
    page.open(service.url)
    page.shoot(f"landing-{scheme}")

    texts = page.contrasts()

    assert len(texts) > 30
    assert [text for text in texts if text.contrast < 4.5] == []


def test_the_schemes_differ(page: Page, service: Service) -> None:
    """Else the test above would see the same page twice."""
    page.open(service.url)
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.wait_for_script(background)
    page.prefer("dark")

    assert page.wait_for_script(background) != light


def test_it_works_by_itself_and_asks_no_other_host(page: Page, service: Service) -> None:
    """It must work on a machine without a network; and its own policy must not break it."""
    page.open(service.url)

    assert page.console_errors() == []
    assert page.hosts() == {service.url.removeprefix("http://")}


def test_its_commands_are_for_the_address_in_the_address_bar(page: Page, service: Service) -> None:
    """A command is copied as it stands: by whichever name this machine was reached."""
    page.open(service.url.replace("127.0.0.1", "localhost"))

    commands = [shlex.split(element.text) for element in page.all(".steps pre code")]

    address = service.url.replace("127.0.0.1", "localhost")
    assert [command[:2] for command in commands] == [
        ["curl", f"{address}/members/"],
        ["curl", f"{address}/members/1"],
        ["curl", f"{address}/members/search?name=A*"],
    ]


def test_its_commands_reply_what_it_says(page: Page, service: Service) -> None:
    """Typed one after the other on the browser's machine: a newcomer's first minute."""
    page.open(service.url)

    for step in page.all(".steps li"):
        shown = step.find_element(By.CSS_SELECTOR, ".reply").text
        assert _typed(step.find_element(By.CSS_SELECTOR, "pre code").text) == shown


def _typed(command: str) -> str:
    """Return what curl would get, as the page writes it: the status and the body."""
    _curl, address, *options = shlex.split(command)
    body = options[1].encode() if options[:1] == ["-d"] else None
    with urllib.request.urlopen(address, data=body) as reply:  # noqa: S310 - the service's own
        return f"{reply.status} {reply.read().decode()}"


def test_a_button_copies_the_command_beside_it(page: Page, service: Service) -> None:
    page.open(service.url)
    page.driver.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
    )
    button = page.one(".steps li:nth-child(2) button")
    button.click()
    page.wait(lambda: button.text == "Copied")

    copied = page.driver.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], arguments[0])"
    )

    assert copied == page.text(".steps li:nth-child(2) pre code")
    assert page.text("#told") == "Copied"
    assert page.console_errors() == []


def test_it_works_without_a_script(page: Page, service: Service) -> None:
    """Where scripts are off, no button pretends to copy, and a click selects the command."""
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.open(service.url)
        assert [button.is_displayed() for button in page.all(".bar button")] == [False] * 3
        page.one(".steps pre code").click()
        selected = page.driver.execute_script("return String(getSelection())")
        shown = page.text(".steps pre code")
    finally:
        page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    assert selected == shown


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_it_fits_a_phone(page: Page, service: Service, scheme: Scheme) -> None:
    page.prefer(scheme)
    page.be_wide(WIDTH_OF_A_PHONE)
    page.open(service.url)
    page.shoot(f"landing-phone-{scheme}")

    assert page.overflow_px() == 0


def test_it_can_be_walked_by_its_landmarks(page: Page, service: Service) -> None:
    """A screen reader jumps between them; each but the unique ones has a name."""
    page.open(service.url)

    assert page.driver.title == "LARST, the last REST service"
    assert page.one("html").get_attribute("lang") == "en"
    for landmark in ("body > header", "main", "nav", "footer"):
        assert len(page.all(landmark)) == 1
    assert [found.accessible_name for found in page.all("main section, main nav")] == [
        "Try it, right here",
        "What this session has learned",
        "Who plans",
        "Whose data",
    ]
    assert len(page.all("h1")) == 1


def test_the_keyboard_reaches_everything_and_shows_where_it_is(
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
