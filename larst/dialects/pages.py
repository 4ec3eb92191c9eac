"""Where a list stands in the whole, and the URLs of its other pages. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from larst.domain import Record


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list as it was read, and where it stands in the whole.

    `limit` None is a list that was not paged. `base_url` is the request's own URL without its
    query; `query` the raw query, for links to other pages. `embeds` names embedded relations and
    their resources.
    """

    items: Sequence[Record]
    total: int
    limit: int | None
    offset: int
    resource: str
    base_url: str
    query: Sequence[tuple[str, str]] = ()
    page_base: int = 1
    has_count: bool = False
    embeds: Mapping[str, str] | None = None

    @property
    def size(self) -> int:
        """The number of records of a full page."""
        return self.limit if self.limit else max(self.total, 1)

    @property
    def number(self) -> int:
        """The number of the page, counted from 1."""
        return self.offset // self.size + 1

    @property
    def pages(self) -> int:
        """How many pages there are, at least 1."""
        return max(1, math.ceil(self.total / self.size))

    @property
    def end(self) -> int:
        """The offset behind the last record of the page."""
        return self.offset + len(self.items)

    @property
    def has_next(self) -> bool:
        """Whether records follow."""
        return self.end < self.total

    def url_at(self, offset: int) -> str:
        """Return the URL of the page that begins at an offset, in the client's own words."""
        words = dict(_position(self, offset))
        pairs = [
            (key, words.pop(key, text))
            for key, text in self.query
            if key.lower() not in _CURSOR_KEYS
        ]
        pairs += words.items()
        text = "&".join(
            f"{quote(key, safe='[]$.:')}={quote(value, safe='[],.:*')}" for key, value in pairs
        )
        return f"{self.base_url}?{text}" if text else self.base_url

    def urls(self) -> dict[str, str]:
        """Return the URLs of the first, previous, next and last page, where they exist."""
        if not self.limit or _is_paged_by_json(self):
            return {}
        last = (self.pages - 1) * self.size
        urls = {"first": self.url_at(0)}
        if self.offset > 0:
            urls["prev"] = self.url_at(max(0, self.offset - self.size))
        if self.has_next:
            urls["next"] = self.url_at(self.offset + self.size)
        return urls | {"last": self.url_at(max(last, 0))}


_PAGE_KEYS = frozenset(
    "page _page pagenumber pageno pageindex page[number] pagination[page] p pg".split()
)
_OFFSET_KEYS = frozenset(
    "offset skip $skip _start start page[offset] pagination[start] filter[skip] filter[offset]"
    " startindex".split()
)
_END_KEYS = frozenset({"_end", "end"})
_TOKEN_KEYS = frozenset({"cursor", "pagetoken", "page_token", "next_token", "nexttoken"})
_CURSOR_KEYS = frozenset(
    "starting_after ending_before after before _after page[after] page[before] startafter".split()
)
_PARTNERS: Mapping[str, str] = {
    "_limit": "_page",
    "_per_page": "_page",
    "per_page": "page",
    "perpage": "page",
    "page_size": "page",
    "pagesize": "page",
    "per": "page",
    "size": "page",
    "max_results": "page",
    "$top": "$skip",
    "$limit": "$skip",
    "page[size]": "page[number]",
    "page[limit]": "page[offset]",
    "pagination[pagesize]": "pagination[page]",
    "pagination[limit]": "pagination[start]",
    "filter[limit]": "filter[skip]",
}
"""The word for the position that goes with a word for the size, if a query has only the latter."""


_PAGED_JSON = re.compile(r"\s*\{.*\"(?:limit|skip|offset|page|size)\"\s*:.*", re.DOTALL)


def _is_paged_by_json(page: ListPage) -> bool:
    """Return whether the position stands inside a JSON value, which is not rewritten."""
    return any(_PAGED_JSON.fullmatch(text) for _, text in page.query)


def _position(page: ListPage, offset: int) -> list[tuple[str, str]]:
    """Return the query pairs that move to an offset, by the words that the client used."""
    moved = [
        (key, text)
        for key, value in page.query
        if (text := _moved(key.lower(), value, page, offset)) is not None
    ]
    if moved:
        return moved
    partners = [_PARTNERS[key.lower()] for key, _ in page.query if key.lower() in _PARTNERS]
    if partners:
        return [(key, _moved(key, "", page, offset) or "") for key in partners[:1]]
    sizes = [] if page.query else [("limit", str(page.size))]
    return [*sizes, ("offset", str(offset))]


def _moved(word: str, value: str, page: ListPage, offset: int) -> str | None:
    """Return the value that moves a word to an offset; None for a word of any other meaning."""
    if word in _PAGE_KEYS:
        return str(offset // page.size + page.page_base)
    if word in _OFFSET_KEYS:
        return str(offset)
    if word in _END_KEYS:
        return str(offset + page.size)
    if word in _TOKEN_KEYS:
        return f"o{offset}"
    if word == "range" and value.strip().startswith("["):
        return f"[{offset},{offset + page.size - 1}]"
    return None
