"""An MCP server over a running service: requests, seeds, resets, snapshots, recordings, plans.

Must never be imported before `larst mcp` runs: the SDK comes with the extra `mcp`.
"""

from larst.mcp.backend import Backend, BackendError
from larst.mcp.server import make_server

__all__ = ["Backend", "BackendError", "make_server"]
