"""PostgREST's values, logic trees and columns."""

from __future__ import annotations

import pytest

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import AllOf, AnyOf, Condition, Embed, Node, Not
from larst.planning.reading.postgrest import Columns, logic, select, value_condition
from tests.planning.reading.world import FIELDS

_POSTS = FIELDS["posts"]


def _c(operator: str, value: object, field: str = "f") -> Condition:
    return Condition(field, operator, value)


_NULL = AnyOf((_c("", None), _c("exists", False)))


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("eq.a", _c("", "a")),
        ('eq."a,b"', _c("", "a,b")),
        ("eq.", _c("", "")),
        ("neq.a", _c("ne", "a")),
        ("not.eq.a", _c("ne", "a")),
        ("not.neq.a", _c("", "a")),
        ("gt.5", _c("gt", "5")),
        ("gte.5", _c("gte", "5")),
        ("lt.5", _c("lt", "5")),
        ("lte.2025-01-20T10:00:00", _c("lte", "2025-01-20T10:00:00")),
        ("like.a", _c("", "a")),
        ("like.a*", _c("startswith", "a")),
        ("like.*a", _c("endswith", "a")),
        ("like.*a*", _c("contains", "a")),
        ("like.%a%", _c("contains", "a")),
        ("like.a*b", _c("like", "a*b")),
        ("ilike.a", _c("iexact", "a")),
        ("ilike.*a*", _c("icontains", "a")),
        ("not.ilike.*a*", Not(_c("icontains", "a"))),
        ("like(any).{a*,b*}", AnyOf((_c("startswith", "a"), _c("startswith", "b")))),
        ("like(all).{a*,*b}", AllOf((_c("startswith", "a"), _c("endswith", "b")))),
        ("match.^a", _c("startswith", "a")),
        ("imatch.^a", _c("istartswith", "a")),
        ("in.(a,b)", _c("in", ["a", "b"])),
        ('in.("a,b",c)', _c("in", ["a,b", "c"])),
        ("in.(a)", _c("", "a")),
        ("not.in.(a,b)", Not(_c("in", ["a", "b"]))),
        ("is.null", _NULL),
        ("not.is.null", Not(_NULL)),
        ("is.true", _c("", True)),
        ("is.false", _c("", False)),
        ("cs.{a,b}", AllOf((_c("", "a"), _c("", "b")))),
        ('cs.["a"]', _c("", "a")),
        ("ov.{a,b}", _c("in", ["a", "b"])),
        ("fts.a", _c("icontains", "a")),
        ("plfts(english).a b", AllOf((_c("icontains", "a"), _c("icontains", "b")))),
        ("isdistinct.a", _c("ne", "a")),
    ],
)
def test_a_value_with_an_operator_is_a_condition(text: str, node: Node) -> None:
    """What `column=operator.value` means there."""
    assert value_condition("f", text, _POSTS, "f") == node


@pytest.mark.parametrize("text", ["a", "a.b", "eq", "gta.5", "in.a", "is.maybe", "3.5", "e.g.x"])
def test_other_texts_with_dots_are_plain(text: str) -> None:
    """`version=3.5` has no operator."""
    assert value_condition("f", text, _POSTS, "f") is None


@pytest.mark.parametrize("text", ["cs.{}", "fts.", "cd.{a}", "sl.[1,2]", "gt.", "like(all).{}"])
def test_an_operator_without_a_meaning_here_is_refused(text: str) -> None:
    """Or without a value: it would hold for all records."""
    with pytest.raises(QueryNotUnderstoodError):
        value_condition("f", text, _POSTS, "f")


_ID1, _GT5 = _c("", "1", "id"), _c("gt", "5", "views")


@pytest.mark.parametrize(
    ("word", "text", "node"),
    [
        ("or", "(id.eq.1,views.gt.5)", AnyOf((_ID1, _GT5))),
        ("and", "(id.eq.1,views.gt.5)", AllOf((_ID1, _GT5))),
        ("not.or", "(id.eq.1,views.gt.5)", Not(AnyOf((_ID1, _GT5)))),
        ("not.and", "(id.eq.1)", _c("ne", "1", "id")),
        ("or", "(id.eq.1,and(views.gt.5,id.eq.1))", AnyOf((_ID1, AllOf((_GT5, _ID1))))),
        ("or", "(id.eq.1,not.and(views.gt.5,id.eq.1))", AnyOf((_ID1, Not(AllOf((_GT5, _ID1)))))),
        ("or", "(id.in.(1,2),views.gt.5)", AnyOf((_c("in", ["1", "2"], "id"), _GT5))),
        ("or", "(id.not.eq.1)", _c("ne", "1", "id")),
        ("or", "(meta->>lang.eq.de)", _c("", "de", "meta.lang")),
        ("or", '(title.eq."a,b")', _c("", "a,b", "title")),
    ],
)
def test_a_logic_tree_joins_conditions(word: str, text: str, node: Node) -> None:
    """`or=(…)` and what it nests."""
    assert logic(word, text, _POSTS) == node


@pytest.mark.parametrize(
    "text", ["id.eq.1", "()", "(id)", "(id.foo.1)", "(id.eq.1", f"{'(or' * 20}{')' * 20}"]
)
def test_other_texts_are_refused_as_logic_trees(text: str) -> None:
    """With an example."""
    with pytest.raises(QueryNotUnderstoodError, match="write it as in"):
        logic("or", text, _POSTS)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("*", Columns()),
        ("id,title", Columns(("id", "title"))),
        ("id::text", Columns(("id",))),
        ("slug:title", Columns(("title",), (("title", "slug"),))),
        ("meta->lang", Columns(("meta.lang",), (("meta.lang", "lang"),))),
        ("l:meta->>lang", Columns(("meta.lang",), (("meta.lang", "l"),))),
        ("id,comments(*)", Columns(("id",), embed=(Embed("comments"),))),
        ("comments(id,post(title))",
         Columns((), embed=(Embed("comments", ("id",), (Embed("post", ("title",)),)),))),
        ("a:users!inner(name)", Columns((), embed=(Embed("users", ("name",), alias="a"),))),
        ("*,users!fk_user(name)", Columns(embed=(Embed("users", ("name",)),))),
        ("...users(name)", Columns((), embed=(Embed("users", ("name",)),))),
    ],
)  # fmt: skip
def test_a_select_lists_columns_and_relations(text: str, columns: Columns) -> None:
    """Renamed, cast, and nested."""
    assert select(text) == columns


@pytest.mark.parametrize("text", ["id.sum()", "a b", "(", "a(" * 50])
def test_aggregates_are_refused_in_a_select(text: str) -> None:
    """And texts that list no columns."""
    with pytest.raises(QueryNotUnderstoodError):
        select(text)
