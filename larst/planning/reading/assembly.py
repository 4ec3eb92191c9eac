"""The second pass over a query: its collected words and filters become one `Asked`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from larst.domain import Json
from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import (
    Asked,
    Embed,
    Node,
    QueryReading,
    Related,
    all_of,
)
from larst.planning.reading.brackets import plain
from larst.planning.reading.changes import refuse_in_change, refuse_signs
from larst.planning.reading.collecting import Collected, collect
from larst.planning.reading.fields import Fields, folded
from larst.planning.reading.filters import MAX_SUGGESTIONS, FilterReader, joined_or
from larst.planning.reading.json_filters import JsonFilterReader
from larst.planning.reading.nearest import nearest
from larst.planning.reading.options import ReadingOptions
from larst.planning.reading.paging import Paging, paging_of, range_header
from larst.planning.reading.relations import EmbedReader, merged, with_fields
from larst.planning.reading.search import search
from larst.planning.reading.selection import Selection, selection_of
from larst.planning.reading.sorting import of_json, sort_of
from larst.planning.reading.typed import typed, unknown_names
from larst.planning.reading.values import ValueReader
from larst.planning.reading.vocabulary import DESCENDING, FALSE, PAGING, Meaning
from larst.planning.reading.wheres import WhereReader

_NO_SELECTION = Selection()


def assemble(
    query: Mapping[str, tuple[str, ...]], fields: Fields, options: ReadingOptions
) -> QueryReading:
    """Return what a query asks for; see `read_query`."""
    collected = collect(query, fields, is_change=options.is_change)
    filters = FilterReader(fields, options.unknown, options.is_change)
    filters.read_all(collected.filters)
    return _Assembly(fields, options, collected, filters).reading()


@dataclass(frozen=True, slots=True)
class _Assembly:
    """Puts the parts of one query together."""

    fields: Fields
    options: ReadingOptions
    collected: Collected
    filters: FilterReader

    def reading(self) -> QueryReading:
        """Return the reading. Filters come first: a LoopBack filter holds other words too."""
        raw = self._where()
        refuse_signs(raw)
        if self.options.is_change:
            refuse_in_change(raw, self.collected.words)
        question = Asked(where=typed(raw, self.fields, is_change=self.options.is_change))
        if self.collected.words.is_used or self.options.range_header or self.collected.is_unpaged:
            question = self._with_words(question)
        if self.filters.is_search:
            question = replace(question, is_search=True)
        filters = self.filters
        unknown = dict.fromkeys([*filters.unknown, *self._unknown_in(raw, question)])
        return QueryReading(
            question, tuple(unknown), tuple(filters.not_values), tuple(filters.aliases)
        )

    def _with_words(self, question: Asked) -> Asked:
        """Return the question with paging, order, fields and relations."""
        selection = self._selection()
        embeds, joins = self._embedded(self._embeds(selection))
        paging = self._paging()
        return Asked(
            where=all_of([question.where, *joins]) if joins else question.where,
            limit=paging.limit,
            offset=paging.offset,
            page=paging.page,
            page_base=paging.page_base,
            after=paging.after,
            before=paging.before,
            sort=self._sort(),
            select=selection.select,
            renamed=selection.renamed,
            exclude=selection.exclude,
            embed=embeds,
            dependents=self._dependents(),
            has_count=self._has_count(),
        )

    # -- conditions

    def _where(self) -> Node:
        nodes = [*self.filters.nodes]
        words = self.collected.words
        if words.has(Meaning.WHERE) or self.collected.alternatives:
            nodes += self._filters()
        if words.has(Meaning.SEARCH):
            nodes += self._searches()
        return all_of(nodes)

    def _filters(self) -> list[Node]:
        """Return the conditions of `filter`, `where` and their like."""
        collected, words = self.collected, self.collected.words
        values = ValueReader(
            self.fields,
            is_change=self.options.is_change,
            matches_parts=self.options.matches_parts,
        )
        reader = WhereReader(values, words.add_json)
        nodes = [
            reader.read_text(text, ignores_case=collected.ignores_case)
            for text in words.texts.get(Meaning.WHERE, ())
            if text.strip()
        ]
        for root, child in words.trees.get(Meaning.WHERE, {}).items():
            values.matches_parts = self.options.matches_parts or root == "search"
            nodes.append(reader.read_tree(plain(child)))
        nodes += [
            reader.read_json(value, JsonFilterReader(self.fields))
            for value in words.json_values.get(Meaning.WHERE, ())
        ]
        return joined_or(nodes, [reader.read_text(text) for text in collected.alternatives])

    def _searches(self) -> list[Node]:
        words = self.collected.words
        names = [
            name.strip().partition(":")[0]
            for text in words.texts.get(Meaning.SEARCH_FIELDS, ())
            for name in text.replace(";", ",").split(",")
        ]
        texts = [text for text in words.texts.get(Meaning.SEARCH, ()) if text]
        self.filters.note_not_values("q", texts)
        return [search(text, names, self.filters.values) for text in texts]

    def _embedded_where(self, value: Json, fields: Fields) -> Node:
        """Return the condition of a filter inside an embedded relation."""
        values = ValueReader(fields)
        reader = WhereReader(values, _refuse_word)
        return typed(reader.read_tree(value), fields, is_change=False)

    # -- relations

    def _embeds(self, selection: Selection) -> tuple[Embed, ...]:
        words = self.collected.words
        if not (selection.embed or words.has(Meaning.EMBED)):
            return ()
        reader = EmbedReader(self.fields, self._embedded_where)
        embeds = [*selection.embed]
        embeds += reader.read(
            words.texts.get(Meaning.EMBED, []), words.trees.get(Meaning.EMBED, {})
        )
        for value in words.json_values.get(Meaning.EMBED, ()):
            embeds += reader.of_json(value)
        chosen = {_stem(name): fields for name, fields in selection.of_relations.items()}
        return tuple(with_fields(embed, chosen.get(_stem(embed.name))) for embed in merged(embeds))

    def _embedded(self, embeds: tuple[Embed, ...]) -> tuple[tuple[Embed, ...], list[Node]]:
        """Return the relations with PostgREST's `comments.limit=1`, and the inner joins of it."""
        joins: list[Node] = []
        changed: list[Embed] = []
        for embed in embeds:
            query = self.collected.embedded.get(embed.alias or embed.name) or (
                self.collected.embedded.get(embed.name, {})
            )
            if query:
                fields = self.fields.related(embed.name) or Fields()
                question = assemble(query, fields, ReadingOptions(embed.name)).asked
                embed = replace(
                    embed,
                    where=question.where,
                    sort=question.sort,
                    limit=question.limit,
                    offset=question.offset,
                )
            if embed.name in self.collected.inner_joins:
                joins.append(Related(embed.name, embed.where))
            changed.append(embed)
        return tuple(changed), joins

    def _dependents(self) -> tuple[str, ...]:
        texts = self.collected.words.texts.get(Meaning.DEPENDENTS, ())
        names = [name.strip() for text in texts for name in text.split(",")]
        return tuple(dict.fromkeys(name for name in names if name))

    # -- paging, order, fields

    def _paging(self) -> Paging:
        options, collected = self.options, self.collected
        words = collected.words.last(PAGING)
        if collected.is_unpaged:
            return Paging()
        base = options.page_base if collected.page_base is None else collected.page_base
        if not words and options.range_header is not None and not options.is_change:
            return range_header(options.range_header) or Paging()
        return paging_of(words, page_base=base, page_size=options.page_size)

    def _sort(self) -> tuple[str, ...]:
        words = self.collected.words
        if not (words.has(Meaning.SORT) or words.has(Meaning.DIRECTION)):
            return ()
        directions = words.texts.get(Meaning.DIRECTION, [])
        keys = sort_of(words.texts.get(Meaning.SORT, []), directions, self.fields)
        for child in words.trees.get(Meaning.SORT, {}).values():
            keys += sort_of(child, directions, self.fields)
        for value in words.json_values.get(Meaning.SORT, ()):
            keys += sort_of(of_json(value), (), self.fields)
        if not keys and directions and directions[-1].lower() in DESCENDING:
            return ("-id",)  # order=desc alone: the newest first
        if self.options.unknown == "ignore":
            return tuple(key for key in keys if self.fields.knows(key.removeprefix("-")))
        return tuple(dict.fromkeys(keys))

    def _selection(self) -> Selection:
        words, resource = self.collected.words, self.options.resource
        if not (words.has(Meaning.SELECT) or words.has(Meaning.EXCLUDE)):
            return _NO_SELECTION
        texts = [*words.texts.get(Meaning.SELECT, ())]
        json_values = words.json_values.get(Meaning.SELECT, [])
        selection = selection_of(
            texts, words.trees.get(Meaning.SELECT, {}), resource, self.fields, json_values
        )
        excluded = selection_of(
            words.texts.get(Meaning.EXCLUDE, []),
            words.trees.get(Meaning.EXCLUDE, {}),
            resource,
            self.fields,
        )
        return replace(selection, exclude=(*selection.exclude, *(excluded.select or ())))

    def _has_count(self) -> bool:
        values = self.collected.words.texts.get(Meaning.COUNT, [])
        return bool(values) and values[-1].lower() not in FALSE | {"none"}

    # -- refusals, and the names for the hint

    def _unknown_in(self, where: Node, question: Asked) -> list[str]:
        """Return names in filters, sort and select that no record ever had.

        Raises:
            QueryNotUnderstoodError: one is within a letter or two of a field's name.
        """
        if not self.fields.names:
            return []
        names = [key.removeprefix("-") for key in question.sort] + [*(question.select or ())]
        unknown = unknown_names(where, self.fields)
        unknown += [name for name in names if not self.fields.knows(name)]
        for name in [*dict.fromkeys(unknown)][:MAX_SUGGESTIONS]:
            suggestion = nearest(name, self.fields.items())
            if suggestion is not None and self.options.unknown != "ignore":
                raise QueryNotUnderstoodError(
                    f"no record ever had {name[:80]!a}; did you mean {suggestion}?"
                )
        is_empty = bool(question.select) and not any(map(self.fields.knows, question.select or ()))
        if unknown and (self.options.is_change or is_empty):
            raise self.filters.never_had(unknown[0])
        return unknown


def _stem(name: str) -> str:
    """Return a name in the form in which a type and a relation are compared: users and user."""
    return folded(name).removesuffix("s")


def _refuse_word(meaning: Meaning, _value: Json) -> None:
    raise QueryNotUnderstoodError(f"{meaning} is not understood inside a filter of a relation")
