"""Faults on demand: replies that are late, refused, cut or missing, for tests of clients.

`faults.py` reads them, `table.py` has the rules of the sessions and decides by seed, `effects.py`
does it to a reply. Must never change what a session does with a request: a fault comes before it,
and the session never sees the request, or after it, and everything is committed.
"""

from __future__ import annotations

from larst.http.faults.effects import SERVED, STRIKE, Strike, spoiled
from larst.http.faults.table import HEADER, FaultTable

__all__ = ["HEADER", "SERVED", "STRIKE", "FaultTable", "Strike", "spoiled"]
