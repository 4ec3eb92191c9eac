"""Filter expressions of many languages, read by one grammar."""

from __future__ import annotations

import pytest

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import AllOf, AnyOf, Condition, Node, Not, Related
from larst.planning.reading.expressions import looks_like_expression, read_expression
from larst.planning.reading.values import ValueReader
from tests.planning.reading.world import FIELDS

_POSTS = FIELDS["posts"]


def _c(field: str, operator: str, value: object) -> Condition:
    return Condition(field, operator, value)


def _read(text: str) -> Node:
    return read_expression(text, "filter", ValueReader(_POSTS))


_GT50 = _c("views", "gt", "50")
_DRAFT = _c("status", "", "draft")
_BOTH = AllOf((_GT50, _DRAFT))
_EITHER = AnyOf((_GT50, _DRAFT))
_ID1 = _c("id", "", "1")
_NULL = AnyOf((_c("status", "", None), _c("status", "exists", False)))
_50_60 = AllOf((_c("views", "gte", "50"), _c("views", "lte", "60")))


@pytest.mark.parametrize(
    "text",
    [
        "views gt 50 and status eq 'draft'",
        "views gt 50 AND status eq 'draft'",
        "(views gt 50) and (status eq 'draft')",
        "((views gt 50 and status eq 'draft'))",
        "views>50&&status='draft'",
        'views > 50 && status = "draft"',
        "(views>50 && status='draft')",
        "views=gt=50;status==draft",
        "views>50;status==draft",
        "views>50 and status=='draft'",
        'views>50 and status=="draft"',
        "views > 50 AND status = 'draft'",
        'views > 50 status = "draft"',
        "views>50,status:draft",
        "views:>50 AND status:'draft'",
        'views gt 50 and status eq "draft"',
        "and(gt(views,50),eq(status,draft))",
        "and(greaterThan(views,'50'),equals(status,'draft'))",
        "not (not (views gt 50 and status eq 'draft'))",
    ],
)
def test_every_language_joins_conditions(text: str) -> None:
    """OData, PocketBase, RSQL, Eve, SQL, AIP, Stripe, SCIM, RQL and JSON:API."""
    assert _read(text) == _BOTH


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("views gt 50 or status eq 'draft'", _EITHER),
        ("views>50||status='draft'", _EITHER),
        ("views=gt=50,status==draft", _EITHER),
        ("or(gt(views,50),eq(status,draft))", _EITHER),
        ("id eq 1 or views gt 50 and status eq 'draft'", AnyOf((_ID1, _BOTH))),
        ("(id eq 1 or views gt 50) and status eq 'draft'", AllOf((AnyOf((_ID1, _GT50)), _DRAFT))),
        ("not status eq 'draft'", _c("status", "ne", "draft")),
        ("not (status eq 'draft')", _c("status", "ne", "draft")),
        ("!(status='draft')", _c("status", "ne", "draft")),
        ("NOT status='draft'", _c("status", "ne", "draft")),
        ("-status='draft'", _c("status", "ne", "draft")),
        ("not(eq(status,draft))", _c("status", "ne", "draft")),
        ("status ne 'draft'", _c("status", "ne", "draft")),
        ("status <> 'draft'", _c("status", "ne", "draft")),
        ("views ge 50 and views le 60", _50_60),
        ("views between 50 and 60", _50_60),
        ("views=bt=(50,60)", _50_60),
        ("views lt 50", _c("views", "lt", "50")),
        ("id in (1,2)", _c("id", "in", ["1", "2"])),
        ("id IN (1, 2)", _c("id", "in", ["1", "2"])),
        ("id=in=(1,2)", _c("id", "in", ["1", "2"])),
        ("in(id,(1,2))", _c("id", "in", ["1", "2"])),
        ("any(id,'1','2')", _c("id", "in", ["1", "2"])),
        ("id not in (1,2)", Not(_c("id", "in", ["1", "2"]))),
        ("id=out=(1,2)", Not(_c("id", "in", ["1", "2"]))),
        ("status eq null", _NULL),
        ("status is null", _NULL),
        ("status is not null", Not(_NULL)),
        ("status ne null", Not(_NULL)),
        ("status pr", Not(_NULL)),
        ("status=isnull=true", _NULL),
        ("status:*", _c("status", "exists", True)),
        ("title eq 'It''s'", _c("title", "", "It's")),
        (r"title = 'It\'s'", _c("title", "", "It's")),
        ("title eq 'a and b'", _c("title", "", "a and b")),
        ("contains(title,'P')", _c("title", "contains", "P")),
        ("contains(tolower(title),'p')", _c("title", "icontains", "p")),
        ("startswith(title,'P')", _c("title", "startswith", "P")),
        ("startswith(tolower(title),'p')", _c("title", "istartswith", "p")),
        ("endswith(title,'3') eq true", _c("title", "endswith", "3")),
        ("endswith(title,'3') eq false", Not(_c("title", "endswith", "3"))),
        ("not contains(title,'3')", Not(_c("title", "contains", "3"))),
        ("substringof('P',title)", _c("title", "contains", "P")),
        ("indexof(title,'P') ge 0", _c("title", "contains", "P")),
        ("indexof(title,'P') eq -1", Not(_c("title", "contains", "P"))),
        ("tolower(title) eq 'p'", _c("title", "iexact", "p")),
        ("trim(title) eq 'P'", _c("title", "", "P")),
        ("title:lower = 'p'", _c("title", "iexact", "p")),
        ("title ~ 'p'", _c("title", "icontains", "p")),
        ("title !~ 'p'", Not(_c("title", "icontains", "p"))),
        ("title like 'P%'", _c("title", "istartswith", "P")),
        ("title not like 'P%'", Not(_c("title", "istartswith", "P"))),
        ("title==P*", _c("title", "startswith", "P")),
        ("title==*3", _c("title", "endswith", "3")),
        ("title co 'P'", _c("title", "contains", "P")),
        ("title sw 'P'", _c("title", "startswith", "P")),
        ("year(createdAt) eq 2025",
         AllOf((_c("createdAt", "gte", "2025-01-01"), _c("createdAt", "lt", "2026-01-01")))),
        ("date(createdAt) lt 2025-01-31", _c("createdAt", "lt", "2025-01-31")),
        ("createdAt ge 2025-01-31T10:00:00Z", _c("createdAt", "gte", "2025-01-31T10:00:00Z")),
        ("createdAt ge 2025-01-31 10:00:00", _c("createdAt", "gte", "2025-01-31 10:00:00")),
        ("createdAt ge datetime'2025-01-31'", _c("createdAt", "gte", "2025-01-31")),
        ('createdAt >= timestamp("2025-01-31")', _c("createdAt", "gte", "2025-01-31")),
        ("meta/lang eq 'de'", _c("meta.lang", "", "de")),
        ("meta.lang = 'de'", _c("meta.lang", "", "de")),
        ('meta["lang"]:"de"', _c("meta.lang", "", "de")),
        ("tags/any(t: t eq 'a')", _c("tags", "", "a")),
        ("tags/any(t:t eq 'a' or t eq 'b')", AnyOf((_c("tags", "", "a"), _c("tags", "", "b")))),
        ("tags ?= 'a'", _c("tags", "", "a")),
        ("comments/any(c: c/body eq 'x')", Related("comments", _c("body", "", "x"))),
        ("comments/all(c: c/body eq 'x')", Not(Related("comments", _c("body", "ne", "x")))),
        ("comments/any()", Related("comments", AllOf(()))),
        ("has(comments)", Related("comments", AllOf(()))),
        ("user_id eq 2", _c("userId", "", "2")),
        ("done", _c("done", "", True)),
        ("not done", _c("done", "ne", True)),
        ("views eq 50.5", _c("views", "", "50.5")),
        ("views eq -5", _c("views", "", "-5")),
    ],
)  # fmt: skip
def test_an_expression_is_a_tree_of_conditions(text: str, node: Node) -> None:
    """By the languages' own precedence."""
    assert _read(text) == node


