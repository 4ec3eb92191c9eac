"""The plugin as a user has it: a project with tests of its own, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.pages import ROOT

pytest_plugins = ["pytester"]

SUITE = """
import asyncio
from unittest.mock import ANY

import pytest

NAMES = set()


def test_requests(larst_session):
    created = larst_session.post("/orders", json={"book": 1})
    assert (created.status, created.json()["id"]) == (201, 1)
    assert created.headers["location"] == f"/@{larst_session.name}/orders/1"
    assert larst_session.put("/orders/1", json={"book": 2}).is_ok
    assert larst_session.patch("/orders/1", json={"book": 3}).json()["book"] == 3
    page = larst_session.get("/orders", query={"book": [3], "limit": 1}).json()["page"]
    assert (page["total"], page["limit"]) == (1, 1)
    assert larst_session.get("/orders?book=2").json()["items"] == []
    assert larst_session.delete("/orders/1").status == 204
    assert larst_session.get("/orders/1").status == 404
    assert "not found" in repr(larst_session.get("/orders/1"))


@pytest.mark.parametrize("number", [1, 2])
def test_each_has_a_session_without_data(larst_session, number):
    assert larst_session.name not in NAMES
    NAMES.add(larst_session.name)
    assert larst_session.post("/orders", json={}).json()["id"] == 1
    assert len(larst_session.requests) == 1


def test_seeds(larst_session, tmp_path):
    assert larst_session.seed({"books": [{"id": 7, "title": "A"}]}) == {"books": 1}
    assert larst_session.get("/books/7").json()["title"] == "A"
    larst_session.save("a")
    path = tmp_path / "db.json"
    path.write_text('{"pens": [{"id": 1}, {"id": 2}]}')
    assert larst_session.seed(path) == {"pens": 2}
    assert larst_session.get("/books/7").status == 404
    larst_session.load("a")
    assert larst_session.get("/books/7").is_ok
    larst_session.reset()
    assert larst_session.get("/books/7").status == 404
    assert len(larst_session.requests) == 1


def test_a_refused_seed_says_why(larst_session):
    with pytest.raises(Exception, match="400 .*id"):
        larst_session.seed({"books": [{"id": 1}, {"id": 1}]})


def test_received(larst_session):
    import urllib.request

    body = urllib.request.Request(f"{larst_session.url}/orders?a=1", b'{"book": 1, "at": 5}')
    body.add_header("Content-Type", "application/json")
    urllib.request.urlopen(body).close()
    larst_session.requests.assert_received("POST", "/orders", json={"book": 1, "at": ANY}, times=1)
    larst_session.requests.assert_not_received("DELETE", "/**")


def test_asynchronous(larst_session):
    async def use():
        waiting = asyncio.create_task(asyncio.to_thread(larst_session.requests.wait_for, 2))
        larst_session.get("/a")
        larst_session.get("/b")
        return await waiting

    assert [request.path for request in asyncio.run(use())] == ["/a", "/b"]


def test_faults(larst_session):
    larst_session.faults.add("POST", "/orders", status=503, times=1)
    larst_session.faults.add("GET", "/orders", drop=True)
    assert larst_session.post("/orders", json={"n": 1}).status == 503
    assert larst_session.post("/orders", json={"n": 1}).status == 201
    with pytest.raises(OSError):
        larst_session.get("/orders")
    assert [rule["strikes"] for rule in larst_session.faults.show()["rules"]] == [1, 1]
    larst_session.faults.clear()
    assert larst_session.get("/orders").json()["page"]["total"] == 1


def test_settings(larst_session):
    larst_session.post("/orders", json={"n": 1})
    assert larst_session.post("/orders", json={"n": "text"}).status == 422
"""

CONFTEST = """
import pytest


@pytest.fixture(scope="session")
def larst_settings():
    return {"LARS_SCHEMA_MODE": "enforce"}
"""

FAILING = """
def test_fails(larst_session):
    larst_session.post("/orders", json={"book": 1})
    larst_session.requests.assert_received("POST", "/orders", json={"book": 2})
"""

IMPORTS = """
import sys


def test_imports():
    loaded = {name for name in sys.modules if name.startswith("larst")}
    assert loaded == {"larst", "larst.testing", "larst.testing.plugin"}
    assert not {"aiohttp", "pydantic", "orjson", "uvloop", "rich", "argcomplete"} & set(sys.modules)
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests of a project with no other plugin, and with warnings as errors."""
    plugin = ("-p", "larst.testing.plugin")
    return pytester.runpytest_subprocess("-q", "-W", "error", *plugin, *arguments, timeout=240)


@pytest.fixture(autouse=True)
def _no_plugins_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any of them may warn, or import what the tests say is not imported."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in list(os.environ):
        if name.startswith(("PYTEST_XDIST", "PYTEST_ADDOPTS")):
            monkeypatch.delenv(name)


def test_the_package_registers_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["entry-points"]["pytest11"] == {"larst": "larst.testing.plugin"}


def test_the_fixtures_work_and_leave_nothing_behind(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings and keys of the machine do not reach the service: tests would call a provider."""
    monkeypatch.setenv("LARS_DEFAULT_PROVIDER", "nonsense")
    pytester.makepyfile(SUITE)
    pytester.makeconftest(CONFTEST)
    (pytester.path / ".env").write_text("LARS_PORT=nonsense\n")

    result = run(pytester)

    result.assert_outcomes(passed=9)


def test_each_worker_of_xdist_has_a_service(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os
        import pytest

        @pytest.mark.parametrize("number", range(8))
        def test_it(larst, larst_session, number, tmp_path_factory):
            assert larst_session.post("/orders", json={}).json()["id"] == 1
            shared = tmp_path_factory.getbasetemp().parent / os.environ["PYTEST_XDIST_WORKER"]
            shared.write_text(larst.url)
            urls = {path.read_text() for path in shared.parent.glob("gw?") if path.is_file()}
            assert len(urls) == len([*filter(lambda p: p.is_file(), shared.parent.glob("gw?"))])
        """
    )

    run(pytester, "-p", "xdist", "-n", "2").assert_outcomes(passed=8)


def test_a_failure_shows_the_difference_and_the_requests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FAILING)

    result = run(pytester)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '*-   "book": 2',
            '*+   "book": 1',
            "*requests that LARST received*",
            "http://127.0.0.1:*/@test-fails-*",
            "#1 POST /orders -> 201",
        ]
    )


def test_without_a_fixture_nothing_is_imported_or_started(pytester: pytest.Pytester) -> None:
    """Every test suite of an environment loads the plugin."""
    pytester.makepyfile(IMPORTS)

    run(pytester).assert_outcomes(passed=1)


def test_the_service_stops_with_a_run_that_is_killed(tmp_path: Path) -> None:
    """Its standard input ends with the process that started it."""
    script = (
        "import os, pathlib, sys\n"
        "from larst.testing.service import running\n"
        "with running(pathlib.Path(sys.argv[1]), {}) as url:\n"
        "    print(url, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == -9
    assert process.stdout.startswith(b"http://127.0.0.1:")
    # The log ends with a line that an orderly stop writes; its writer closes the file last.
    deadline = 600
    while b"stopped" not in (tmp_path / "larst.log").read_bytes():
        deadline -= 1
        assert deadline, (tmp_path / "larst.log").read_text()
        subprocess.run(["sleep", "0.05"], check=True)


def test_a_service_that_cannot_start_says_why(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(larst):\n    pass\n")
    pytester.makeconftest(CONFTEST.replace('"enforce"', '"loud"'))

    result = run(pytester)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*LARS_SCHEMA_MODE*learn, warn or enforce is allowed*"])
