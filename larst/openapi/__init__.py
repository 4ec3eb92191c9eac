"""OpenAPI 3.1 documents: of a session, as it has grown, and of the control API.

Pure: callers pass in the learned schemas. Must never read a session or a request.
"""

from __future__ import annotations

from larst.openapi.control import (
    ControlApi,
    ControlOperation,
    ControlParameter,
    ControlReply,
    control_document,
    whole_number,
)
from larst.openapi.custom import LearnedPath
from larst.openapi.document import SessionApi, session_document

__all__ = [
    "ControlApi",
    "ControlOperation",
    "ControlParameter",
    "ControlReply",
    "LearnedPath",
    "SessionApi",
    "control_document",
    "session_document",
    "whole_number",
]
