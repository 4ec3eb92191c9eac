"""Relations to embed, in every notation. Pure.

`include=comments,author` · `expand[]=user` · `populate=*` · `populate[comments][fields][0]=id` ·
`$expand=comments($select=id)` · `with=comments.author` · LoopBack's `[{"relation":"comments"}]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import ALWAYS, Embed, Node
from larst.planning.reading.brackets import Tree, plain, values_of
from larst.planning.reading.fields import Fields
from larst.planning.reading.paging import paging_of
from larst.planning.reading.sorting import of_json, sort_of
from larst.planning.reading.texts import parse_json, split_quoted
from larst.planning.reading.vocabulary import Meaning, compared

MAX_RELATIONS = 20
MAX_LEVELS = 4
ALL = "*"
"""The relation that stands for every one there is."""

WhereReader = Callable[[Json, Fields], Node]
"""Reads a filter inside an embedded relation: text, or a JSON object."""

_NAME = re.compile(r"(?P<name>[\w\-*]+)(?:![\w-]+)?(?:\((?P<options>.*)\))?", re.DOTALL)
_FIELDS = re.compile(r"(?P<name>[\w-]+)(?::|\|\|)(?P<fields>[\w,.-]+)")
_OPTION = re.compile(r"\$?(?P<word>\w+)=(?P<value>.*)", re.DOTALL)
_RELATION_KEYS = ("relation", "path", "association")
"""The keys that LoopBack, Mongoose and Sequelize name a relation by."""

_ON = frozenset({"true", "1", "*", "", "yes", "all"})
_OFF = frozenset({"false", "0", "none", "no", "null"})


@dataclass(frozen=True, slots=True)
class EmbedReader:
    """Reads the relations of one request; `where` reads the filters inside them."""

    fields: Fields
    where: WhereReader

    def read(self, texts: list[str], tree: Tree) -> tuple[Embed, ...]:
        """Return the relations that are asked for.

        Raises:
            QueryNotUnderstoodError: a part names no relation, or there are too many.
        """
        embeds: list[Embed] = []
        for text in texts:
            embeds += self.of_text(text)
        for child in tree.values():
            embeds += self._of_tree(child)
        joined = merged(embeds)
        if _count(joined) > MAX_RELATIONS:
            raise QueryNotUnderstoodError(f"at most {MAX_RELATIONS} relations can be embedded")
        return joined

    def of_text(self, text: str, level: int = 0) -> list[Embed]:
        """Return the relations of `a,b.c`, `a($select=id)`, `true`, or JSON."""
        stripped = text.strip()
        if stripped.lower() in _OFF:
            return []
        if stripped.lower() in _ON:
            return [Embed(ALL)]
        if stripped[0] == "{" or stripped[:2] in ('["', "[{", "[]"):
            return self.of_json(parse_json(stripped, "include"), level)
        if (single := _FIELDS.fullmatch(stripped)) is not None:  # Laravel: with=user:id,name
            return [Embed(single["name"], tuple(single["fields"].split(",")))]
        if "(" not in stripped:
            stripped = re.sub(r"[;\s]", ",", stripped.strip("[]"))
        words = [part.strip() for part in split_quoted(stripped)]
        return [self._of_word(word, level) for word in words if word]

    def of_json(self, value: Json, level: int = 0) -> list[Embed]:
        """Return the relations of LoopBack's `include`, or of `{"comments": true}`."""
        if level > MAX_LEVELS:
            raise QueryNotUnderstoodError(f"relations nest deeper than {MAX_LEVELS} levels")
        if isinstance(value, str):
            return self.of_text(value, level)
        if isinstance(value, list):
            return [embed for item in value for embed in self.of_json(item, level + 1)]
        if not isinstance(value, dict):
            raise QueryNotUnderstoodError("include takes the names of relations")
        name_key = next((key for key in _RELATION_KEYS if isinstance(value.get(key), str)), None)
        if name_key is not None:
            options = value.get("scope") or {
                key: item for key, item in value.items() if key not in (name_key, "scope")
            }
            return [self._with_options(value[name_key], options, level)]
        return [
            self._with_options(name, options if isinstance(options, dict | list) else {}, level)
            for name, options in value.items()
            if str(options).lower() not in _OFF
        ]

    def _of_word(self, word: str, level: int) -> Embed:
        word = word.removeprefix("data.")  # Stripe: expand[]=data.customer
        head, dot, tail = word.partition(".") if "(" not in word else (word, "", "")
        match = _NAME.fullmatch(head)
        if match is None or level > MAX_LEVELS or match["name"].isdigit():
            raise QueryNotUnderstoodError(f"{word[:80]!r} is not the name of a relation")
        name, via, _ = match["name"].partition("_via_")
        if via:  # PocketBase: comments_via_post
            nested = (self._of_word(tail, level + 1),) if dot else ()
            return Embed(name, None, nested, match["name"])
        if dot:
            return Embed(name, None, (self._of_word(tail, level + 1),))
        options: dict[str, Json] = {}
        for option in split_quoted(match["options"] or "", ";"):
            match_option = _OPTION.fullmatch(option)
            if match_option is None:
                raise QueryNotUnderstoodError(f"{option[:80]!r} is not understood in {word[:40]}")
            options[match_option["word"]] = match_option["value"]
        return self._with_options(match["name"], options, level)

    def _with_options(self, name: str, options: Json, level: int) -> Embed:
        """Return a relation with options: `{"fields": …, "sort": …, "limit": …}`."""
        if isinstance(options, list):
            return Embed(name, None, tuple(self.of_json(options, level + 1)))
        if not isinstance(options, dict) or not options:
            return Embed(name)
        further = self.fields.related(name) or Fields()
        embed, words = Embed(name), dict[Meaning, str]()
        for key, value in options.items():
            word = compared(key)
            if word in _PAGING_OPTIONS:
                words[_PAGING_OPTIONS[word]] = str(value)
            else:
                inner = EmbedReader(further, self.where)
                embed = inner.with_option(embed, word, value, level)
        paging = paging_of(words)
        return replace(embed, limit=paging.limit, offset=paging.offset)

    def with_option(self, embed: Embed, word: str, value: Json, level: int) -> Embed:
        """Return an embedded relation with one more option, whose fields are this reader's."""
        if word in ("fields", "select", "columns", "attributes", "only"):
            return replace(embed, select=_names(value))
        if word in ("include", "populate", "expand", "embed", "with"):
            return replace(embed, embed=tuple(self.of_json(value, level + 1)))
        if word in ("sort", "order", "orderby"):
            keys = [value] if isinstance(value, str) else of_json(value)
            return replace(embed, sort=sort_of(keys, (), self.fields))
        if word in ("where", "filter", "filters"):
            return replace(embed, where=self.where(value, self.fields))
        raise QueryNotUnderstoodError(
            f"{word[:40]} inside the relation {embed.name[:40]} is not understood"
        )

    def _of_tree(self, node: Tree | list[str]) -> list[Embed]:
        if (values := values_of(node)) is not None:
            return [embed for text in values for embed in self.of_text(text)]
        return self.of_json(plain(node))


