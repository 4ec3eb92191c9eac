"""The sandbox: runs a checked program on a session's store and returns its reply.

Must never execute a program in this process, and must never trust the output of a worker.
"""

from __future__ import annotations

from larst.sandbox.monty import MontySandbox
from larst.sandbox.protocol import Sandbox

__all__ = ["MontySandbox", "Sandbox"]
