"""Prompt templates: one `.md` a template, filled here. Stdlib only.

A variable stands in a template as `{{name}}`. Must never fill one halfway: a variable that is
missing, or that the template does not have, is a bug and raises.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files

NAMES = ("plan", "context", "repair")
"""`plan`: what every planner is told, the same each time. `context`: one request. `repair`: why
its last program was no use."""

_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


class PromptError(ValueError):
    """A template was filled with other variables than it has."""


def fill(name: str, /, **variables: str) -> str:
    """Return the template with each variable in its place; values are not looked into again.

    Raises:
        PromptError: a variable is missing or unknown, or there is no such template.
    """
    text = _text(name)
    wanted = set(_VARIABLE.findall(text))
    if missing := sorted(wanted - variables.keys()):
        raise PromptError(f"{name}.md needs {', '.join(missing)}")
    if unknown := sorted(variables.keys() - wanted):
        raise PromptError(f"{name}.md has no {', '.join(unknown)}")
    return _VARIABLE.sub(lambda found: variables[found[1]], text)


@cache
def version() -> str:
    """Return the version of the prompts, 12 hex digits of their text: part of every plan's key.

    Nobody has to remember to count it up.
    """
    whole = "\0".join(f"{name}\0{_text(name)}" for name in NAMES)
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


@cache
def _text(name: str) -> str:
    if name not in NAMES:
        raise PromptError(f"there is no template {name}.md; there are {', '.join(NAMES)}")
    return (files(__name__) / f"{name}.md").read_text("utf-8")
