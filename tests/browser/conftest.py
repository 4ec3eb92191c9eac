"""One Chromium and one service for all tests here; each test gets a fresh page.

The fixture `page` opens any page: see page.py. Pages of LARST are below `service.url`;
`examples_url` serves the examples on another port, `shop` has a session for the console.
Screenshots are saved to the folder LARST_ARTEFACTS, by default `artefacts`.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.browser import console
from tests.browser.page import Page
from tests.service.api import Service

shop = console.shop

ROOT = Path(__file__).parents[2]
FLAGS = """
    --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic
    --no-first-run --no-default-browser-check --disable-background-networking
    --disable-component-update --disable-sync --disable-default-apps --no-proxy-server
    --hide-scrollbars
""".split()
RESOLVE_NOTHING = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
"""Requests to other hosts fail and are recorded, with or without a network."""


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with default settings."""
    folder = tmp_path_factory.mktemp("browser-service")
    with Service(folder / "data", folder / "log") as running:
        yield running


@pytest.fixture(scope="package")
def examples_url() -> Iterator[str]:
    """The address of the folder `examples`, served as files from another origin."""
    handler = partial(_QuietFiles, directory=str(ROOT / "examples"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _QuietFiles(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="package")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """A headless Chromium with a new profile."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        missing = "chromium" if browser is None else "chromedriver"
        pytest.skip(f"{missing} is not installed: apt-get install chromium chromium-driver")
    options = Options()
    options.binary_location = browser
    profile = tmp_path_factory.mktemp("chromium")
    for flag in (*FLAGS, RESOLVE_NOTHING, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NO_PROXY", "*")  # all servers run on this machine
        # With a path to the driver, Selenium does not try to download one.
        running = webdriver.Chrome(options=options, service=Driver(executable_path=driver))
        yield running
        running.quit()


@pytest.fixture
def page(chromium: WebDriver) -> Page:
    """A page with empty storage and logs, in the light scheme, 1024 pixels wide."""
    artefacts = Path(os.environ.get("LARST_ARTEFACTS") or ROOT / "artefacts")
    fresh = Page(chromium, artefacts)
    everything = {"origin": "*", "storageTypes": "all"}
    chromium.get("about:blank")
    chromium.execute_cdp_cmd("Storage.clearDataForOrigin", everything)
    fresh.prefer("light")
    fresh.resize(1024)
    for log in ("browser", "performance"):
        chromium.get_log(log)  # type: ignore[no-untyped-call]  # discard earlier entries; Selenium has no types
    return fresh
