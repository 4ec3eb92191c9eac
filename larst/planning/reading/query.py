"""One reading of a query string, whatever dialect it is written in. Pure.

Each key is, in this order: a learned field of the resource, a word of the vocabulary, a filter in
some spelling, or unknown. Unknown keys match nothing with a hint, or are refused; they are never
dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from larst.domain import Json
from larst.errors import BadPagingError, QueryNotUnderstoodError
from larst.planning.reading import postgrest
from larst.planning.reading.asked import (
    ANY_FIELD,
    Asked,
    Condition,
    Embed,
    Node,
    all_of,
    any_of,
    conditions_of,
)
from larst.planning.reading.brackets import Tree, parts_of, tree_of, values_of
from larst.planning.reading.expressions import looks_like_expression, read_expression
from larst.planning.reading.fields import Fields
from larst.planning.reading.json_filters import JsonFilterReader, is_json, parse_json
from larst.planning.reading.keys import read_key
from larst.planning.reading.nearest import nearest
from larst.planning.reading.operators import any_value, condition, operator_of
from larst.planning.reading.paging import DEFAULT_PAGE_SIZE, is_cursor, paging_of, range_header
from larst.planning.reading.relations import embeds_of
from larst.planning.reading.selection import selection_of
from larst.planning.reading.sorting import is_direction, of_json, sort_of
from larst.planning.reading.values import ValueReader
from larst.planning.reading.vocabulary import (
    NOISE_KEY,
    NOT_VALUES,
    WEAK_WORDS,
    WORDS,
    Meaning,
    compared,
)

UnknownMode = Literal["match-nothing", "refuse", "ignore"]

_SUGGESTED = tuple(
    "limit offset page per_page pageSize sort order orderBy direction fields select include expand"
    " embed populate search query filter filters where cursor skip take q".split()
)
"""The words that a misspelt one is held against."""

_PAGING = frozenset(
    {
        Meaning.LIMIT,
        Meaning.OFFSET,
        Meaning.PAGE,
        Meaning.END,
        Meaning.RANGE,
        Meaning.AFTER,
        Meaning.BEFORE,
    }
)
_PAGE_PARTS: Mapping[str, Meaning] = {
    "number": Meaning.PAGE,
    "page": Meaning.PAGE,
    "size": Meaning.LIMIT,
    "pagesize": Meaning.LIMIT,
    "perpage": Meaning.LIMIT,
    "limit": Meaning.LIMIT,
    "offset": Meaning.OFFSET,
    "start": Meaning.OFFSET,
    "skip": Meaning.OFFSET,
    "after": Meaning.AFTER,
    "cursor": Meaning.AFTER,
    "before": Meaning.BEFORE,
    "withcount": Meaning.COUNT,
}
"""What stands in brackets behind `page` and `pagination`."""

_LOOPBACK_PARTS: Mapping[str, Meaning] = {
    "where": Meaning.WHERE,
    "limit": Meaning.LIMIT,
    "skip": Meaning.OFFSET,
    "offset": Meaning.OFFSET,
    "order": Meaning.SORT,
    "include": Meaning.EMBED,
    "fields": Meaning.SELECT,
}
_NESTED_OPERATORS = frozenset({"or", "and", "nor", "not"})


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What the request and the session decide beside the query.

    `is_change`: DELETE or PATCH of all that match. `page_base` and `page_size` are the dialect's.
    """

    resource: str = ""
    is_change: bool = False
    unknown: UnknownMode = "match-nothing"
    page_base: int = 1
    page_size: int = DEFAULT_PAGE_SIZE
    range_header: str | None = None


@dataclass(frozen=True, slots=True)
class QueryReading:
    """What a query asks for. `unknown` are names that no record ever had, `not_values` texts such
    as `undefined`; both go into the hint."""

    asked: Asked
    unknown: tuple[str, ...] = ()
    not_values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


def read_query(
    query: Mapping[str, tuple[str, ...]], fields: Fields, options: ReadingOptions
) -> QueryReading:
    """Return what the query asks for.

    Raises:
        QueryNotUnderstoodError: a key or value is not understood; the detail names the nearest.
        BadPagingError: paging makes no sense, or does not apply to a change.
    """
    return _Reader(fields, options).read(query)


