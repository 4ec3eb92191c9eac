"""A page in a real browser: its console, its requests, its looks."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

Scheme = Literal["light", "dark"]
Value = TypeVar("Value")

WAIT_S = 10
CONTRASTS = (Path(__file__).parent / "contrasts.js").read_text()
PHONE_WIDTH_PX = 360


@dataclass(frozen=True, slots=True)
class Text:
    """A visible text, and its contrast with the background (WCAG 2.2, 1.4.3)."""

    text: str
    contrast: float
    colours: str


class Page:
    """A page for one test, without storage or cookies. `driver` is Selenium's own object."""

    def __init__(self, driver: WebDriver, artefacts: Path) -> None:
        self.driver = driver
        self._artefacts = artefacts
        self._events: list[dict[str, Any]] = []
        self._console: list[dict[str, Any]] = []

    def open(self, url: str) -> None:
        """Load `url` and everything that its HTML refers to."""
        self.driver.get(url)

    def prefer(self, scheme: Scheme) -> None:
        """Emulate a user who prefers a colour scheme."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def resize(self, width: int, height: int = 800) -> None:
        """Set the size of the window in pixels; it may be narrower than real windows."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def first(self, css: str) -> WebElement:
        """Wait for an element and return the first."""
        return self.wait(lambda: self.all(css))[0]

    def all(self, css: str) -> list[WebElement]:
        """Return the current elements."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self, css: str) -> str:
        """Wait for an element and return the visible text of the first."""
        return self.first(css).text

    def wait(self, condition: Callable[[], Value]) -> Value:
        """Wait until `condition` returns a true value, and return that value.

        A condition on an element that the page has just replaced counts as false.

        Raises:
            TimeoutException: it did not happen within `WAIT_S`.
        """
        return WebDriverWait(self.driver, WAIT_S, poll_frequency=0.02).until(
            lambda _driver: _now(condition)
        )

    def wait_for_script(self, expression: str) -> Any:
        """Wait until a JavaScript expression is truthy, and return its value."""
        return self.wait(lambda: self.driver.execute_script(f"return ({expression})"))

    def console_errors(self) -> list[str]:
        """Return the console messages of level SEVERE, including violations of a policy."""
        return self._console_messages("SEVERE")

    def console_warnings(self) -> list[str]:
        """Return the console messages of level WARNING."""
        return self._console_messages("WARNING")

    def _console_messages(self, level: str) -> list[str]:
        self._console.extend(self.driver.get_log("browser"))  # type: ignore[no-untyped-call]  # Selenium has no types
        return [entry["message"] for entry in self._console if entry["level"] == level]

    def requests(self) -> list[str]:
        """Return the address of every request, including failed ones."""
        for entry in self.driver.get_log("performance"):  # type: ignore[no-untyped-call]  # Selenium has no types
            self._events.append(json.loads(entry["message"])["message"])
        return [
            event["params"]["request"]["url"]
            for event in self._events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def hosts(self) -> set[str]:
        """Return the hosts of all requests, with ports. `data:` addresses have none."""
        addresses = map(urlsplit, self.requests())
        return {address.netloc for address in addresses if address.scheme not in ("data", "blob")}

    def overflow_px(self) -> int:
        """Return how many pixels of the page lie outside the window, on the right or the left."""
        right = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        # Users cannot scroll to the left of the window.
        lefts = "...[...document.body.querySelectorAll('*')].map((e) => -e.getClientRects()[0]?.x)"
        excess = f"[{right}, {lefts}].filter(Number.isFinite)"
        return int(self.driver.execute_script(f"return Math.ceil(Math.max(...{excess}))"))

    def contrasts(self) -> list[Text]:
        """Return every visible text, in order of contrast, the lowest first."""
        items = self.driver.execute_script(CONTRASTS)
        texts = [Text(item["text"], item["contrast"], item["colours"]) for item in items]
        return sorted(texts, key=lambda text: text.contrast)

    def save_screenshot(self, name: str) -> Path:
        """Save a screenshot of the whole page; return the file."""
        shot = self.wait(self._shot)
        self._artefacts.mkdir(parents=True, exist_ok=True)
        file = self._artefacts / f"{name}.png"
        file.write_bytes(base64.b64decode(shot["data"]))
        return file

    def _shot(self) -> dict[str, str]:
        """Return a screenshot; nothing while the page has no size yet."""
        from selenium.common.exceptions import WebDriverException

        options = {"format": "png", "captureBeyondViewport": True}
        try:
            shot: dict[str, str] = self.driver.execute_cdp_cmd("Page.captureScreenshot", options)
        except WebDriverException:
            return {}
        return shot


def _now(condition: Callable[[], Value]) -> Value | Literal[False]:
    from selenium.common.exceptions import StaleElementReferenceException

    try:
        return condition()
    except StaleElementReferenceException:
        return False
