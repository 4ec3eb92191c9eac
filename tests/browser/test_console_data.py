"""The data of a session in the console: tables, records, files and snapshots."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.console import EVIL, click, open_view, send
from tests.browser.page import PHONE_WIDTH_PX, Page
from tests.service.api import Service

pytestmark = pytest.mark.browser


CUT = """
    return [...document.querySelectorAll("[aria-label='Edited files'] td")]
      .filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent);
"""
"""The messages in tables that do not fit into their cells."""


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


def test_the_lines_of_a_text_survive_an_edit(page: Page, shop: Service) -> None:
    """A field of one line drops line breaks, and the form must not send what it dropped."""
    verse = "One\nTwo\r\nThree"
    send(shop, "POST", "/poems", {"verse": verse, "title": "a"})
    open_view(page, shop, "data/poems/1")
    assert page.first("#field-1").tag_name == "textarea"
    title = page.first("#field-2")
    title.clear()
    title.send_keys("b", Keys.ENTER)
    page.wait(lambda: send(shop, "GET", "/poems/1")["title"] == "b")
    assert send(shop, "GET", "/poems/1")["verse"] == verse

    page.wait(lambda: page.text("#notice") == "The record is saved.")
    page.first("#field-1").send_keys("\nFour")
    click(page, "Save")
    page.wait(lambda: send(shop, "GET", "/poems/1")["verse"] == "One\nTwo\nThree\nFour")


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
    for width_px in (1024, PHONE_WIDTH_PX):
        page.resize(width_px)
        assert page.driver.execute_script(CUT) == []


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


@pytest.mark.parametrize(
    "path", ["books/99", "books/count", "books/search", "books/1/2", "login/me", "books/%"]
)
def test_a_path_without_a_record_leads_back(page: Page, shop: Service, path: str) -> None:
    """A reply that is not a record, such as a count, must not become a form that saves it."""
    assert open_view(page, shop, f"data/{path}") == "No such record"
    assert page.all("main form") == []

    page.first("main a").click()
    page.wait(lambda: page.text("main h1") == path.split("/")[0])
