"""The code around a program in the worker: binds its names, and returns its REPLY. Pure text.

A program cannot reach this code: its names begin with an underscore, which the policy refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from larst.domain import SESSION_STORE_METHODS, STORE_METHODS, CheckedProgram
from larst.sandbox.arguments import MAX_CALL_CHARACTERS
from larst.sandbox.reply import MAX_HEAD_CHARACTERS, MAX_RECORD_BYTES
from larst.sandbox.values import UNPACK

_INPUTS = frozenset({"ctx", "plan", "store", "session_store"})
_MODULES = ("math", "re", "json", "datetime")
_MAKE_RESPONSE = (
    "def make_response(status, body=None, headers=None):\n"
    '    return {"status": status, "body": body, "headers": headers}\n'
)
# The worker encodes the body: an aliased list (a = [a, a], forty times) is small in memory but
# grows exponentially when it is written out, which must happen within the worker's limits.
_PACK = """\
from json import dumps as _dumps, loads as _loads
def _packed(value, limit):
    text = _dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(text) > limit:
        raise ValueError("the values of one store call, or the headers of REPLY, are too large")
    if _loads(text) != value:
        stack = [value]
        while stack:
            item = stack.pop()
            if isinstance(item, dict):
                for key in item:
                    if not isinstance(key, str):
                        raise TypeError("field names must be strings, not " + type(key).__name__)
                stack.extend(item.values())
            elif isinstance(item, (list, tuple)):
                stack.extend(item)
    return text
"""
"""JSON has only text as keys, and `dumps` changes others in silence; tuples may become lists.

What it returns is as large as what it looks at: a shared list counts each time.
"""
_UNPACK_INPUT = (
    "{0} = {{key: _unpacked(value) if isinstance(value, bytes) else value"
    " for key, value in {0}.items()}}\n"
)
_STORES = {
    "store": ("_Store", STORE_METHODS),
    "session_store": ("_SessionStore", SESSION_STORE_METHODS),
}
_CLASS = """\
class {name}:
    def __init__(self, handle):
        self._handle = handle
"""
_METHOD = """\
    def {name}(self, *args, **kwargs):
        return {result}
"""
_EPILOGUE = """
if not isinstance(REPLY, dict):
    raise TypeError("REPLY must be make_response(...) or a dict with status, body and headers")
_body = REPLY.get("body")
_head = _packed([REPLY.get("status"), REPLY.get("headers")], HEAD_LIMIT)
_text = "" if _body is None else _dumps(
    _body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_raw = _body if isinstance(_body, str) else None
_is_record = isinstance(_body, dict) and "id" in _body and "items" not in _body
_limit = RECORD_LIMIT if _is_record else LIMIT
if _text and len(_text) <= _limit and _loads(_text) != _body:
    # Keys that are numbers become texts, which must not be there already.
    _again = _dumps(_loads(_text), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(_again) != len(_text):
        raise TypeError("REPLY has a key twice, as a text and as another value, such as 1 and '1'")
[
    _head,
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
    inputs = "".join(map(_UNPACK_INPUT.format, sorted(program.names & {"ctx", "plan"})))
    prelude = f"{_PACK}{UNPACK}{inputs}{imports}{_MAKE_RESPONSE}{_stores(program)}"
    record_bytes = str(max(result_bytes, MAX_RECORD_BYTES))
    epilogue = _EPILOGUE.replace("HEAD_LIMIT", str(MAX_HEAD_CHARACTERS))
    epilogue = epilogue.replace("RECORD_LIMIT", record_bytes).replace("LIMIT", str(result_bytes))
    return FramedProgram(
        source=f"{prelude}{program.source}\n{epilogue}",
        lines_before=prelude.count("\n"),
        line_count=program.source.count("\n") + 1,
        inputs=program.names & _INPUTS,
    )


def _stores(program: CheckedProgram) -> str:
    """Return the stores of the program as classes, whose methods send their arguments as JSON."""
    parts = ""
    for variable, (name, methods) in _STORES.items():
        if name == "_Store" and not program.names & {"store", "session_store"}:
            continue
        if name == "_SessionStore" and variable not in program.names:
            continue
        parts += _CLASS.format(name=name)
        # The worker parses the frame in each run, so it has only what the program can call.
        for method in sorted(method for method in methods if method in program.source):
            arguments = f"_packed([list(args), kwargs], {MAX_CALL_CHARACTERS})"
            returned = "_Store" if method == "resource" else "_unpacked"
            result = f"{returned}(self._handle.{method}({arguments}))"
            parts += _METHOD.format(name=method, result=result)
        if variable in program.names:
            parts += f"if {variable} is not None:\n    {variable} = {name}({variable})\n"
    return parts
