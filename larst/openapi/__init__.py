"""What a session has become, as an OpenAPI 3.1 document. Pure: what it tells of comes in."""

from __future__ import annotations

from larst.openapi.control import control_document
from larst.openapi.document import Described, document

__all__ = ["Described", "control_document", "document"]
