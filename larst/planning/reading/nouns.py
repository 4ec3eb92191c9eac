"""Singular and plural, and which resource or link field a name may mean. Pure.

No rule of English is always right (`drives` is not the plural of `drife`), so every function gives
candidates, and the session's own names decide between them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

import inflection

from larst.planning.reading.plurals import (
    IN_F,
    IN_FE,
    IN_IE,
    IN_USE,
    SINGULAR_BY_PLURAL,
    UNCHANGED,
)

_RESOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@lru_cache(maxsize=4096)
def singular(noun: str) -> str | None:
    """Return the English singular of a plural noun (`categories` → `category`), or None.

    Uses `inflection`: `inflect` knows more words, but takes 2.6 s to import (November 2026).
    """
    if not _RESOURCE_NAME.fullmatch(noun):
        return None
    head, separator, tail = _last_word(noun)
    word = tail.lstrip("0123456789")
    stem = _exception(word.lower())
    if stem is None:
        result = inflection.singularize(noun)
    else:
        digits = tail[: len(tail) - len(word)]
        result = head + separator + digits + (stem.capitalize() if word[:1].isupper() else stem)
    return result if result != noun else None


def _exception(word: str) -> str | None:
    """Return the singular of a word that the library gets wrong, or None."""
    if word in UNCHANGED:
        return word
    if word in SINGULAR_BY_PLURAL:
        return SINGULAR_BY_PLURAL[word]
    if word in IN_IE:
        return word[:-1]
    if word.endswith("ves") and len(word) > _SHORTEST_IN_VES:
        endings = {"f": IN_F, "fe": IN_FE}
        return next((word[:-3] + end for end, words in endings.items() if word in words), word[:-1])
    if _IN_US.fullmatch(word):
        return word[:-1] if word in IN_USE else word[:-2]
    return None


_SHORTEST_IN_VES = 3
_IN_US = re.compile(r"\w*[^aeo\W]uses")


@lru_cache(maxsize=4096)
def singulars(noun: str) -> tuple[str, ...]:
    """Return every plausible singular of a noun, the likeliest first; itself is the last."""
    lower = noun.lower()
    if _last_word(lower)[2] in UNCHANGED:
        return (noun,)
    candidates = [singular(noun) or ""]
    if lower.endswith("ies") and len(noun) > 4:
        candidates += [noun[:-3] + "y", noun[:-1]]
    if lower.endswith("ves"):
        candidates += [noun[:-1], noun[:-3] + "f", noun[:-3] + "fe"]
    if lower.endswith("es"):
        candidates += [noun[:-2], noun[:-1]]
    elif lower.endswith("s") and not lower.endswith("ss"):
        candidates.append(noun[:-1])
    return tuple(dict.fromkeys([*filter(None, candidates), noun]))


def counted(counts: Mapping[str, int]) -> str:
    """Return numbers of records in words.

    >>> counted({"posts": 2, "comments": 1})
    '2 posts, 1 comment'
    """
    nouns = ((count, (count == 1 and singular(name)) or name) for name, count in counts.items())
    return ", ".join(f"{count} {noun}" for count, noun in nouns)


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """Return a name without case and separators."""
    return name.replace("_", "").replace("-", "").lower()


def same_resource(name: str, resources: Iterable[str]) -> str | None:
    """Return the only resource that a name may mean in another number, case or separator style."""
    by_form = _by_form(tuple(resources))
    forms = {folded(form) for form in singulars(name)}
    alike = {resource for form in forms for resource in by_form.get(form, ())}
    return alike.pop() if len(alike) == 1 else None


@lru_cache(maxsize=16)
def _by_form(resources: tuple[str, ...]) -> Mapping[str, list[str]]:
    """Return the resources by each of their forms: one request may ask for hundreds of names."""
    by_form: dict[str, list[str]] = {}
    for resource in resources:
        for form in _forms(resource):
            by_form.setdefault(form, []).append(resource)
    return by_form


@lru_cache(maxsize=8192)
def _forms(resource: str) -> frozenset[str]:
    """Return the folded singulars of a resource; names that clients make up do not push it out."""
    return frozenset(folded(form) for form in singulars(resource))


def is_restyled(name: str, resource: str) -> bool:
    """Return whether a name differs from a resource in number, case and separator style only.

    `blog_posts`, `blogPost`, `blogposts` and `blog-post-s` are `blog-posts` in another style;
    `b-logposts` and `blog-po_sts` are not.
    """
    if name[-2:] in ("-s", "_s"):
        name = f"{name[:-2]}s"
    separators = {sign for sign in name if sign in "-_"}
    if not separators:
        return True
    return len(separators) == 1 and _words(name)[:-1] == _words(resource)[:-1]


def _words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower().split("-")


def link_candidates(parent: str) -> tuple[str, ...]:
    """Return the folded names that a child's field for its parent may have: `postid`, `post`."""
    stems = [folded(stem) for stem in singulars(parent)]
    return tuple(dict.fromkeys([*(f"{stem}id" for stem in stems), *stems]))


def link_fields_of(parent: str, fields: Collection[str]) -> tuple[str, ...]:
    """Return those of a child's fields that link it to the parent, the likeliest first."""
    by_folded = _by_folded(frozenset(fields))
    links: list[str] = []
    for candidate in link_candidates(parent):
        links += sorted(by_folded.get(candidate, ()))
    # A field that only bears the parent's name may be an embedded object: it comes last.
    return tuple(links)


@lru_cache(maxsize=32)
def _by_folded(fields: frozenset[str]) -> Mapping[str, list[str]]:
    """Return the fields by their folded names: one request may look for hundreds of links."""
    by_folded: dict[str, list[str]] = {}
    for field in fields:
        by_folded.setdefault(folded(field), []).append(field)
    return by_folded


def new_link(parent: str, *, is_camel: bool) -> str:
    """Return the name of a new link field, in the style of the session: `postId`, `post_id`."""
    stem = singulars(parent)[0].replace("-", "_")
    if not is_camel:
        return f"{stem}_id"
    head, *tail = stem.split("_")
    return head + "".join(part.capitalize() for part in tail) + "Id"


def is_camel_case(names: Iterable[str]) -> bool:
    """Return whether names are in camel case, by the first that shows it."""
    for name in names:
        if re.search(r"[a-z0-9][A-Z]", name):
            return True
        if "_" in name.strip("_"):
            return False
    return False


def _last_word(noun: str) -> tuple[str, str, str]:
    match = re.search(r"[_-](?=[^_-]+$)|(?<=[a-z])(?=[A-Z][a-z]+$)", noun)
    if match is None:
        return "", "", noun
    return noun[: match.start()], match[0], noun[match.end() :]
