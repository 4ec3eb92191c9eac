"""The console in a browser."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from selenium.webdriver.common.keys import Keys

from larst.tokens.table import hash_of
from tests.browser.page import PHONE_WIDTH_PX, Page, Scheme
from tests.service.api import Service

pytestmark = pytest.mark.browser

EVIL = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"

FOCUS = """
    const element = document.activeElement;
    return [element.id || element.textContent, getComputedStyle(element).outlineStyle];
"""


def send(service: Service, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """Send a request in the session `shop`."""
    headers = {"X-Session-ID": "shop", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(service.url + path, content, headers, method=method)  # noqa: S310 - the service's own
    with urllib.request.urlopen(request) as reply:  # noqa: S310 - as above
        return json.loads(reply.read() or b"null")


@pytest.fixture(scope="module")
def shop(service: Service) -> Service:
    """The service, with 30 books of an author in the session `shop`."""
    send(service, "POST", "/authors", {"name": EVIL})
    for number in range(1, 31):
        book = {"title": f"Book {number}", "pages": number * 10, "author_id": 1}
        send(service, "POST", "/books", book)
    return service


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a token."""
    folder = tmp_path_factory.mktemp("locked")
    with Service(folder / "data", folder / "log", LARS_AUTH_TOKEN="s3cret") as running:
        yield running


def open_view(page: Page, service: Service, view: str) -> str:
    """Open a view of the session `shop`; return the heading."""
    page.open("about:blank")  # so that the page is loaded, even if only the part after # differs
    page.open(f"{service.url}/_larst/?session=shop#/{view}")
    return page.text("main h1")


VIEWS = ["data", "data/books", "data/books/3", "data/books/+new", "requests", "plans", "health"]


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_every_view_is_readable_in_both_schemes(page: Page, shop: Service, scheme: Scheme) -> None:
    page.prefer(scheme)
    for view in VIEWS:
        open_view(page, shop, view)
        page.save_screenshot(f"console-{view.replace('/', '-').replace('+', '')}-{scheme}")

        assert [text for text in page.contrasts() if text.contrast < 4.5] == [], view
    assert page.console_errors() == []
    assert page.hosts() == {shop.url.removeprefix("http://")}


def test_every_view_fits_a_phone(page: Page, shop: Service) -> None:
    page.resize(PHONE_WIDTH_PX)
    for view in VIEWS:
        open_view(page, shop, view)
        page.save_screenshot(f"console-{view.replace('/', '-').replace('+', '')}-phone")

        assert page.driver.execute_script(
            "return document.documentElement.scrollWidth <= innerWidth"
        ), view


def test_a_table_is_sorted_filtered_and_paged(page: Page, shop: Service) -> None:
    open_view(page, shop, "data/books")
    assert "1 to 25 of 30" in page.text("main")

    page.first("button[aria-label='Sort by pages']").click()
    page.wait(lambda: "Sort by pages, now ascending" in page.driver.page_source)
    page.first("button[aria-label^='Sort by pages']").click()
    page.wait(lambda: page.text("tbody tr td:nth-child(2)") == "Book 30")
    next(button for button in page.all("button") if button.text == "Next").click()
    page.wait(lambda: "26 to 30 of 30" in page.text("main"))

    page.first("#field option[value=title]").click()
    page.first("#operator option[value=_like]").click()
    page.first("#value").send_keys("k 2", Keys.ENTER)
    page.wait(lambda: "1 to 11 of 11" in page.text("main"))


def test_a_record_is_made_changed_and_deleted(page: Page, shop: Service) -> None:
    open_view(page, shop, "data/pens/+new")
    area = page.first("textarea")
    area.clear()
    area.send_keys('{"name": "Fine", "inks": [1, 2]}')
    next(button for button in page.all("button") if button.text == "Save the JSON").click()
    page.wait(lambda: page.text("main h1") == "pens 1")

    field = page.first("#field-1")
    field.clear()
    field.send_keys("Broad", Keys.ENTER)
    page.wait(lambda: send(shop, "GET", "/pens/1") == {"id": 1, "name": "Broad", "inks": [1, 2]})
    page.wait(lambda: page.text("#notice") == "The record is saved.")

    page.first("button.danger").click()
    page.driver.switch_to.alert.accept()
    page.wait(lambda: page.text("main h1") == "pens")
    assert "No records." in page.text("main")


