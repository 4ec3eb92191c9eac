"""Take the pictures of the console for the docs: a book shop, in the light and the dark scheme.

Run `python tools/console_pictures.py` in a checkout, with Chromium and its driver installed. It
serves a new data root on a free port, fills it, and writes to docs/images.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, get_args

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import FLAGS  # noqa: E402 - the path is set above
from tests.browser.page import Page, Scheme  # noqa: E402
from tests.service.api import Service  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SESSION = "bookshop"
WIDTH_PX, HEIGHT_PX = 1100, 760
AUTHORS = ("Ursula K. Le Guin", "Stanisław Lem", "Octavia E. Butler", "Italo Calvino")
BOOKS = (
    ("The Dispossessed", 1, 1974, 387, 14.9, 6),
    ("The Left Hand of Darkness", 1, 1969, 304, 12.5, 11),
    ("A Wizard of Earthsea", 1, 1968, 205, 9.9, 17),
    ("Solaris", 2, 1961, 204, 11.9, 4),
    ("The Cyberiad", 2, 1965, 295, 13.0, 0),
    ("Kindred", 3, 1979, 264, 12.9, 8),
    ("Parable of the Sower", 3, 1993, 345, 14.0, 3),
    ("Dawn", 3, 1987, 248, 11.5, 5),
    ("Invisible Cities", 4, 1972, 165, 10.9, 9),
    ("The Baron in the Trees", 4, 1957, 217, 12.0, 2),
)
FIELDS = ("title", "author_id", "year", "pages", "price", "stock")
READS = (
    "/books?sort=-price&limit=3",
    "/books?price_max=12",
    "/books/search?title=The*",
    "/authors/1/books",
    "/books/4",
    "/books/44",
    "/books?stock=0",
)
VIEWS = {
    "data": "data/books?sort=-price",
    "request": "requests/PATCH",
    "plans": "plans",
    "health": "health",
}


def send(url: str, method: str, path: str, body: Any = None) -> None:
    """Send a request in the shop; errors are part of the picture."""
    headers = {"X-Session-ID": SESSION, "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, content, headers, method=method)  # noqa: S310 - the service's own
    try:
        urllib.request.urlopen(request).close()  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        error.close()


def fill(url: str) -> None:
    """Make the shop, and send what its front end would send."""
    for name in AUTHORS:
        send(url, "POST", "/authors", {"name": name})
    for values in BOOKS:
        send(url, "POST", "/books", dict(zip(FIELDS, values, strict=True)))
    for path in READS:
        send(url, "GET", path)
    send(url, "POST", "/orders", {"book_id": 1, "copies": 2, "customer": "Ada"})
    send(url, "PATCH", "/books/1", {"stock": 4})


def number_of(url: str, method: str) -> int:
    """Return the number of the latest request with a method."""
    with urllib.request.urlopen(f"{url}/_larst/requests?method={method}") as reply:  # noqa: S310 - as above
        return int(json.load(reply)["items"][0]["number"])


def take(page: Page, url: str, name: str, view: str, scheme: Scheme) -> None:
    """Save the picture of a view."""
    page.prefer(scheme)
    page.resize(WIDTH_PX, HEIGHT_PX)
    page.open("about:blank")
    page.open(f"{url}/_larst/?session={SESSION}#/{view}")
    page.first("main h1")
    if name == "health":
        for number in range(40):
            send(url, "GET", f"/books/{number % 10 + 1}")
        page.wait(lambda: len(page.all(".chart rect")) > 8)
    shot = page.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    (IMAGES / f"console-{name}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))


def main() -> None:
    """Take all pictures."""
    os.environ["NO_PROXY"] = "*"  # the service runs on this machine
    options = Options()
    options.binary_location = shutil.which("chromium") or "chromium"
    driver_path = shutil.which("chromedriver")
    with tempfile.TemporaryDirectory() as folder:
        for flag in (*FLAGS, f"--user-data-dir={folder}/profile"):
            options.add_argument(flag)
        with Service(Path(folder) / "data", Path(folder) / "log") as service:
            fill(service.url)
            driver = webdriver.Chrome(options=options, service=Driver(executable_path=driver_path))
            try:
                for name, view in VIEWS.items():
                    place = view.replace("PATCH", str(number_of(service.url, "PATCH")))
                    for scheme in get_args(Scheme):
                        take(Page(driver, Path(folder)), service.url, name, place, scheme)
            finally:
                driver.quit()


if __name__ == "__main__":
    main()