_PAGING_OPTIONS = {
    "limit": Meaning.LIMIT,
    "top": Meaning.LIMIT,
    "take": Meaning.LIMIT,
    "pagesize": Meaning.LIMIT,
    "skip": Meaning.OFFSET,
    "offset": Meaning.OFFSET,
    "start": Meaning.OFFSET,
    "page": Meaning.PAGE,
}


def with_fields(embed: Embed, fields: tuple[str, ...] | None) -> Embed:
    """Return an embedded relation that shows some fields only; None for no choice."""
    if fields is None or embed.select is not None:
        return embed
    return replace(embed, select=fields)


def merged(embeds: list[Embed]) -> tuple[Embed, ...]:
    """Return the relations, each once: `a.b,a.c` embeds a with b and c."""
    by_name: dict[str, Embed] = {}
    for embed in embeds:
        earlier = by_name.get(embed.alias or embed.name)
        if earlier is not None:
            nested = merged([*earlier.embed, *embed.embed])
            has_options = earlier.where != ALWAYS or earlier.sort or earlier.limit is not None
            chosen = earlier if has_options else embed
            embed = replace(chosen, select=earlier.select or embed.select, embed=nested)
        by_name[embed.alias or embed.name] = embed
    return tuple(by_name.values())


def _names(value: Json) -> tuple[str, ...] | None:
    """Return the names of a selection inside a relation; None for all."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if isinstance(value, dict):
        value = [name for name, is_shown in value.items() if str(is_shown).lower() in _ON]
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise QueryNotUnderstoodError("fields inside a relation take names")
    return None if "*" in value else tuple(value)


def _count(embeds: tuple[Embed, ...]) -> int:
    return len(embeds) + sum(_count(embed.embed) for embed in embeds)
