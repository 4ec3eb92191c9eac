"""Every page, held against the rules of axe-core: light, dark, and on a phone."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.axe import violations
from tests.browser.page import PHONE_WIDTH_PX, Page, Scheme
from tests.service.api import Service

pytestmark = pytest.mark.browser

SESSION = "accessible"


@dataclass(frozen=True, slots=True)
class Look:
    """How a visitor looks at a page."""

    scheme: Scheme
    width_px: int


LOOKS = {
    "light": Look("light", 1024),
    "dark phone": Look("dark", PHONE_WIDTH_PX),
    "dark": Look("dark", 1024),
    "phone": Look("light", PHONE_WIDTH_PX),
}
ALWAYS = ("light", "dark phone")
"""The looks of the default run: both schemes and both widths."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A page: its path, the elements to click, and the element that is there in the end.

    `is_large`: axe takes half a minute on it, so it is for the slow run.
    """

    path: str
    ready: str
    clicks: Sequence[str] = ()
    is_large: bool = False
    without: Sequence[str] = ()


CONSOLE = f"/_larst/?session={SESSION}#"
OPERATION = "#operations-books-createBook"
SUBJECTS = {
    "landing": Subject("/", "main h2"),
    "landing of a session": Subject(f"/@{SESSION}/", "main h2"),
    "a list": Subject(f"/@{SESSION}/books", "main table"),
    "a record": Subject(f"/@{SESSION}/books/1", "main dl"),
    "not found": Subject(f"/@{SESSION}/books/99", "main h1"),
    "bad request": Subject(f"/@{SESSION}/books?sort[[=1", "main h1"),
    "reserved": Subject("/_larst/none", "main h1"),
    "console: resources": Subject(f"{CONSOLE}/data", "main table"),
    "console: no data": Subject("/_larst/?session=none-yet#/data", "main h1"),
    "console: records": Subject(f"{CONSOLE}/data/books", "main table", ["main summary"]),
    "console: record": Subject(f"{CONSOLE}/data/books/1", "main textarea"),
    "console: no record": Subject(f"{CONSOLE}/data/books/99", "main h1"),
    "console: new record": Subject(f"{CONSOLE}/data/books/+new", "main textarea"),
    "console: requests": Subject(f"{CONSOLE}/requests", "#requests tr"),
    "console: request": Subject(f"{CONSOLE}/requests/1", "main .waterfall", ["main summary"]),
    "console: plans": Subject(f"{CONSOLE}/plans", "main table"),
    "console: plan": Subject(f"{CONSOLE}/plans", "main #program", ["main tbody a"]),
    "console: health": Subject(f"{CONSOLE}/health", "main .chart"),
    "console: missing": Subject(f"{CONSOLE}/requests/999999", "main h1"),
    "Swagger UI": Subject(
        f"/docs?session={SESSION}",
        f"{OPERATION} .live-responses-table",
        [f"{OPERATION} .opblock-summary-control", f"{OPERATION} button.execute"],
        is_large=True,
    ),
    # test_api_pages.py has the contrasts of each text, in both schemes; axe takes minutes for them.
    "ReDoc": Subject(
        f"/redoc?session={SESSION}", "#api h2", is_large=True, without=["color-contrast"]
    ),
}


def cases() -> Iterator[Any]:
    """Yield each page in each look; the default run leaves out large pages and some looks."""
    for name, subject in SUBJECTS.items():
        for look in LOOKS:
            is_slow = subject.is_large or look not in ALWAYS
            marks = [pytest.mark.slow] if is_slow else []
            yield pytest.param(LOOKS[look], subject, id=f"{name}-{look}", marks=marks)


def send(service: Service, method: str, path: str, body: Any = None) -> Any:
    headers = {"X-Session-ID": SESSION, "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(service.url + path, content, headers, method=method)  # noqa: S310 - the service's own
    with urllib.request.urlopen(request) as reply:  # noqa: S310 - as above
        return json.loads(reply.read() or b"null")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose first requests made books and an author."""
    folder = tmp_path_factory.mktemp("library")
    with Service(folder / "data", folder / "log") as running:
        send(running, "POST", "/books", {"title": "Momo", "author_id": 1, "pages": 304})
        send(running, "POST", "/authors", {"name": "Michael Ende"})
        send(running, "GET", "/books?pages_gt=100")
        yield running


def look_at(page: Page, url: str, look: Look, subject: Subject) -> None:
    page.prefer(look.scheme)
    page.resize(look.width_px)
    page.open("about:blank")
    page.open(url + subject.path)
    for selector in subject.clicks:
        page.first(selector).click()
    page.first(subject.ready)


@pytest.mark.parametrize(("look", "subject"), list(cases()))
def test_a_page_breaks_no_rule(page: Page, library: Service, look: Look, subject: Subject) -> None:
    look_at(page, library.url, look, subject)

    assert violations(page, subject.without) == []


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a token."""
    folder = tmp_path_factory.mktemp("locked")
    with Service(folder / "data", folder / "log", LARS_AUTH_TOKEN="s3cret") as running:
        yield running


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_the_login_breaks_no_rule(page: Page, locked: Service, look: Look) -> None:
    page.driver.delete_all_cookies()
    look_at(page, locked.url, look, Subject("/_larst/#/data", "main #token"))
    assert violations(page) == []

    page.first("#token").send_keys("wrong", Keys.ENTER)
    page.wait(lambda: page.text("#notice"))
    assert violations(page) == []
