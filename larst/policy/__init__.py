"""The policy: accepts a program for the sandbox, or refuses it with every reason. Pure.

The sandbox is the security boundary; the policy gives a planner early, readable errors.
Must never run a program, and must never accept a construct that it does not know.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from larst.domain import CheckedProgram, Violation
from larst.errors import ProgramRefusedError
from larst.policy.language import ALLOWED_NODES, REFUSED_NODES
from larst.policy.names import name_violations
from larst.policy.total import translate

__all__ = ["PolicyLimits", "check", "strip_fences"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_FENCE = "```"
_FIRST_LINE = re.compile(r"```[A-Za-z0-9_+-]*[ \t]*\r?")


@dataclass(frozen=True, slots=True)
class PolicyLimits:
    """The maximum size of a program; `levels` limits the depth of its syntax tree."""

    code_bytes: int = 16_384
    nodes: int = 2_000
    levels: int = 40


def strip_fences(source: str) -> str:
    """Return the program without the Markdown fences that models often put around it."""
    first, newline, rest = source.strip().partition("\n")
    if not newline or not rest.endswith(_FENCE) or not _FIRST_LINE.fullmatch(first):
        return source
    block = rest.removesuffix(_FENCE).rstrip(" \t")
    return block.removesuffix("\n").removesuffix("\r")


def check(source: str, limits: PolicyLimits) -> CheckedProgram:
    """Return the program, parsed and accepted for the sandbox.

    Raises:
        ProgramRefusedError: names every violation, so that one repair can fix all of them.
    """
    tree = _parse(source, limits)
    # The size comes first: the other checks recurse, and would overflow the stack.
    if too_large := list(_size_violations(tree, limits)):
        raise ProgramRefusedError(too_large)
    if violations := {*_syntax_violations(tree), *name_violations(tree)}:
        raise ProgramRefusedError(sorted(violations, key=lambda item: (item.line, item.reason)))
    return CheckedProgram(
        source,
        tree,
        names=frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)),
        literals=tuple(_literals(tree)),
        total=translate(tree),
    )


def _literals(tree: ast.Module) -> Iterator[str | int | float]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str | int | float)
            and not isinstance(node.value, bool)
        ):
            yield node.value


def _parse(source: str, limits: PolicyLimits) -> ast.Module:
    """Return the syntax tree; checks the size first, because parsing a long text is slow."""
    try:
        size_bytes = len(source.encode())
    except UnicodeEncodeError as error:
        raise _refused(
            0, "the program contains a lone surrogate; write valid Unicode text"
        ) from error
    if size_bytes > limits.code_bytes:
        raise _refused(
            0, f"the program is {size_bytes} bytes long; the limit is {limits.code_bytes}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        raise _refused(error.lineno or 0, f"syntax error: {error.msg}") from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise _refused(0, f"the program cannot be parsed: {error}") from error


def _refused(line: int, reason: str) -> ProgramRefusedError:
    return ProgramRefusedError([Violation(line, reason)])


def _size_violations(tree: ast.Module, limits: PolicyLimits) -> Iterator[Violation]:
    """Counts level by level and not by recursion, because the tree may be deeper than the stack."""
    count, levels = 0, 0
    level: list[ast.AST] = [tree]
    while level:
        count += len(level)
        levels += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if count > limits.nodes:
        yield Violation(0, f"the program has {count} syntax nodes; the limit is {limits.nodes}")
    if levels > limits.levels:
        yield Violation(
            0, f"the program is nested {levels} levels deep; the limit is {limits.levels}"
        )


def _syntax_violations(tree: ast.Module) -> Iterator[Violation]:
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if (reason := REFUSED_NODES.get(type(node))) is not None:
            yield Violation(line, reason)
        elif isinstance(node, ast.stmt | ast.expr) and not isinstance(node, ALLOWED_NODES):
            # Any other unknown node is part of a statement or expression that is refused here.
            yield Violation(line, f"{type(node).__name__} is not allowed")
        elif isinstance(node, ast.comprehension) and node.is_async:
            yield Violation(
                node.target.lineno, "async is not allowed; store calls return immediately"
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, bytes | complex):
            yield Violation(line, f"JSON cannot represent {type(node.value).__name__}")
        elif _has_surrogate(node):
            yield Violation(line, "a text may not have a lone surrogate")


def _has_surrogate(node: ast.AST) -> bool:
    """Return whether a node is a text that a worker would change: it has no such characters."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return _SURROGATE.search(node.value) is not None