@pytest.mark.parametrize(
    "text",
    [
        "views gt",
        "gt 50",
        "(views gt 50",
        "views gt 50)",
        "views gt 50 status",
        "views gt 50 adn status eq 'a'",
        "views foo 50",
        "status eq 'draft",
        "foo(views,1)",
        "length(title) gt 5",
        "month(createdAt) eq 1",
        "views mod 2 eq 0",
        "views add 1 gt 2",
        "concat(title,'x') eq 'y'",
        "tags/$count gt 1",
        "tags/any(t t eq 'a')",
        "tags/all(t: t eq 'a')",
        "createdAt > @now",
        "views between 1",
        "views between 1 or 2",
        "views gt 'abc'",
        "id in (1,",
        "year(createdAt) contains 2025",
        "()",
        "= 5",
        "views gt (",
        "x" * 5000,
        "(" * 50 + "a" + ")" * 50,
    ],
)
def test_an_expression_that_is_not_understood_is_refused(text: str) -> None:
    """With the place where reading stopped."""
    with pytest.raises(QueryNotUnderstoodError):
        _read(text)


def test_the_error_names_the_place() -> None:
    """A long filter is hard to search by eye."""
    with pytest.raises(QueryNotUnderstoodError, match="not understood at 'foo 50'"):
        _read("status eq 'a' and views foo 50")
    with pytest.raises(QueryNotUnderstoodError, match="ends where a value was expected"):
        _read("views gt")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a eq 1", True), ("a>1", True), ("contains(a,'x')", True), ("a:b", True), ("a pr", True),
        ("some words", False), ("hello", False), ("A is B", True), ("", False),
    ],
)  # fmt: skip
def test_expressions_and_words_are_distinguished(text: str, expected: bool) -> None:
    """`filter=some words` is a search."""
    assert looks_like_expression(text) is expected


def test_a_part_is_enough_behind_a_colon() -> None:
    """AIP-160's `:` means has; a change takes the whole text only."""
    assert _read("title:'post 3'") == _c("title", "icontains", "post 3")
    assert _read("title:'Post 3'") == _c("title", "", "Post 3")
    change = ValueReader(_POSTS, is_change=True)
    assert read_expression("title:'post 3'", "filter", change) == _c("title", "", "post 3")
