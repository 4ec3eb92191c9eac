"""Text patterns as conditions that the store can test: `LIKE`, stars, plain regular expressions.

Pure. A pattern becomes the simplest condition that means the same, so that `%x%`, `*x*` and
`contains` are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import Condition, Node, any_of

MAX_ALTERNATIVES = 50
MAX_CHARACTERS = 1_000
"""Of a regular expression: each group and set of letters in it is a step over all of it."""

_PATTERN_LETTERS = re.compile(r"[\^$\[\]|()+?\\]|\.\*")
_CLASS = re.compile(r"\[(?P<letters>[^\^\[\]\\\-]{1,20})\]")
_GROUP = re.compile(r"\((?:\?:)?(?P<words>[^()\[\]|]*\|[^()\[\]]*)\)")
_LITERAL = re.compile(r"(?:[^\\^$.|?*+()\[\]{}]|\\[^\w])*")


def like(
    field: str, pattern: str, key: str, *, ignores_case: bool, is_anchored: bool = False
) -> Node:
    """Return the match of a pattern with `%` or `*` at any place.

    Without a wildcard the text is contained, or it is the whole value where patterns are anchored.
    """
    text = pattern.replace("%", "*")
    prefix = "i" if ignores_case else ""
    if "*" not in text:
        exact = "iexact" if ignores_case else ""
        return Condition(field, exact if is_anchored else f"{prefix}contains", text, key)
    inner = text.strip("*")
    if not inner:
        return Condition(field, "exists", True, key)
    if "*" in inner:
        return Condition(field, f"{prefix}like", text, key)
    operators = {(True, True): "contains", (True, False): "endswith", (False, True): "startswith"}
    operator = operators[text[0] == "*", text[-1] == "*"]
    return Condition(field, f"{prefix}{operator}", inner, key)


def wildcard(field: str, text: str, key: str) -> Node:
    """Return the meaning of stars in a value: a prefix, a suffix, contained, or one in the middle.

    Contained ignores case. A lone star asks for the field to be there; text with more stars is
    taken literally.
    """
    if text == "*":
        return Condition(field, "exists", True, key)
    if text.count("*") == 1:
        return like(field, text, key, ignores_case=False)
    if len(text) > 2 and text[0] == text[-1] == "*" and "*" not in text[1:-1]:
        return Condition(field, "icontains", text[1:-1], key)
    return Condition(field, "", text, key)


def is_regex(text: str) -> bool:
    """Return whether a text has letters that only a regular expression uses."""
    return _PATTERN_LETTERS.search(text) is not None


def regex(field: str, pattern: str, key: str, *, ignores_case: bool) -> Node:
    """Return the meaning of a plain regular expression.

    It may have `^`, `$`, `.*`, alternatives and sets of letters. Others are refused: the pattern of
    a client could run without end.

    Raises:
        QueryNotUnderstoodError: it has other special characters, too many alternatives, or is too
            long.
    """
    if len(pattern) > MAX_CHARACTERS:
        raise QueryNotUnderstoodError(
            f"{key[:80]} is a regular expression of {len(pattern)} characters; at most"
            f" {MAX_CHARACTERS}"
        )
    text = pattern
    if len(text) > 2 and text[0] == "/" and (match := re.search(r"/([a-z]{0,4})\Z", text[1:])):
        text, ignores_case = text[1 : match.start() + 1], ignores_case or "i" in match[1]
    if text.startswith("(?i)"):
        text, ignores_case = text[4:], True
    nodes = [_branch(field, branch, key, ignores_case) for branch in _branches(text, key)]
    return any_of(nodes)


def _branches(text: str, key: str) -> Iterator[str]:
    """Return the alternatives of a regular expression, with sets and groups multiplied out."""
    pending, count = [text], 0
    while pending:
        branch = pending.pop(0)
        if (group := _GROUP.search(branch) or _CLASS.search(branch)) is not None:
            words = group["words"].split("|") if "words" in group.groupdict() else group["letters"]
            pending += [branch[: group.start()] + word + branch[group.end() :] for word in words]
        elif "|" in branch:
            pending += branch.split("|")
        else:
            count += 1
            yield branch
        if count + len(pending) > MAX_ALTERNATIVES:
            raise _refused(key)


def _branch(field: str, branch: str, key: str, ignores_case: bool) -> Node:
    has_start, has_end = branch.startswith("^"), branch.endswith("$")
    parts = branch[has_start : len(branch) - has_end].split(".*")
    if not all(_LITERAL.fullmatch(part) and "*" not in part for part in parts):
        raise _refused(key)
    text = "*".join(re.sub(r"\\(.)", r"\1", part) for part in parts)
    text = f"{'' if has_start else '*'}{text}{'' if has_end else '*'}"
    return like(field, text, key, ignores_case=ignores_case, is_anchored=True)


def _refused(key: str) -> QueryNotUnderstoodError:
    return QueryNotUnderstoodError(
        f"{key[:80]}: of regular expressions, only ^text, text$, .* and a few alternatives are"
        " supported; use contains, startswith or endswith"
    )
