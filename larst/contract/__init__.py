"""Contracts: an OpenAPI document that a user gives to a session. Pure.

It describes custom paths to planners, and its schemas are held against replies. Must never
follow a reference out of the document, and never put a value of a reply into a deviation.
"""

from __future__ import annotations

from larst.contract.contracts import Contract, Operation, ReplySchema
from larst.contract.documents import MAX_OPERATIONS, read_contract
from larst.contract.seeds import seeds_of

__all__ = ["MAX_OPERATIONS", "Contract", "Operation", "ReplySchema", "read_contract", "seeds_of"]
