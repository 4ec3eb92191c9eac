"""Runs a checked program as Python, for tests that need no worker."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import orjson

from larst.domain import CheckedProgram, Json, ProgramInputs, Reply
from larst.store import Transaction


def reply_in_python(
    program: CheckedProgram, inputs: ProgramInputs, transaction: Transaction
) -> Reply:
    """Return the reply of a program; its changes are in the transaction."""

    def make_response(
        status: int, body: Json = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        encoded = b"" if body is None else orjson.dumps(body)
        return Reply(status=status, body=encoded, headers=dict(headers or {}))

    names: dict[str, Any] = {
        "plan": inputs.plan,
        "ctx": inputs.ctx,
        "datetime": datetime,
        "session_store": transaction,
        "store": transaction.resource(inputs.resource or "none"),
        "make_response": make_response,
    }
    exec(program.source, names)  # noqa: S102 - a program of this test, which the policy accepts
    reply = names["REPLY"]
    assert isinstance(reply, Reply)
    return reply
