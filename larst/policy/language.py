"""The language of programs: its constructs and names. Data only.

This is an allow-list: anything that is not listed here is refused. The attributes of the modules
and the limits of the interpreter are those of pydantic-monty 1.4.0 (November 2026).
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
    ast.Import: "import is not allowed; math, re, json and datetime are already imported",
    ast.ImportFrom: "import is not allowed; math, re, json and datetime are already imported",
    ast.Lambda: "lambda is not allowed; write a comprehension",
    ast.FunctionDef: "function definitions are not allowed; write the steps in sequence",
    ast.AsyncFunctionDef: "function definitions are not allowed; write the steps in sequence",
    ast.ClassDef: "class definitions are not allowed; use dicts",
    ast.Return: "return is not allowed; assign REPLY in if and else branches",
    ast.Try: "try is not allowed; check with if before you act",
    ast.TryStar: "try is not allowed; check with if before you act",
    ast.With: "with is not allowed; programs have nothing to open or close",
    ast.AsyncWith: "async is not allowed; store calls return immediately",
    ast.AsyncFor: "async is not allowed; store calls return immediately",
    ast.Await: "await is not allowed; store calls return immediately",
    ast.Yield: "yield is not allowed; build a list",
    ast.YieldFrom: "yield is not allowed; build a list",
    ast.Global: "global is not allowed; a program has a single scope",
    ast.Nonlocal: "nonlocal is not allowed; a program has a single scope",
    ast.Delete: "del is not allowed; use d.pop(key) or build a new value",
    ast.Match: "match is not allowed; use if and elif",
    ast.Assert: "assert is not allowed; use if, and reply with an error status",
}
"""Constructs with a reason of their own: each says what to write instead."""

PREDEFINED_NAMES = frozenset({"ctx", "plan", "store", "session_store", "make_response"})
"""The values that every program starts with; it may not rebind them."""

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
"""The modules that are already imported, and the attributes that programs may use."""

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
"""Python's names that are refused as not available, instead of as unknown."""

FORBIDDEN_ATTRIBUTES: Mapping[str, str] = {
    # "{0.__class__}".format(x) reads attributes that the name checks cannot see.
    "format": "write an f-string",
    "format_map": "write an f-string",
    **dict.fromkeys(
        "gi_frame gi_code gi_yieldfrom f_back f_builtins f_code f_globals f_locals tb_frame tb_next"
        " co_code co_consts func_globals mro".split(),
        "interpreter internals are not accessible",
    ),
}
"""Attributes that are refused, each with the reason or what to write instead."""

CALL_ONLY_METHODS = frozenset(
    "append capitalize clear copy count endswith extend get index insert items join keys lower"
    " lstrip pop remove replace rstrip setdefault sort split startswith strip title update upper"
    " values".split()
)
"""Methods of str, list and dict, which the interpreter can call but not pass as values."""
