"""The order that is asked for, in every notation."""

from __future__ import annotations

import pytest

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.fields import Fields
from larst.planning.reading.sorting import is_direction, of_json, sort_of
from tests.planning.reading.world import asked


@pytest.mark.parametrize(
    ("texts", "directions", "keys"),
    [
        (["a"], [], ("a",)),
        (["-a,b"], [], ("-a", "b")),
        (["+a,-b"], [], ("a", "-b")),
        ([" a"], [], ("a",)),
        (["a:desc"], [], ("-a",)),
        (["a:DESC,b:ASC"], [], ("-a", "b")),
        (["a desc"], [], ("-a",)),
        (["a desc, b asc"], [], ("-a", "b")),
        (["a.desc"], [], ("-a",)),
        (["a.b.desc"], [], ("-a.b",)),
        (["a.desc.nullslast"], [], ("-a",)),
        (["a desc nulls last"], [], ("-a",)),
        (["a,desc"], [], ("-a",)),
        (["a,asc", "b,desc"], [], ("a", "-b")),
        (["a;b"], [], ("a", "b")),
        (["a|desc"], [], ("-a",)),
        (["a_desc"], [], ("-a",)),
        (["a-desc"], [], ("-a",)),
        (["aDesc"], [], ("-a",)),
        (["desc(a),asc(b)"], [], ("-a", "b")),
        (["a:-1"], [], ("-a",)),
        (["a:1"], [], ("a",)),
        (["!a"], [], ("-a",)),
        (['["a","DESC"]'], [], ("-a",)),
        (['["a","-b"]'], [], ("a", "-b")),
        (['[["a","ASC"],["b","DESC"]]'], [], ("a", "-b")),
        (['{"a":-1,"b":1}'], [], ("-a", "b")),
        (['{"a":"desc"}'], [], ("-a",)),
        (['{"field":"a","order":"desc"}'], [], ("-a",)),
        (['[{"selector":"a","desc":true}]'], [], ("-a",)),
        (['[{"selector":"a","desc":false}]'], [], ("a",)),
        (['[{"property":"a","direction":"DESC"}]'], [], ("-a",)),
        (['[{"colId":"a","sort":"desc"}]'], [], ("-a",)),
        (["[('a', -1)]"], [], ("-a",)),
        (['"a"'], [], ("a",)),
        (["a"], ["desc"], ("-a",)),
        (["a"], ["DESC"], ("-a",)),
        (["a"], ["descend"], ("-a",)),
        (["a"], ["-1"], ("-a",)),
        (["a,b"], ["desc,asc"], ("-a", "b")),
        (["a", "b"], ["desc", "asc"], ("-a", "b")),
        (["a,b"], ["desc"], ("-a", "-b")),
        (["-a"], ["asc"], ("-a",)),
        ([""], [], ()),
        ([], ["desc"], ()),
        (["a/b desc"], [], ("-a.b",)),
        (["a->>b.desc"], [], ("-a.b",)),
        (["a,a"], [], ("a",)),
    ],
)
def test_every_notation_is_one_list_of_keys(
    texts: list[str], directions: list[str], keys: tuple[str, ...]
) -> None:
    """`-` stands before a field that sorts descending."""
    assert sort_of(texts, directions, Fields()) == keys


def test_a_learned_field_may_end_like_a_direction() -> None:
    """`price_desc` is a field where records have it."""
    fields = Fields({"price", "price_desc"})
    assert sort_of(["price_desc"], [], fields) == ("price_desc",)
    assert sort_of(["price_asc"], [], fields) == ("price",)


@pytest.mark.parametrize(
    ("tree", "keys"),
    [
        ({"a": ["-1"]}, ("-a",)),
        ({"a": ["asc"], "b": ["desc"]}, ("a", "-b")),
        ({"0": ["a:desc"], "1": ["b"]}, ("-a", "b")),
        ({"": ["a", "-b"]}, ("a", "-b")),
        ({"0": ["a"], "1": ["DESC"]}, ("-a",)),
        ({"0": {"field": ["a"], "dir": ["desc"]}}, ("-a",)),
    ],
)
def test_brackets_are_an_order_too(tree: object, keys: tuple[str, ...]) -> None:
    """`sort[a]=-1`, `sort[0]=a:desc`, `sort[0][field]=a`."""
    assert sort_of(tree, [], Fields()) == keys  # type: ignore[arg-type]  # a table of trees


@pytest.mark.parametrize(
    "query",
    [
        "sort=views&order=sideways",
        "sort[views]=sideways",
        'sort={"views":"sideways"}',
        'sort={"views"',
        "sort=[1]",
        "sort=@random",
        f"sort={','.join(f'a{n}' for n in range(20))}",
        "sort=viwes",
        f"sort={'[' * 30}{']' * 30}",
    ],
)
def test_an_order_that_makes_no_sense_is_refused(query: str) -> None:
    """A list in another order than was asked for misleads."""
    with pytest.raises(QueryNotUnderstoodError):
        asked(f"/posts?{query}")


def test_an_order_without_a_field_is_by_id() -> None:
    """`?order=desc` asks for the newest first."""
    assert asked("/posts?order=desc").sort == ("-id",)
    assert asked("/posts?order=asc").sort == ()


def test_a_dialect_that_ignores_unknown_words_ignores_them_in_sort() -> None:
    """json-server 0.17 sorts by nothing then."""
    assert asked("/posts?_sort=nope,views", unknown="ignore").sort == ("views",)


def test_directions_are_recognised() -> None:
    """All of a list must be one."""
    assert is_direction("desc,ASC")
    assert not is_direction("desc,views")
    assert of_json(["a", "desc"]) == ["-a"]
