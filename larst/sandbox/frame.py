"""What stands around a program in the worker: the names it is given, and how its REPLY gets out.

Pure text. The program cannot touch the frame: the frame's own names begin with an underscore,
which the policy refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from larst.domain import CheckedProgram

_MODULES = ("math", "re", "json", "datetime")
_MAKE_RESPONSE = (
    "def make_response(status, body=None, headers=None):\n"
    '    return {"status": status, "body": body, "headers": headers}\n'
)
# The body leaves as JSON text made in here: an aliased structure (a = [a, a], forty times) is
# small in the worker and explodes where it is written out, so that must happen in here too.
_EPILOGUE = """
if not isinstance(REPLY, dict):
    raise TypeError("REPLY must be make_response(...) or a dict with status, body and headers")
_body = REPLY.get("body")
_text = "" if _body is None else _dumps(
    _body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_raw = _body if isinstance(_body, str) else None
[
    REPLY.get("status"),
    REPLY.get("headers"),
    _body is not None,
    len(_text),
    _text if len(_text) <= LIMIT else "",
    _raw if len(_text) <= LIMIT else None,
]
"""


@dataclass(frozen=True, slots=True)
class Framed:
    """A program as the worker gets it. `lines_before` is where the program's own line 1 is."""

    source: str
    lines_before: int
    lines: int
    given: frozenset[str]
    """The given names that the program uses; what it does not use need not go into the worker."""


@lru_cache(maxsize=4096)
def frame(program: CheckedProgram, *, result_bytes: int) -> Framed:
    """Return the program with its frame; only the modules that it names are bound."""
    words = program.names
    imports = "".join(f"import {name}\n" for name in _MODULES if name in words)
    prelude = f"from json import dumps as _dumps\n{imports}{_MAKE_RESPONSE}"
    return Framed(
        source=f"{prelude}{program.source}\n{_EPILOGUE.replace('LIMIT', str(result_bytes))}",
        lines_before=prelude.count("\n"),
        lines=program.source.count("\n") + 1,
        given=words & {"ctx", "plan", "store", "session_store"},
    )
