"""The jail of the sandbox workers; `jail.py` lists its parts."""

from __future__ import annotations

from larst.sandbox.jail.jail import Jail, JailState

__all__ = ["Jail", "JailState"]
