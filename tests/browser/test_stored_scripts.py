"""No script of a stored value runs in the origin of the service, whatever the media type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.browser.page import Page
from tests.browser.test_api_pages import send
from tests.service.api import Service

pytestmark = pytest.mark.browser

MEDIA_TYPES = (
    "text/html", "text/html; charset=utf-7", "application/xhtml+xml", "text/xml",
    "application/xml", "text/xsl", "application/xslt+xml", "image/svg+xml", "application/rss+xml",
    "application/atom+xml", "application/mathml+xml", "application/rdf+xml", "text/javascript",
    "application/javascript", "text/css", "text/plain", "application/json", "application/pdf",
    "multipart/x-mixed-replace", "message/rfc822", "text/cache-manifest", "x/y",
)  # fmt: skip

ATTACK = "fetch('/hits',{method:'POST',body:'{}'});document.title='ran'"
HTML = f'<title>idle</title><script>{ATTACK}</script><img src=x onerror="{ATTACK}">'
XML = (
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><title>idle</title>'
    f"<script>{ATTACK}</script></html>"
)
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{ATTACK}"><script>{ATTACK}</script></svg>'

ECHO = """
REPLY = make_response(
    int(ctx["query"]["status"][0]),
    ctx["query"]["body"][0],
    {"Content-Type": ctx["query"]["type"][0]},
)
"""


def echoed(_prompt: str) -> str:
    """Plan a program that replies with the values of the query."""
    plan = {"action": "custom", "resource": "echo", "code": {"language": "python", "block": ECHO}}
    return json.dumps(plan)


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that replies with what a client, or a stored record, wants."""
    folder = tmp_path_factory.mktemp("echo")
    handler = f"{__name__}.{echoed.__name__}"
    settings = {"LLM_MOCK_HANDLER": handler, "LARS_RULES": "fallback"}
    with Service(folder / "data", folder / "log", **settings) as running:
        yield running


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_the_reply_of_a_program_runs_no_script(page: Page, echo: Service, media_type: str) -> None:
    for body, status in ((HTML, 200), (XML, 200), (SVG, 404)):
        query = f"type={quote(media_type)}&status={status}&body={quote(body)}"
        page.open(f"{echo.url}/echo/show?{query}")
        assert page.driver.title != "ran"

    assert not [url for url in page.requests() if url.endswith("/hits")]


def test_an_uploaded_file_runs_no_script(page: Page, service: Service, tmp_path: Path) -> None:
    """It is a download."""
    for number, media_type in enumerate(MEDIA_TYPES):
        session = f"upload-{number}"
        send(
            f"{service.url}/files",
            session,
            {"file": {"name": "a.html", "type": media_type, "size": 1, "content": HTML}},
        )
        page.open(f"{service.url}/files/1/content")
        assert page.driver.title != "ran"
    assert not [url for url in page.requests() if url.endswith("/hits")]
