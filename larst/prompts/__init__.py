"""Prompt templates: one `.md` file each, filled here. Standard library only.

A template contains variables as `{{name}}`. Must never fill a template partially: a missing or an
unknown variable is a bug and raises.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files

NAMES = ("plan", "context", "repair")
"""`plan`: the system prompt, the same for all requests. `context`: one request. `repair`: why
earlier programs were refused."""

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
    """Return a hash of all templates, 12 hex digits: the prompt version in every plan's key."""
    whole = "\0".join(f"{name}\0{_text(name)}" for name in NAMES)
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


@cache
def _text(name: str) -> str:
    if name not in NAMES:
        raise PromptError(f"unknown template {name}.md; the templates are {', '.join(NAMES)}")
    return (files(__name__) / f"{name}.md").read_text("utf-8")
