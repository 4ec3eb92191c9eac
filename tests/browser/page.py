"""A page in a real browser, and what it did there: what it said, whom it asked, how it looks."""

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
WIDTH_OF_A_PHONE = 360


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it is shown, and the contrast with what is behind it (WCAG 2.2, 1.4.3)."""

    text: str
    contrast: float
    colours: str


class Page:
    """What a test does with a page. Its session is the test's own: no storage, no cookies yet.

    What is not here is at `driver`, Selenium's own.
    """

    def __init__(self, driver: WebDriver, artefacts: Path) -> None:
        self.driver = driver
        self._artefacts = artefacts
        self._events: list[dict[str, Any]] = []
        self._said: list[dict[str, Any]] = []

    def open(self, url: str) -> None:
        """Load `url` and everything that its HTML names."""
        self.driver.get(url)

    def prefer(self, scheme: Scheme) -> None:
        """Be a browser whose user likes it light, or dark."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def be_wide(self, width: int, height: int = 800) -> None:
        """Have a window of that many pixels; narrower than a real one can be, too."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def one(self, css: str) -> WebElement:
        """Return the first element, as soon as there is one."""
        return self.wait(lambda: self.all(css))[0]

    def all(self, css: str) -> list[WebElement]:
        """Return the elements that there are now."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self, css: str) -> str:
        """Return what the first element shows."""
        return self.one(css).text

    def wait(self, condition: Callable[[], Value]) -> Value:
        """Return what `condition` gives as soon as that is true.

        An element that the page has just replaced counts as false.

        Raises:
            TimeoutException: it never was.
        """
        return WebDriverWait(self.driver, WAIT_S, poll_frequency=0.02).until(
            lambda _driver: _now(condition)
        )

    def wait_for_script(self, expression: str) -> Any:
        """Return what a JavaScript expression gives as soon as that is truthy."""
        return self.wait(lambda: self.driver.execute_script(f"return ({expression})"))

    def console_errors(self) -> list[str]:
        """Return what the console holds of level SEVERE, refused by a policy included."""
        self._said.extend(self.driver.get_log("browser"))  # type: ignore[no-untyped-call]  # theirs
        return [said["message"] for said in self._said if said["level"] == "SEVERE"]

    def requests(self) -> list[str]:
        """Return every address that was asked for, those that came to nothing included."""
        for entry in self.driver.get_log("performance"):  # type: ignore[no-untyped-call]  # theirs
            self._events.append(json.loads(entry["message"])["message"])
        return [
            event["params"]["request"]["url"]
            for event in self._events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def hosts(self) -> set[str]:
        """Return the hosts, with their ports, that were asked; `data:` asks nobody."""
        addresses = map(urlsplit, self.requests())
        return {found.netloc for found in addresses if found.scheme not in ("data", "blob")}

    def overflow_px(self) -> int:
        """Return by how many pixels the page is wider than its window, or begins left of it."""
        right = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        # What is left of the window cannot even be scrolled to.
        lefts = "...[...document.body.querySelectorAll('*')].map((e) => -e.getClientRects()[0]?.x)"
        found = f"[{right}, {lefts}].filter(Number.isFinite)"
        return int(self.driver.execute_script(f"return Math.ceil(Math.max(...{found}))"))

    def contrasts(self) -> list[Text]:
        """Return every text that is shown, the one that is hardest to read first."""
        found = self.driver.execute_script(CONTRASTS)
        texts = [Text(item["text"], item["contrast"], item["colours"]) for item in found]
        return sorted(texts, key=lambda text: text.contrast)

    def shoot(self, name: str) -> Path:
        """Save what the whole page looks like, for a person to see; return the file."""
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True}
        )
        self._artefacts.mkdir(parents=True, exist_ok=True)
        file = self._artefacts / f"{name}.png"
        file.write_bytes(base64.b64decode(shot["data"]))
        return file


def _now(condition: Callable[[], Value]) -> Value | Literal[False]:
    from selenium.common.exceptions import StaleElementReferenceException

    try:
        return condition()
    except StaleElementReferenceException:
        return False
