"""Programs that try to reach the interpreter, the machine or another session."""

from __future__ import annotations

_VALUES = ("store", "session_store", "ctx", "plan", "make_response", "''", "[]", "(1).real", "math")
_HIDDEN = (
    "__class__",
    "__dict__",
    "__globals__",
    "__subclasses__",
    "__init__",
    "__reduce__",
    "_handle",
    "_base",
)
_NAMES = (
    *("eval('1')", "exec('x = 1')", "compile('1', '', 'eval')", "open('/etc/passwd')"),
    *("__import__('os')", "getattr(store, 'name')", "setattr(store, 'name', 1)", "vars(store)"),
    *("globals()", "locals()", "input()", "breakpoint()", "delattr(store, 'name')", "dir(store)"),
    *("type(store)", "id(store)", "object()", "super()", "memoryview('')", "bytearray(9)"),
    *("hash('a')", "help()", "exit()", "quit()", "callable(store)", "property(1)", "bytes(9)"),
    *("_Store(1)", "_packed([1], 9)", "_dumps(1)", "_loads('1')", "_handle", "_text", "_head"),
    *("math.__loader__", "re.sys", "json.codecs", "datetime.sys", "datetime.date.today.__self__"),
    *("'{0.__class__}'.format(store)", "'%(a)s'.format_map(ctx)", "f'{store._handle}'"),
    *("f'{store.__class__}'", "(lambda: 1)()", "[store][0]._handle", "store.list.__func__"),
    *("session_store.resource('a')._base", "session_store.hidden('.replies')"),
    *("session_store.session('victim')", "session_store.resource('../victim/secrets').list()"),
    *("session_store.resource('/etc/passwd').list()", "session_store.resource('.schemas').list()"),
    *("session_store.resource('.replies').list()", "session_store.resource('a\\x00b').list()"),
    *("session_store.resource('a/b').count()", "session_store.resource('').count()"),
    *("session_store.resource(None).count()", "session_store.resource(['a']).count()"),
    *("session_store.resource({'a': 1}).count()", "session_store.resource('a' * 65).count()"),
    *("session_store.resource('\u00e4').count()", "session_store.resource(store).count()"),
)
_STATEMENTS = (
    *("import os", "from os import path", "import sys as x", "def f(): pass", "class A: pass"),
    *("x = lambda: 1", "try:\n    x = 1\nexcept Exception:\n    x = 2", "with x: pass"),
    *("async def f(): pass", "x = [await y for y in []]", "global x", "nonlocal x", "del ctx"),
    *(
        "yield 1",
        "return",
        "return 1",
        "assert False",
        "match 1:\n    case 1: pass",
        "raise SystemExit",
    ),
    *("raise KeyboardInterrupt", "raise BaseException", "store = 1", "ctx = 1", "plan = {}"),
    *("make_response = 1", "store.name = 1", "ctx['a'].b = 1", "for store in []: pass", "math = 1"),
    *(
        "x = (store := 1)",
        "[x for store in [1]]",
        "x: int = open",
        "@x\ndef f(): pass",
        "REPLY.x = 1",
    ),
    *("_x = 1", "x = __name__", "x = __builtins__", "x = __file__", "x = __spec__", "json = ctx"),
)
PROGRAMS = (
    *(f"x = {value}.{name}" for value in _VALUES for name in _HIDDEN),
    *(f"x = {name}" for name in _NAMES),
    *_STATEMENTS,
)
