"""The lane: known requests are answered in the turn of the event loop in which they arrive.

aiohttp parses each request. The lane offers it to its session, which answers if its actor is free
and the plan is known, and writes the reply. Any other request takes aiohttp's ordinary way, with
the same reply to the byte. Must never answer a request that the ordinary way would refuse.
"""

from __future__ import annotations

from larst.http.lane.connection import LaneConnection
from larst.http.lane.lane import LANE, Lane

__all__ = ["LANE", "Lane", "LaneConnection"]
