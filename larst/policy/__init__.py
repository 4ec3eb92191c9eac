"""The policy: a program becomes a checked program, or every reason why not. Pure.

The sandbox is the wall; the policy is what tells a planner early and in words what cannot work.
Must never run anything, and must never let through what it does not know.
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
from larst.policy.names import violations_of_names

_FENCES = re.compile(r"\s*```[A-Za-z0-9_+-]*[ \t]*\r?\n(?P<block>.*?)\r?\n?[ \t]*```\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PolicyLimits:
    """How large a program may be; `levels` is how deep its syntax tree may nest."""

    code_bytes: int = 16_384
    nodes: int = 2_000
    levels: int = 40


def strip_fences(source: str) -> str:
    """Return the program without the Markdown fences that models like to put around it."""
    fenced = _FENCES.fullmatch(source)
    return fenced["block"] if fenced else source


def check(source: str, limits: PolicyLimits) -> CheckedProgram:
    """Return the program with its syntax tree, fit to run in the sandbox.

    Raises:
        ProgramRefusedError: names every violation, so that one repair can mend all.
    """
    tree = _parse(source, limits)
    if sizes := list(_violations_of_size(tree, limits)):
        raise ProgramRefusedError(sizes)
    found = {*_violations_of_syntax(tree), *violations_of_names(tree)}
    if found:
        raise ProgramRefusedError(sorted(found, key=lambda one: (one.line, one.reason)))
    return CheckedProgram(
        source,
        tree,
        names=frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)),
        literals=tuple(
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str | int | float)
            and not isinstance(node.value, bool)
        ),
    )


def _parse(source: str, limits: PolicyLimits) -> ast.Module:
    """Return the syntax tree; the size is checked first, since parsing is slow beyond it."""
    try:
        size_bytes = len(source.encode())
    except UnicodeEncodeError as error:
        raise _refused(0, "the program holds a lone surrogate; write plain text") from error
    if size_bytes > limits.code_bytes:
        raise _refused(
            0, f"the program has {size_bytes} bytes; at most {limits.code_bytes} are allowed"
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


def _violations_of_size(tree: ast.Module, limits: PolicyLimits) -> Iterator[Violation]:
    """Count level by level, not by recursion: the tree may be deeper than the stack."""
    count, levels = 0, 0
    level: list[ast.AST] = [tree]
    while level:
        count += len(level)
        levels += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if count > limits.nodes:
        yield Violation(0, f"the program has {count} nodes; at most {limits.nodes} are allowed")
    if levels > limits.levels:
        yield Violation(0, f"the program nests {levels} deep; at most {limits.levels} are allowed")


def _violations_of_syntax(tree: ast.Module) -> Iterator[Violation]:
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if (reason := REFUSED_NODES.get(type(node))) is not None:
            yield Violation(line, reason)
        elif isinstance(node, ast.stmt | ast.expr) and not isinstance(node, ALLOWED_NODES):
            # Every other kind of node stands below a statement or expression refused above.
            yield Violation(line, f"{type(node).__name__} is not allowed")
        elif isinstance(node, ast.comprehension) and node.is_async:
            yield Violation(node.target.lineno, "async is not allowed; store calls answer at once")
        elif isinstance(node, ast.Constant) and isinstance(node.value, bytes | complex):
            yield Violation(line, f"JSON cannot say {type(node.value).__name__}")
