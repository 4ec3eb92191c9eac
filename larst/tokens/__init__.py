"""Tokens: who may call the service, as which tenant, and what for.

Must never keep, print or log a token itself: only its hash.
"""

from __future__ import annotations

from larst.tokens.access import OPEN_ACCESS, SCOPES, Access, Scope
from larst.tokens.source import TokenSource
from larst.tokens.table import TokenTable

__all__ = ["OPEN_ACCESS", "SCOPES", "Access", "Scope", "TokenSource", "TokenTable"]