def test_a_long_number_survives_an_edit(page: Page, shop: Service) -> None:
    """JavaScript rounds integers above 2^53, so the console must not send back what it parsed."""
    long = 12345678901234567890
    send(shop, "POST", "/caps", {"serial": long, "name": "a"})
    open_view(page, shop, "data/caps/1")
    field = page.first("#field-2")
    field.clear()
    field.send_keys("b", Keys.ENTER)
    page.wait(lambda: page.text("#notice") == "The record is saved.")
    assert send(shop, "GET", "/caps/1") == {"id": 1, "serial": long, "name": "b"}

    area = page.first("textarea")
    text = area.get_attribute("value") or ""
    area.clear()
    area.send_keys(text.replace('"b"', '"c"'))
    next(button for button in page.all("button") if button.text == "Save the JSON").click()
    page.wait(lambda: send(shop, "GET", "/caps/1") == {"id": 1, "serial": long, "name": "c"})


def test_a_file_is_imported(page: Page, shop: Service, tmp_path: Path) -> None:
    file = tmp_path / "db.json"
    file.write_text(json.dumps({"lamps": [{"id": 7, "watt": 5}]}))
    page.open(f"{shop.url}/_larst/?session=imported#/data")
    page.first("#file").send_keys(str(file))

    page.wait(lambda: "lamps" in page.text("main table"))


def test_a_field_that_names_a_resource_is_a_link(page: Page, shop: Service) -> None:
    """And the record behind it, made of markup, is text."""
    open_view(page, shop, "data/books")
    page.first("tbody a[href='#/data/authors/1']").click()
    page.wait(lambda: page.text("main h1") == "authors 1")

    assert page.first("#field-1").get_attribute("value") == EVIL
    assert page.all("main script, main img") == []
    assert "run" not in page.driver.title


def test_new_requests_appear_and_open(page: Page, shop: Service) -> None:
    open_view(page, shop, "requests?session=shop")
    send(shop, "PATCH", "/authors/1", {"name": EVIL, "note": "new"})
    page.wait(lambda: "PATCH" in page.text("#requests tr"))
    page.first("#requests tr a").click()
    page.wait(lambda: page.text("main h1") == "PATCH /authors/1")
    page.save_screenshot("console-request")
    text = page.text("main")

    for part in ("Stages", "Program", "Records changed: 1", "before", "after", "Reply", "curl -i"):
        assert part in text
    assert EVIL in text.replace('\\"', '"')
    assert page.all("main script, main img") == []
    assert page.console_errors() == []


def click(page: Page, text: str) -> None:
    page.wait(lambda: [b for b in page.all("main button") if b.text == text])[0].click()


def confirm(page: Page) -> None:
    page.wait(lambda: page.driver.switch_to.alert or True)
    page.driver.switch_to.alert.accept()


def test_a_session_is_saved_loaded_and_reset(page: Page, shop: Service) -> None:
    url = f"{shop.url}/_larst/sessions/desk"
    with urllib.request.urlopen(f"{shop.url}/@desk/pens", b'{"ink":"blue"}') as reply:  # noqa: S310
        assert reply.status == 201
    page.open(f"{shop.url}/_larst/?session=desk#/data")
    page.first("#snapshot").send_keys("morning", Keys.ENTER)
    page.wait(lambda: page.text("#notice") == "The snapshot morning is saved.")

    click(page, "Reset")
    confirm(page)
    page.wait(lambda: page.text("#notice") == "The session is reset and has 0 records.")
    click(page, "Load morning")
    confirm(page)
    page.wait(lambda: page.text("#notice") == "The snapshot morning is loaded: 1 record.")
    with urllib.request.urlopen(url) as reply:  # noqa: S310
        assert json.loads(reply.read())["resources"] == {"pens": 1}
    click(page, "Delete morning")
    confirm(page)
    page.wait(lambda: "No snapshot yet" in page.text("main"))


def test_an_edit_of_a_file_that_is_set_aside_is_shown(page: Page, shop: Service) -> None:
    """Who broke a file by hand must learn it, and where the edit is kept."""
    pens = f"{shop.url}/@edited/pens"
    urllib.request.urlopen(pens, b'{"ink":"blue"}').close()  # noqa: S310 - the service's own
    file = shop.data_root / "edited" / "pens.json"
    page.wait(file.exists)
    file.write_text('[{"id": 1, "ink": "<b>red</b>",}]')
    urllib.request.urlopen(pens, b'{"ink":"green"}').close()  # noqa: S310 - as above
    page.wait(file.with_name("pens.json.edited-1").exists)

    page.open(f"{shop.url}/_larst/?session=edited#/data")

    page.wait(lambda: "Edited files" in page.text("main"))
    assert "set aside" in page.text("main")
    assert "kept as pens.json.edited-1" in page.text("main")


