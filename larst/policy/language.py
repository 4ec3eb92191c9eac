"""The language that programs are written in: which constructs and names there are. Data only.

An allow-list: what is not named here is refused. Which attributes the modules have, and what the
interpreter cannot run, was read off pydantic-monty 1.4.0 (November 2026).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

ALLOWED_NODES: tuple[type[ast.AST], ...] = (
    ast.Module,
    ast.Expr,
    ast.Assign,
    ast.AugAssign,
    ast.AnnAssign,
    ast.NamedExpr,
    ast.If,
    ast.IfExp,
    ast.For,
    ast.While,
    ast.Break,
    ast.Continue,
    ast.Pass,
    ast.Raise,
    ast.Call,
    ast.keyword,
    ast.Compare,
    ast.BoolOp,
    ast.BinOp,
    ast.UnaryOp,
    ast.Attribute,
    ast.Subscript,
    ast.Slice,
    ast.Starred,
    ast.Name,
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.comprehension,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.expr_context,
    ast.boolop,
    ast.operator,
    ast.unaryop,
    ast.cmpop,
)

REFUSED_NODES: Mapping[type[ast.AST], str] = {
    ast.Import: "import is not allowed; math, re, json and datetime are there already",
    ast.ImportFrom: "import is not allowed; math, re, json and datetime are there already",
    ast.Lambda: "lambda is not allowed; write a comprehension",
    ast.FunctionDef: "functions cannot be defined; write the steps one after another",
    ast.AsyncFunctionDef: "functions cannot be defined, and nothing is async",
    ast.ClassDef: "classes cannot be defined; use dicts",
    ast.Return: "return is not allowed; assign REPLY, and use if and else",
    ast.Try: "try is not allowed; test with if before you act",
    ast.TryStar: "try is not allowed; test with if before you act",
    ast.With: "with is not allowed",
    ast.AsyncWith: "async is not allowed; store calls answer at once",
    ast.AsyncFor: "async is not allowed; store calls answer at once",
    ast.Await: "await is not allowed; store calls answer at once",
    ast.Yield: "yield is not allowed; build a list",
    ast.YieldFrom: "yield is not allowed; build a list",
    ast.Global: "global is not allowed; all names are of one program",
    ast.Nonlocal: "nonlocal is not allowed; all names are of one program",
    ast.Delete: "del is not allowed; use d.pop(key), or build a new value",
    ast.Match: "match is not allowed; use if and elif",
    ast.Assert: "assert is not allowed; use if, and reply with an error status",
}

GIVEN_NAMES = frozenset({"ctx", "plan", "store", "session_store", "make_response"})
"""What a program is given; it may not give them another value."""

MODULES: Mapping[str, frozenset[str]] = {
    "math": frozenset(
        "ceil copysign cos degrees e exp fabs factorial floor fmod fsum gcd hypot inf isclose"
        " isfinite isinf isnan isqrt lcm log log10 log2 nan pi pow prod radians sin sqrt tan tau"
        " trunc".split()
    ),
    "re": frozenset(
        "compile escape findall finditer fullmatch match search split sub subn"
        " A ASCII I IGNORECASE M MULTILINE S DOTALL".split()
    ),
    "json": frozenset({"dumps", "loads"}),
    "datetime": frozenset({"date", "datetime", "timedelta", "timezone"}),
}
"""The modules that are bound, and the attributes of theirs that may be used."""

EXCEPTIONS = frozenset(
    {
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "Exception",
        "IndexError",
        "KeyError",
        "LookupError",
        "NotImplementedError",
        "OverflowError",
        "RuntimeError",
        "StopIteration",
        "TimeoutError",
        "TypeError",
        "ValueError",
        "ZeroDivisionError",
    }
)

BUILTINS = EXCEPTIONS | frozenset(
    "len range enumerate min max sum sorted any all map filter list dict set tuple abs round str"
    " int float bool zip isinstance reversed"
    " chr divmod frozenset iter next ord pow print repr".split()
)

FORBIDDEN_NAMES = frozenset(
    {
        "__import__",
        "breakpoint",
        "compile",
        "delattr",
        "eval",
        "exec",
        "getattr",
        "globals",
        "input",
        "locals",
        "open",
        "setattr",
        "vars",
    }
)
"""Names that exist in Python and are refused in words of their own."""

FORBIDDEN_ATTRIBUTES: Mapping[str, str] = {
    # "{0.__class__}".format(x) reaches what no name check sees; f-strings do the same safely.
    "format": "write an f-string",
    "format_map": "write an f-string",
    **dict.fromkeys(
        "gi_frame gi_code gi_yieldfrom f_back f_builtins f_code f_globals f_locals tb_frame tb_next"
        " co_code co_consts func_globals mro".split(),
        "the interpreter's insides are not a program's",
    ),
}
"""Attributes refused in words of their own, with what to do instead."""

UNCALLED_METHODS = frozenset(
    "append capitalize clear copy count endswith extend get index insert items join keys lower"
    " lstrip pop remove replace rstrip setdefault sort split startswith strip title update upper"
    " values".split()
)
"""Methods of texts, lists and dicts: the interpreter has them as calls, not as values."""
