"""Prompt templates and examples: one `.md` file each. Standard library only.

A template contains variables as `{{name}}`. Must never fill a template partially: a missing or an
unknown variable is a bug and raises.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files

from larst.prompts.examples import Example, examples, is_family, nearest

__all__ = ["Example", "PromptError", "examples", "fill", "is_family", "nearest", "version"]

NAMES = ("plan", "request", "intent", "wanted", "operation", "retry", "context", "repair")
"""`plan`: the system prompt, the same for all requests. `request`: the turn of one request;
`intent` and `wanted`: what its user says of it, `operation`: what the session's contract does.
`retry`: the turn after a refused program.
`context` and `repair`: the same as one text, for a
function of LLM_MOCK_HANDLER."""

UNVERSIONED_NAMES = ("imagine",)
"""Templates that no plan is made with: `imagine` is the system prompt of `larst imagine`."""

_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


class PromptError(ValueError):
    """A template was filled with missing or unknown variables, or does not exist."""


def fill(name: str, /, **variables: str) -> str:
    """Return the template with its variables replaced; their values are not parsed again.

    Raises:
        PromptError: a variable is missing or unknown, or the template does not exist.
    """
    text = _text(name)
    names = set(_VARIABLE.findall(text))
    if missing := sorted(names - variables.keys()):
        raise PromptError(f"{name}.md needs {', '.join(missing)}")
    if unknown := sorted(variables.keys() - names):
        raise PromptError(f"{name}.md has no variable {', '.join(unknown)}")
    return _VARIABLE.sub(lambda match: variables[match[1]], text)


@cache
def version() -> str:
    """Return a hash of templates and examples, 12 hex digits: a part of every plan's key."""
    parts = [f"{name}\0{_text(name)}" for name in NAMES]
    parts += [f"{example.name}\0{example!r}" for example in examples()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@cache
def _text(name: str) -> str:
    names = (*NAMES, *UNVERSIONED_NAMES)
    if name not in names:
        raise PromptError(f"unknown template {name}.md; the templates are {', '.join(names)}")
    return (files(__name__) / f"{name}.md").read_text("utf-8")
