"""One Chromium and one service for the whole folder; each test gets a page of its own.

`page` is what a test of any page needs: see page.py. A page of LARST itself is below
`service.url`; `examples_url` serves the examples, from another port than the service's.
Screenshots go to the folder that LARST_ARTEFACTS names, `artefacts` if unset.
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

from tests.browser.page import Page
from tests.service.api import Service

ROOT = Path(__file__).parents[2]
FLAGS = """
    --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic
    --no-first-run --no-default-browser-check --disable-background-networking
    --disable-component-update --disable-sync --disable-default-apps --no-proxy-server
    --hide-scrollbars
""".split()
RESOLVE_NOTHING = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
"""A request to another host fails and is seen, whatever network the machine has."""


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service as it comes."""
    folder = tmp_path_factory.mktemp("browser-service")
    with Service(folder / "data", folder / "log") as running:
        yield running


@pytest.fixture(scope="package")
def examples_url() -> Iterator[str]:
    """Where the folder `examples` is served as plain files: another origin than the service."""
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
    """A headless Chromium with a profile that nobody used before."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        missing = "chromium" if browser is None else "chromedriver"
        pytest.skip(f"no {missing} here: apt-get install chromium chromium-driver")
    options = Options()
    options.binary_location = browser
    profile = tmp_path_factory.mktemp("chromium")
    for flag in (*FLAGS, RESOLVE_NOTHING, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NO_PROXY", "*")  # everything is on this machine
        # The driver's path is given: otherwise Selenium would look for one to download.
        running = webdriver.Chrome(options=options, service=Driver(executable_path=driver))
        yield running
        running.quit()


@pytest.fixture
def page(chromium: WebDriver) -> Page:
    """A fresh page: nothing stored, nothing logged, the light scheme, 1024 pixels wide."""
    artefacts = Path(os.environ.get("LARST_ARTEFACTS") or ROOT / "artefacts")
    fresh = Page(chromium, artefacts)
    everything = {"origin": "*", "storageTypes": "all"}
    chromium.get("about:blank")
    chromium.execute_cdp_cmd("Storage.clearDataForOrigin", everything)
    fresh.prefer("light")
    fresh.be_wide(1024)
    for log in ("browser", "performance"):
        chromium.get_log(log)  # type: ignore[no-untyped-call]  # what was before is forgotten
    return fresh