DROP = """
    const files = new DataTransfer();
    files.items.add(new File([arguments[1]], "db.json", { type: "application/json" }));
    const drop = new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
    arguments[0].dispatchEvent(drop);
"""


SAVE = """
    window.saved = {};
    const address = URL.createObjectURL;
    URL.createObjectURL = (blob) => { saved.blob = blob; return address.call(URL, blob); };
    HTMLAnchorElement.prototype.click = function () { saved.name = this.download; };
"""
"""Keep what the page saves as a file."""


def test_a_file_that_is_dropped_is_imported_and_the_session_exported(
    page: Page, shop: Service
) -> None:
    page.open(f"{shop.url}/_larst/?session=dropped#/data")
    page.driver.execute_script(DROP, page.first(".drop"), json.dumps({"lamps": [{"id": 7}]}))
    page.wait(lambda: page.text("#notice") == "Imported: 1 record.")
    page.driver.execute_script(SAVE)

    click(page, "Export")

    name = page.wait_for_script("saved.name && saved.blob && saved.name")
    text = page.driver.execute_async_script("saved.blob.text().then(arguments[0])")
    assert name == "dropped.ndjson"
    assert '"lamps"' in text.splitlines()[1]
    assert '{"end":true' in text.splitlines()[-1]


def test_a_program_is_edited_and_compared(page: Page, shop: Service) -> None:
    send(shop, "GET", "/books?pages_lt=30")
    open_view(page, shop, "plans")
    page.first("tbody a").click()
    area = page.first("#program")
    program = area.get_attribute("value") or ""
    area.send_keys(Keys.CONTROL, Keys.HOME)
    area.send_keys("# Mine")
    area.send_keys(Keys.ENTER)
    click(page, "Save as a new version")
    page.wait(lambda: page.text("#notice") == "The new version is pinned.")

    page.wait(lambda: [b for b in page.all("main button") if b.text.startswith("Compare")])[
        0
    ].click()
    assert page.wait(lambda: page.text("#difference ins")) == "+ # Mine"
    assert page.all("#difference del") == []
    assert program.splitlines()[0] in page.text("#difference")

    area = page.first("#program")
    area.clear()
    area.send_keys("import os")
    click(page, "Save as a new version")
    page.wait(lambda: "line 1: import is not allowed" in page.text("#notice"))


def test_health_shows_the_limits_and_follows_the_rates(page: Page, shop: Service) -> None:
    open_view(page, shop, "health")
    assert "LARS_MAILBOX_SIZE" in page.text("main")
    assert "its circuit" in page.text("main dl")

    page.wait(lambda: page.all(".chart rect"))
    assert page.first("figcaption").text.startswith("Requests per second: ")


@pytest.mark.parametrize(
    "path", ["books/99", "books/count", "books/search", "books/1/2", "login/me", "books/%"]
)
def test_a_path_without_a_record_leads_back(page: Page, shop: Service, path: str) -> None:
    """A reply that is not a record, such as a count, must not become a form that saves it."""
    assert open_view(page, shop, f"data/{path}") == "No such record"
    assert page.all("main form") == []

    page.first("main a").click()
    page.wait(lambda: page.text("main h1") == path.split("/")[0])


@pytest.mark.parametrize("view", ["none", "constructor", "%"])
def test_a_view_that_does_not_exist_is_reported(page: Page, shop: Service, view: str) -> None:
    assert open_view(page, shop, view) == "This cannot be shown"
    assert f"The console has no view {view}." in page.text("main")


def test_health_shows_the_usage_of_quotas(page: Page, shop: Service) -> None:
    open_view(page, shop, "health")
    rows = page.all("[aria-label='Usage of quotas'] tbody tr")
    usage = [" ".join(row.text.split()) for row in rows]

    assert re.fullmatch(r"sessions of the tenant default \d+ no limit", usage[0])
    stored = sum(send(shop, "GET", "/_larst/sessions/shop")["resources"].values())
    assert f"records of shop {stored} 1000000 under 1 %" in usage
    assert page.all("meter[aria-label='share of size of shop']")
    sessions = [row.text for row in page.all("[aria-label='Sessions'] tbody tr")]
    assert any(re.match(r"shop awake \d+ [\d.]+ KiB .* of the", row) for row in sessions)


