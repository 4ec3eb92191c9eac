"""The code around a program in the worker: binds its names, and returns its REPLY. Pure text.

A program cannot reach this code: its names begin with an underscore, which the policy refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from larst.domain import CheckedProgram
from larst.sandbox.reply import MAX_RECORD_BYTES

_INPUTS = frozenset({"ctx", "plan", "store", "session_store"})
_MODULES = ("math", "re", "json", "datetime")
_MAKE_RESPONSE = (
    "def make_response(status, body=None, headers=None):\n"
    '    return {"status": status, "body": body, "headers": headers}\n'
)
# The worker encodes the body: an aliased list (a = [a, a], forty times) is small in memory but
# grows exponentially when it is written out, which must happen within the worker's limits.
_EPILOGUE = """
if not isinstance(REPLY, dict):
    raise TypeError("REPLY must be make_response(...) or a dict with status, body and headers")
_body = REPLY.get("body")
_text = "" if _body is None else _dumps(
    _body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_raw = _body if isinstance(_body, str) else None
_is_record = isinstance(_body, dict) and "id" in _body and "items" not in _body
_limit = RECORD_LIMIT if _is_record else LIMIT
[
    REPLY.get("status"),
    REPLY.get("headers"),
    _body is not None,
    len(_text),
    _text if len(_text) <= _limit else "",
    _raw if len(_text) <= _limit else None,
]
"""


@dataclass(frozen=True, slots=True)
class FramedProgram:
    """A program as it is sent to the worker.

    `lines_before` lines precede the program's first line, and it has `line_count` lines.
    `inputs` are the predefined values that it uses; the others are not sent.
    """

    source: str
    lines_before: int
    line_count: int
    inputs: frozenset[str]


@lru_cache(maxsize=4096)
def frame(program: CheckedProgram, *, result_bytes: int) -> FramedProgram:
    """Return the program with its frame, which imports only the modules that it uses."""
    imports = "".join(f"import {name}\n" for name in _MODULES if name in program.names)
    prelude = f"from json import dumps as _dumps\n{imports}{_MAKE_RESPONSE}"
    record_bytes = str(max(result_bytes, MAX_RECORD_BYTES))
    epilogue = _EPILOGUE.replace("RECORD_LIMIT", record_bytes).replace("LIMIT", str(result_bytes))
    return FramedProgram(
        source=f"{prelude}{program.source}\n{epilogue}",
        lines_before=prelude.count("\n"),
        line_count=program.source.count("\n") + 1,
        inputs=program.names & _INPUTS,
    )
