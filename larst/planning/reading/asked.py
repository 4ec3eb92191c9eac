"""What a request asks for: a tree of conditions, paging, order, fields and relations. Data.

Conditions become the criteria of the store by `to_criteria`; the store's documentation names the
operators.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from larst.domain import Json

ANY_FIELD = "*"
"""The field of a full-text condition."""

STORE_OPERATORS = frozenset(
    "contains icontains startswith istartswith endswith iendswith iexact like ilike gt gte lt lte"
    " ne in exists".split()
)
"""Every operator that a condition may have; `""` is equality. `like` and `ilike` take `*` for any
text, and match the whole value; `iexact` ignores case."""

RELATED = "@"
"""The key of a condition on related records in criteria: `{"relation": …, "criteria": …}`."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A field, an operator of the store (`""` is equality) and a value.

    `field` is a dotted path. `key` is the query key that it came from, for messages.
    """

    field: str
    operator: str
    value: Json
    key: str = dataclasses.field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Related:
    """Some record that a relation links to must meet the node: `user.name=Ann`.

    The store knows no relations: `without_relations` replaces this by a condition on a link field.
    """

    relation: str
    node: Node


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every node must hold; of no nodes, it always holds."""

    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the nodes must hold; of no nodes, it never holds."""

    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The node must not hold."""

    node: Node


Node: TypeAlias = Condition | Related | AllOf | AnyOf | Not

ALWAYS = AllOf()
NEVER = AnyOf()


@dataclass(frozen=True, slots=True)
class Embed:
    """A relation to put into each record, by the name the client uses; `embed` nests further.

    `select` are the only fields wanted of the related records, None: all. `alias` is the key to
    show them under, where it differs. `where`, `sort`, `limit` and `offset` choose among the
    related records of each record.
    """

    name: str
    select: tuple[str, ...] | None = None
    embed: tuple[Embed, ...] = ()
    alias: str | None = None
    where: Node = ALWAYS
    sort: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks of a collection.

    `limit` is None without a limit. `page` is the page as the client counts it, with `page_base` 0
    or 1. `after` and `before` are ids of records that a page starts behind or ends before. `sort`
    holds field names, `-` before one that sorts descending. `select` None is every field, and an
    empty one only relations; `renamed` holds pairs of a selected path and the key to show it under.
    `dependents` are resources whose records go with a deleted record. `has_count`: the total was
    asked for. `is_search`: a plain list of matches is expected.
    """

    where: Node = ALWAYS
    limit: int | None = None
    offset: int = 0
    page: int | None = None
    page_base: int = 1
    after: str | None = None
    before: str | None = None
    sort: tuple[str, ...] = ()
    select: tuple[str, ...] | None = None
    renamed: tuple[tuple[str, str], ...] = ()
    exclude: tuple[str, ...] = ()
    embed: tuple[Embed, ...] = ()
    dependents: tuple[str, ...] = ()
    has_count: bool = False
    is_search: bool = False

    @property
    def is_paged(self) -> bool:
        """Whether only a part of the matches is asked for."""
        return (
            self.limit is not None
            or self.offset > 0
            or self.after is not None
            or self.before is not None
        )


@dataclass(frozen=True, slots=True)
class QueryReading:
    """What a query asks for, and what goes into the reply's headers.

    `unknown` are names that no record ever had, `not_values` texts such as `undefined`; both go
    into the hint. `aliases` are spellings that were understood as others, for X-LARST-Reading.
    """

    asked: Asked
    unknown: tuple[str, ...] = ()
    not_values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


def conditions_of(node: Node) -> Iterator[Condition]:
    """Return every condition on the records themselves; those on related records are left out."""
    match node:
        case Condition():
            yield node
        case Not(inner):
            yield from conditions_of(inner)
        case AllOf(nodes) | AnyOf(nodes):
            for child in nodes:
                yield from conditions_of(child)


def all_of(nodes: list[Node]) -> Node:
    """Return the conjunction of nodes; a single node stands for itself."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.nodes if isinstance(node, AllOf) else (node,))
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def any_of(nodes: list[Node]) -> Node:
    """Return the disjunction of nodes; a single node stands for itself."""
    if ALWAYS in nodes:
        return ALWAYS
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.nodes if isinstance(node, AnyOf) else (node,))
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def negated(node: Node) -> Node:
    """Return the negation; two of them cancel, and `ne` is the negation of equality."""
    match node:
        case Not(inner):
            return inner
        case AllOf(()):
            return NEVER
        case AnyOf(()):
            return ALWAYS
        case Condition(name, "", value, key) if value is not None:
            return Condition(name, "ne", value, key)
        case Condition(name, "ne", value, key):
            return Condition(name, "", value, key)
    return Not(node)


def mapped(node: Node, change: Callable[[Condition], Node]) -> Node:
    """Return the tree with each condition on the records themselves changed."""
    match node:
        case Condition():
            return change(node)
        case Not(inner):
            return negated(mapped(inner, change))
        case AllOf(nodes):
            return all_of([mapped(child, change) for child in nodes])
        case AnyOf(nodes):
            return any_of([mapped(child, change) for child in nodes])
    return node


def without_relations(node: Node, resolve: Callable[[Related], Node]) -> Node:
    """Return the tree with each condition on related records resolved, such as to `userId in …`."""
    match node:
        case Related(relation, inner):
            return resolve(Related(relation, without_relations(inner, resolve)))
        case Not(inner):
            return negated(without_relations(inner, resolve))
        case AllOf(nodes):
            return all_of([without_relations(child, resolve) for child in nodes])
        case AnyOf(nodes):
            return any_of([without_relations(child, resolve) for child in nodes])
    return node


def to_criteria(node: Node) -> dict[str, Json]:
    """Return the criteria of the store (SPEC section 6): `&` is all-of, `|` any-of, `!` not."""
    match node:
        case Condition(name, operator, value):
            return {f"{name}__{operator}" if operator else name: value}
        case Related(relation, inner):
            return {RELATED: {"relation": relation, "criteria": to_criteria(inner)}}
        case Not(inner):
            return {"!": to_criteria(inner)}
        case AnyOf(nodes):
            return {"|": [to_criteria(child) for child in nodes]}
        case AllOf(nodes):
            return _conjunction([to_criteria(child) for child in nodes])


def _conjunction(parts: list[dict[str, Json]]) -> dict[str, Json]:
    """Merge criteria; a key that is there already goes below `&`."""
    merged: dict[str, Json] = {}
    further: list[Json] = []
    for part in parts:
        if merged.keys() & part.keys():
            further.append(part)
        else:
            merged |= part
    return {**merged, "&": [*merged.get("&", ()), *further]} if further else merged