def test_an_admin_of_a_tenant_sees_its_usage_in_health(page: Page, tmp_path: Path) -> None:
    """The state of the whole service is the operator's, but the view is not empty."""
    file = tmp_path / "tokens.json"
    token = {"name": "ann", "hash": hash_of("ann"), "tenant": "acme", "scopes": ["admin", "read"]}
    file.write_text(json.dumps({"tokens": [token]}))
    file.chmod(0o600)
    with Service(tmp_path / "data", tmp_path / "log", LARS_AUTH_TOKENS_FILE=str(file)) as running:
        page.open(f"{running.url}/_larst/#/health")
        page.first("#token").send_keys("ann", Keys.ENTER)
        page.wait(lambda: page.text("main h1") == "Health")

        assert "sessions of the tenant acme 0 no limit" in page.text("main")
        assert page.all(".chart") == []


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a token that may only read, and a record in the session `shop`."""
    folder = tmp_path_factory.mktemp("reading")
    tokens = [
        {"name": name, "hash": hash_of(name), "scopes": scopes}
        for name, scopes in (("reader", ["read"]), ("writer", ["read", "write"]))
    ]
    (folder / "tokens.json").write_text(json.dumps({"tokens": tokens}))
    (folder / "tokens.json").chmod(0o600)
    variables = {"LARS_AUTH_TOKENS_FILE": str(folder / "tokens.json")}
    with Service(folder / "data", folder / "log", **variables) as running:
        send(running, "POST", "/books", {"title": "Momo"}, token="writer")
        yield running


def test_a_token_that_may_only_read_sees_why_buttons_are_off(page: Page, reading: Service) -> None:
    page.open(f"{reading.url}/_larst/?session=shop#/data/books/1")
    page.first("#token").send_keys("reader", Keys.ENTER)
    page.wait(lambda: page.text("main h1") == "books 1")

    off = [b for b in page.all("main button") if not b.is_enabled()]
    assert [b.text for b in off] == ["Save", "Save the JSON", "Delete this record"]
    assert {b.get_attribute("title") for b in off} == {"This needs a token with the scope write."}
    assert "This needs a token with the scope write." in page.text("main")

    page.open(f"{reading.url}/_larst/?session=shop#/data")
    page.wait(lambda: "books" in page.text("main table"))
    enabled = [b.text for b in page.all("main button") if b.is_enabled()]
    assert enabled == ["Export"]
    assert "This needs a token with the scope admin." in page.text("main")


def test_a_plan_is_pinned_and_rejected(page: Page, shop: Service) -> None:
    send(shop, "GET", "/books?pages_gt=100")
    open_view(page, shop, "plans")
    page.first("tbody a").click()
    page.first("main pre .keyword, main pre code")
    next(button for button in page.all("button") if button.text == "Pin").click()
    page.wait(lambda: "pinned" in page.text("dl"))
    page.first("#reason").send_keys("wrong order", Keys.ENTER)
    page.wait(lambda: "wrong order" in page.text("dl"))

    next(button for button in page.all("button") if button.text == "Delete").click()
    page.driver.switch_to.alert.accept()
    page.wait(lambda: page.text("main h1") == "Plans")


def test_the_picker_opens_another_session(page: Page, shop: Service) -> None:
    open_view(page, shop, "data")
    field = page.first("#session")
    field.clear()
    field.send_keys("empty", Keys.ENTER)

    page.wait(lambda: page.text("main h1") == "Session empty")


def test_the_keyboard_reaches_everything(page: Page, shop: Service) -> None:
    """Tab alone visits the links and fields in order, and each shows where the focus is."""
    open_view(page, shop, "data/books")
    seen = []
    for _ in range(16):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(page.driver.execute_script(FOCUS))

    names = [name for name, _ in seen]
    for name in ("Skip to the content", "Data", "Requests", "session", "field", "value"):
        assert name in names, names
    assert {outline for _, outline in seen} <= {"solid", "auto"}


def test_login_and_logout(page: Page, locked: Service) -> None:
    page.driver.delete_all_cookies()
    page.open(f"{locked.url}/_larst/#/data")
    page.first("#token").send_keys("wrong", Keys.ENTER)
    page.wait(lambda: page.text("#notice") == "This is not a token of the service.")
    page.save_screenshot("console-login")
    page.first("#token").send_keys("s3cret", Keys.ENTER)
    page.wait(lambda: page.text("main h1").startswith("Session token-"))

    assert page.driver.execute_script("return document.cookie") == ""
    page.first("#logout").click()
    page.first("#token")
