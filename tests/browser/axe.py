"""axe-core, the accessibility rules of Deque Systems, run on a page.

The rules are those of WCAG 2.1 A and AA, and axe's own best practices.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import pytest

from tests.browser.page import Page

RUN_S = 120
"""A large page takes seconds, on a busy machine half a minute."""

RUN = """
    const done = arguments[arguments.length - 1];
    const rules = Object.fromEntries(arguments[0].map((rule) => [rule, { enabled: false }]));
    axe.run(document, { resultTypes: ["violations"], rules }).then(
      ({ violations }) => done(violations.flatMap(({ id, nodes }) => nodes.map((node) =>
        `${id}: ${node.target.join(" ")}: ${node.failureSummary.split("\\n")[1].trim()}`))),
      (error) => done([String(error)]),
    );
"""


def violations(page: Page, without: Sequence[str] = ()) -> list[str]:
    """Return a line for each element that breaks a rule: rule, selector, reason.

    The rules `without` are not run.
    """
    pytest.importorskip("axe_core_python", reason="install the extra `test`")
    page.driver.execute_script((files("axe_core_python") / "axe.min.js").read_text())
    page.driver.set_script_timeout(RUN_S)
    lines: list[str] = page.driver.execute_async_script(RUN, list(without))
    return lines
