"""The fixtures `larst` and `larst_session`, for pytest. Registered as a plugin by the package.

Must never start or import anything before a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from larst.testing.service import LarstService
    from larst.testing.session import LarstSession

_SESSION = pytest.StashKey["LarstSession"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--larst-url`."""
    group = parser.getgroup("larst")
    group.addoption(
        "--larst-url", metavar="URL", help="use this running service instead of starting one"
    )


@pytest.fixture(scope="session")
def larst_settings() -> Mapping[str, str]:
    """The settings of the service, such as `{"LARS_SCHEMA_MODE": "enforce"}`; override it."""
    return {}


@pytest.fixture(scope="session")
def larst(
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
    larst_settings: Mapping[str, str],
) -> Iterator[LarstService]:
    """A real service on a free port, with its data in memory; one for each process of a run."""
    from larst.testing.service import LarstService, running

    token = larst_settings.get("LARS_AUTH_TOKEN")
    if url := pytestconfig.getoption("--larst-url"):
        yield LarstService(url, token)
        return
    with running(tmp_path_factory.mktemp("larst"), larst_settings) as url:
        yield LarstService(url, token)


@pytest.fixture
def larst_session(larst: LarstService, request: pytest.FixtureRequest) -> Iterator[LarstSession]:
    """A session of this test alone, whose requests are recorded; erased after the test."""
    from larst.testing.service import session_name

    with larst.session(session_name(request.node.name)) as session:
        request.node.stash[_SESSION] = session
        yield session


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Add the received requests to the report of a test that failed."""
    report: pytest.TestReport = yield  # type: ignore[assignment]  # a wrapper is sent it
    session = item.stash.get(_SESSION, None)
    if session is not None and call.when == "call" and report.failed:
        report.sections.append(("requests that LARST received", session.summary()))
    return report  # type: ignore[return-value]  # the result of the hook
