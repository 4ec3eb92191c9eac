"""Direct execution: runs programs of the total form on the session's store, in this process.

As a database evaluates a query that it has parsed: the program's text is never given to Python, and
each run has a budget of steps, within which it holds the event loop for a few milliseconds. What
direct execution does not cover, errors included, runs in a sandbox worker instead, which then
decides: both ways give the same reply.
"""

from __future__ import annotations

from larst.direct.limits import BudgetSpentError
from larst.direct.runner import DirectRunner

__all__ = ["BudgetSpentError", "DirectRunner"]