@dataclass(slots=True)
class _Reader:
    """The reading of one query; collects, then puts together."""

    fields: Fields
    options: ReadingOptions
    words: dict[Meaning, list[str]] = field(default_factory=dict)
    trees: dict[Meaning, Tree] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    not_values: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    is_search: bool = False

    def read(self, query: Mapping[str, tuple[str, ...]]) -> QueryReading:
        filters: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        for key, values in query.items():
            parts = parts_of(key)
            meaning = None if self.fields.has(key) else self._meaning(parts, values, query)
            if meaning is None:
                filters.append((parts, values))
            elif meaning is not Meaning.NOISE:
                self._take_word(meaning, parts, values)
        self._read_filters(filters)
        return self._reading()

    # -- words

    def _meaning(
        self,
        parts: tuple[str, ...],
        values: tuple[str, ...],
        query: Mapping[str, tuple[str, ...]],
    ) -> Meaning | None:
        """Return what a key asks for as a word; None for a filter."""
        root = parts[0]
        word, text = compared(root), values[-1] if values else ""
        if NOISE_KEY.fullmatch(root):
            return Meaning.NOISE
        if root in self.fields.names and len(parts) > 1:
            return None
        if word in ("page", "pagination") and len(parts) > 1:
            return _PAGE_PARTS.get(compared(parts[1]))
        meaning = WORDS.get(word)
        if meaning is None or not self._fits(meaning, word, text, parts, query):
            return None
        if word in ("order", "desc") and is_direction(text):
            return Meaning.DIRECTION
        if word == "count" and text.isdigit() and text != "1":
            return Meaning.LIMIT
        if meaning is Meaning.SEARCH and (is_json(text) or len(parts) > 1):
            return Meaning.WHERE
        if word == "s" and not is_json(text):
            return Meaning.SEARCH
        return meaning

    def _fits(
        self,
        meaning: Meaning,
        word: str,
        text: str,
        parts: tuple[str, ...],
        query: Mapping[str, tuple[str, ...]],
    ) -> bool:
        """Return whether the value is of the kind that the word's meaning takes."""
        is_marked = parts[0][:1] in "_$"
        if word in ("format", "alt"):
            return text.lower() in ("json", "jsonp", "")
        if word in ("t", "v", "ts", "cb", "rnd", "rand"):
            return text.isdigit() or text.replace(".", "").isdigit()
        if len(parts) > 1 and meaning in _PAGING | {Meaning.COUNT, Meaning.DIRECTION}:
            return False
        if word in WEAK_WORDS and not is_marked:
            if meaning in (Meaning.LIMIT, Meaning.OFFSET, Meaning.END, Meaning.PAGE):
                return text.isdigit()
            if meaning is Meaning.DIRECTION:
                return is_direction(text)
        if meaning in (Meaning.AFTER, Meaning.BEFORE) and not is_marked:
            return is_cursor(text) and not _is_date(text)
        if word == "count" and text and not text.isdigit():
            return text.lower() in ("true", "false", "exact", "allpages", "none", "yes", "no")
        return not (meaning is Meaning.WHERE and word == "where" and self.fields.has("where"))

    def _take_word(self, meaning: Meaning, parts: tuple[str, ...], values: tuple[str, ...]) -> None:
        if len(parts) == 1 or compared(parts[0]) in ("page", "pagination"):
            self.words.setdefault(meaning, []).extend(values)
            return
        tree = self.trees.setdefault(meaning, {})
        merged = tree_of([((parts[0], *parts[1:]), values)])
        _merge(tree, merged)

    # -- filters

    def _read_filters(self, filters: Iterable[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
        nested: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        for parts, values in filters:
            if len(parts) == 1:
                self._read_filter(parts[0], list(values))
            else:
                nested.append((parts, values))
        for root, child in tree_of(nested).items():
            self._read_nested(root, child)

    def _read_filter(self, key: str, values: list[str]) -> None:
        if self._read_logic(key, values):
            return
        has_value = any(values)
        filter_key = read_key(key, self.fields, has_value=has_value)
        if not self._admit(key, filter_key.field, is_known=filter_key.is_known):
            return
        self.is_search = self.is_search or filter_key.is_by_field
        if filter_key.field != key and not filter_key.operator and filter_key.is_known:
            self.aliases.append(f"{key} is {filter_key.field}")
        if filter_key.value is not None:
            values = [filter_key.value]
        self._note_not_values(key, values)
        if filter_key.operator or filter_key.is_list:
            node = condition(
                filter_key.field, filter_key.operator, any_value(values), self.fields, key
            )
            self.nodes.append(node)
            return
        if not has_value and not self._means_empty(filter_key.field):
            return
        self.nodes.append(self._values().read(filter_key.field, values, key))

    def _read_logic(self, key: str, values: list[str]) -> bool:
        """Read PostgREST's `or=(…)`, and refuse what can be no field."""
        word = key.lower()
        if word in ("or", "and", "not.or", "not.and") and all(v.startswith("(") for v in values):
            self.nodes += [postgrest.logic(word, text, self.fields) for text in values]
            return True
        if word in ("or", "and") and all("||" in text for text in values):
            parts = [self._nestjs(text) for text in values]
            self.nodes.append(any_of(parts) if word == "or" else all_of(parts))
            return True
        if compared(key) in _NESTED_OPERATORS and all(map(is_json, values)):
            for text in values:
                self.nodes.append(
                    JsonFilterReader(self.fields).read({compared(key): parse_json(text, key)})
                )
            return True
        return False

    def _read_nested(self, root: str, child: Tree | list[str]) -> None:
        """Read a bracketed filter: `views[gt]=5`, `meta[lang]=de`, `id[]=1`, `$or[0][id]=1`."""
        word = compared(root)
        if word in _NESTED_OPERATORS and isinstance(child, dict) and not self.fields.has(root):
            items = [_plain(item) for item in child.values()]
            self.nodes.append(self._json_reader().read({word: items}))
            return
        name = self.fields.resolve(root)
        if not self._admit(root, name or root, is_known=name is not None):
            return
        if (values := values_of(child)) is not None:
            self._note_not_values(root, values)
            if len(values) == 1 and "," in values[0]:
                values = [part for part in values[0].split(",") if part]
            self.nodes.append(self._values().read(name or root, values, root))
            return
        self.nodes.append(self._json_reader().read({name or root: _plain(child)}))

    def _json_reader(self) -> JsonFilterReader:
        return JsonFilterReader(self.fields, values=self._values())

    def _values(self) -> ValueReader:
        return ValueReader(self.fields, is_change=self.options.is_change)

    def _admit(self, key: str, name: str, *, is_known: bool) -> bool:
        """Return whether a filter counts; refuse or note one whose field no record ever had."""
        if is_known or name == "id" or not self.fields.names:
            self._refuse_syntax(key, is_known=is_known)
            return True
        if self.options.unknown == "ignore":
            return False
        self._refuse_syntax(key, is_known=False)
        suggestion = nearest(key, [*_SUGGESTED, *self.fields.items()]) or nearest(
            name, self.fields.items()
        )
        if suggestion is not None:
            raise QueryNotUnderstoodError(
                f"{key[:80]} is neither a field nor a word that is understood; did you mean"
                f" {suggestion}?"
            )
        if self.options.is_change or self.options.unknown == "refuse":
            fields = ", ".join(sorted(self.fields.items())[:30])
            raise QueryNotUnderstoodError(
                f"no record ever had {ascii(key[:80])}; the fields are: {fields}"
            )
        self.unknown.append(name)
        return True

    def _refuse_syntax(self, key: str, *, is_known: bool) -> None:
        if (
            is_known
            or self.fields.has(key)
            or not (key.startswith("$") or set("[](){}|") & set(key))
        ):
            return
        suggestion = nearest(compared(key), WORDS, at_most=3)
        hint = f"; did you mean {suggestion}?" if suggestion else ""
        raise QueryNotUnderstoodError(f"{key[:80]} is not understood{hint}")

    def _note_not_values(self, key: str, values: list[str]) -> None:
        self.not_values += [f"{key[:40]}={text}" for text in values if text in NOT_VALUES]

    def _means_empty(self, name: str) -> bool:
        """Return whether an empty value is a filter: where texts are empty, or in a change."""
        return self.options.is_change or self.fields.has_value(name, "")

    # -- putting together

    def _reading(self) -> QueryReading:
        self._read_where()
        self._read_search()
        words, trees = self.words, self.trees
        sort = self._sort()
        selection = selection_of(
            words.get(Meaning.SELECT, []), trees.get(Meaning.SELECT, {}), self.options.resource
        )
        left_out = selection_of(words.get(Meaning.EXCLUDE, []), trees.get(Meaning.EXCLUDE, {}), "")
        embeds = embeds_of(words.get(Meaning.EMBED, []), trees.get(Meaning.EMBED, {}))
        paging = self._paging()
        asked = Asked(
            where=all_of(self.nodes),
            limit=paging.limit,
            offset=paging.offset,
            page=paging.page,
            page_base=paging.page_base,
            after=paging.after,
            before=paging.before,
            sort=sort,
            select=selection.select,
            exclude=(*selection.exclude, *(left_out.select or ())),
            embed=(*selection.embed, *embeds),
            has_count=self._has_count(),
            is_search=self.is_search,
        )
        self._refuse_in_change(asked)
        unknown = [*self.unknown, *self._unknown_in(asked)]
        return QueryReading(
            asked, tuple(dict.fromkeys(unknown)), tuple(self.not_values), tuple(self.aliases)
        )

    def _paging(self) -> Asked:
        words = {
            meaning: values[-1] for meaning, values in self.words.items() if meaning in _PAGING
        }
        options = self.options
        paging = paging_of(words, page_base=options.page_base, page_size=options.page_size)
        if not words and options.range_header is not None:
            paging = range_header(options.range_header) or paging
        return Asked(
            limit=paging.limit,
            offset=paging.offset,
            page=paging.page,
            page_base=paging.page_base,
            after=paging.after,
            before=paging.before,
        )

    def _sort(self) -> tuple[str, ...]:
        directions = self.words.get(Meaning.DIRECTION, [])
        tree = self.trees.get(Meaning.SORT)
        if tree is not None:
            (child,) = list(tree.values())[:1]
            return sort_of(child, directions, self.fields)
        return sort_of(self.words.get(Meaning.SORT, []), directions, self.fields)

    def _has_count(self) -> bool:
        values = self.words.get(Meaning.COUNT, [])
        return bool(values) and values[-1].lower() not in ("false", "none", "no", "0")

    def _read_search(self) -> None:
        for text in self.words.get(Meaning.SEARCH, []):
            if text:
                self._note_not_values("q", [text])
                self.nodes.append(Condition(ANY_FIELD, "icontains", text, "q"))

    def _read_where(self) -> None:
        for text in self.words.get(Meaning.WHERE, []):
            if text.strip():
                self.nodes.append(self._where(text))
        for root, child in self.trees.get(Meaning.WHERE, {}).items():
            plain = _plain(child)
            if isinstance(plain, Mapping) and self._is_loopback(plain):
                self.nodes.append(self._loopback(plain))
            elif isinstance(plain, Mapping):
                self.nodes.append(self._json_reader().read(plain))
            else:
                self.nodes.append(self._where(any_text(plain, root)))

    def _where(self, text: str) -> Node:
        if is_json(text):
            value = parse_json(text, "filter")
            if isinstance(value, Mapping) and self._is_loopback(value):
                return self._loopback(value)
            if isinstance(value, list):  # refine, ag-grid and others send a list of conditions
                return all_of([self._listed_condition(item) for item in value])
            return JsonFilterReader(self.fields).read(value)
        if "||" in text and "$" in text:
            return self._nestjs(text)
        if looks_like_expression(text):
            return read_expression(text, "filter", self.fields)
        if (pair := self._colon_pair(text)) is not None:
            return pair
        return Condition(ANY_FIELD, "icontains", text, "filter")

    def _colon_pair(self, text: str) -> Node | None:
        """Read `status:draft` and `views:gt:50`."""
        name, colon, value = text.partition(":")
        known = self.fields.resolve(name) if colon else None
        return None if known is None else self._values().read(known, [value], name)

    def _is_loopback(self, value: Mapping[str, Json]) -> bool:
        """Return whether an object is a LoopBack filter, and no field has one of its words."""
        return bool(value) and all(
            key in _LOOPBACK_PARTS and not self.fields.has(key) for key in value
        )

    def _loopback(self, value: Mapping[str, Json]) -> Node:
        node: Node = all_of([])
        for key, part in value.items():
            meaning = _LOOPBACK_PARTS[key]
            if meaning is Meaning.WHERE:
                node = self._json_reader().read(part)
            elif meaning is Meaning.SORT:
                self.words.setdefault(Meaning.SORT, []).extend(of_json(_listed(part)))
            elif meaning is Meaning.SELECT and isinstance(part, Mapping):
                chosen = [name for name, is_on in part.items() if is_on in (True, "true", "1", 1)]
                self.words.setdefault(Meaning.SELECT, []).extend(chosen)
            elif meaning is Meaning.EMBED:
                self.words.setdefault(Meaning.EMBED, []).extend(_relation_names(part))
            else:
                self.words.setdefault(meaning, []).extend(str(item) for item in _items(part))
        return node

    def _nestjs(self, text: str) -> Node:
        """Read `field||$operator||value`."""
        name, _, tail = text.partition("||")
        spelling, _, value = tail.partition("||")
        operator = operator_of(spelling)
        known = self.fields.resolve(name)
        if operator is None:
            raise QueryNotUnderstoodError(
                f"filter={text[:80]}: there is no operator {spelling[:40]}"
            )
        self._admit(name, known or name, is_known=known is not None)
        if operator in ("null", "notnull") and not value:
            value = "true"
        return condition(known or name, operator, value, self.fields, name)

    def _listed_condition(self, item: Json) -> Node:
        if isinstance(item, Mapping) and isinstance(item.get("field"), str):
            operator = operator_of(str(item.get("operator", "eq")))
            if operator is not None:
                name = self.fields.resolve(item["field"]) or item["field"]
                return condition(name, operator, item.get("value"), self.fields, name)
        return JsonFilterReader(self.fields).read(item)

    def _refuse_in_change(self, asked: Asked) -> None:
        if not self.options.is_change:
            return
        if self.words.keys() & (_PAGING | {Meaning.SORT}) or Meaning.SORT in self.trees:
            raise BadPagingError("limit, offset and sort do not apply where all that match change")
        if asked.embed:
            raise QueryNotUnderstoodError("relations cannot be embedded in a change")

    def _unknown_in(self, asked: Asked) -> list[str]:
        """Return names in filters, sort and select that no record ever had."""
        if not self.fields.names:
            return []
        names = [one.field for one in conditions_of(asked.where) if one.field != ANY_FIELD]
        names += [key.removeprefix("-") for key in asked.sort]
        names += asked.select or ()
        unknown = [name for name in names if not self._is_known(name)]
        if unknown and self.options.is_change:
            fields = ", ".join(sorted(self.fields.items())[:30])
            raise QueryNotUnderstoodError(
                f"no record ever had {ascii(unknown[0][:80])}; the fields are: {fields}"
            )
        return unknown

    def _is_known(self, name: str) -> bool:
        head = name.partition(".")[0]
        return name == "id" or self.fields.has(name) or head in self.fields.names


def any_text(value: Json, key: str) -> str:
    """Return a text of a tree's leaf.

    Raises:
        QueryNotUnderstoodError: it is a list.
    """
    if isinstance(value, str):
        return value
    raise QueryNotUnderstoodError(f"{key[:80]} takes one value")


def with_where(asked: Asked, node: Node) -> Asked:
    """Return what is asked, narrowed by one more node."""
    return replace(asked, where=all_of([asked.where, node]))


def _is_date(text: str) -> bool:
    return len(text) >= 8 and text[:4].isdigit() and text[4:5] == "-"


def _plain(node: Tree | list[str]) -> Json:
    """Return a tree as a JSON value: lists in any notation, single values as text."""
    if (values := values_of(node)) is not None:
        return values[0] if len(values) == 1 and isinstance(node, list) else values
    if isinstance(node, list):
        return any_value(node)
    if all(key.isdecimal() or key == "" for key in node):
        return [_plain(child) for child in node.values()]
    return {key: _plain(child) for key, child in node.items()}


def _merge(tree: Tree, further: Tree) -> None:
    for key, child in further.items():
        mine = tree.get(key)
        if isinstance(mine, dict) and isinstance(child, dict):
            _merge(mine, child)
        elif isinstance(mine, list) and isinstance(child, list):
            mine += child
        else:
            tree[key] = child


def _listed(value: Json) -> Json:
    return value if isinstance(value, list | dict) else str(value)


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _relation_names(value: Json) -> list[str]:
    names: list[str] = []
    for item in _items(value):
        if isinstance(item, Mapping):
            names.append(str(item.get("relation", "")))
        elif isinstance(item, str):
            names.append(item)
    return [name for name in names if name]


__all__ = ["Embed", "QueryReading", "ReadingOptions", "UnknownMode", "read_query", "with_where"]
