"""Which relations are embedded, in every notation."""

from __future__ import annotations

import pytest

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import Condition, Embed
from larst.planning.reading.relations import ALL
from tests.planning.reading.world import asked

_COMMENTS = (Embed("comments"),)
_BOTH = (Embed("comments"), Embed("user"))
_BODY_4 = Condition("body", "", "Comment 4")


@pytest.mark.parametrize(
    ("query", "embed"),
    [
        ("_embed=comments", _COMMENTS),
        ("_expand=comments", _COMMENTS),
        ("_embed=comments&_expand=user", _BOTH),
        ("_embed=comments&_embed=user", _BOTH),
        ("include=comments", _COMMENTS),
        ("include=comments,user", _BOTH),
        ("include=comments, user", _BOTH),
        ("include[]=comments&include[]=user", _BOTH),
        ('include=["comments","user"]', _BOTH),
        ("expand=comments", _COMMENTS),
        ("expand[]=comments", _COMMENTS),
        ("expand[]=data.comments", _COMMENTS),
        ("$expand=comments,user", _BOTH),
        ("populate=comments", _COMMENTS),
        ("populate=comments,user", _BOTH),
        ("populate[0]=comments&populate[1]=user", _BOTH),
        ("populate[comments]=true&populate[user]=*", _BOTH),
        ("populate=*", (Embed(ALL),)),
        ("with=comments", _COMMENTS),
        ("with[]=comments", _COMMENTS),
        ("join=comments", _COMMENTS),
        ("relations=comments", _COMMENTS),
        ("embed=comments", _COMMENTS),
        ('embedded={"comments":1}', _COMMENTS),
        ('embedded={"comments":1,"user":0}', _COMMENTS),
        ("$populate=comments", _COMMENTS),
        ("$eager=[comments,user]", _BOTH),
        ("filter[include]=comments", _COMMENTS),
        ("filter[include][]=comments", _COMMENTS),
        ("filter[include][0][relation]=comments", _COMMENTS),
        ('filter={"include":["comments","user"]}', _BOTH),
        ('filter={"include":[{"relation":"comments"}]}', _COMMENTS),
        ('populate={"path":"comments"}', _COMMENTS),
        ("include=all", (Embed(ALL),)),
        ("_embed", (Embed(ALL),)),
        ("_embed=1", (Embed(ALL),)),
        ("include=", ()),
        ("expand=false", ()),
        ("include[]=total_count", ()),
        ("expand=comments_via_postId", (Embed("comments", alias="comments_via_postId"),)),
    ],
)
def test_every_notation_embeds_the_same_relations(query: str, embed: object) -> None:
    """`include`, `expand`, `populate`, `_embed` and `with` ask for one thing."""
    assert asked(f"/posts?{query}").embed == embed


@pytest.mark.parametrize(
    ("query", "embed"),
    [
        ("include=comments.post", Embed("comments", embed=(Embed("post"),))),
        ("with=comments.post", Embed("comments", embed=(Embed("post"),))),
        ("include=user.posts,user.roles", Embed("user", embed=(Embed("posts"), Embed("roles")))),
        ("populate[comments][populate]=post", Embed("comments", embed=(Embed("post"),))),
        ("populate[comments][fields][0]=body", Embed("comments", ("body",))),
        ("populate[comments][fields]=body,id", Embed("comments", ("body", "id"))),
        ("populate[comments][sort]=id:desc", Embed("comments", sort=("-id",))),
        (
            "populate[comments][filters][body][$eq]=Comment 4",
            Embed("comments", where=_BODY_4),
        ),
        ("$expand=comments($select=body)", Embed("comments", ("body",))),
        ("$expand=comments($top=1;$skip=2)", Embed("comments", limit=1, offset=2)),
        ("$expand=comments($orderby=id desc)", Embed("comments", sort=("-id",))),
        ("$expand=comments($filter=body eq 'Comment 4')", Embed("comments", where=_BODY_4)),
        ("$expand=comments($expand=post)", Embed("comments", embed=(Embed("post"),))),
        (
            'filter={"include":[{"relation":"comments","scope":{"limit":1,"order":"id DESC"}}]}',
            Embed("comments", limit=1, sort=("-id",)),
        ),
        (
            'include=[{"relation":"comments","scope":{"where":{"body":"Comment 4"}}}]',
            Embed("comments", where=_BODY_4),
        ),
        ("with=user:id,name", Embed("user", ("id", "name"))),
        ("join=user||id,name", Embed("user", ("id", "name"))),
        ("fields[users]=name&include=user", Embed("user", ("name",))),
        ("deep[comments][_limit]=1&fields=*,comments.*", Embed("comments", limit=1)),
        ("select=id,comments(id)&comments.limit=1", Embed("comments", ("id",), limit=1)),
        (
            "select=id,comments(id)&comments.order=id.desc",
            Embed("comments", ("id",), sort=("-id",)),
        ),
        (
            "select=id,comments(id)&comments.body=eq.Comment 4",
            Embed("comments", ("id",), where=_BODY_4),
        ),
    ],
)
def test_a_relation_may_have_options(query: str, embed: Embed) -> None:
    """Fields, filters, order and paging of the related records."""
    assert asked(f"/posts?{query}").embed == (embed,)


@pytest.mark.parametrize(
    "query",
    [
        "include=(",
        "include=a.b.c.d.e.f.g",
        "$expand=comments(foo)",
        "$expand=comments($levels=2)",
        "include=[1]",
        f"include={','.join(f'r{n}' for n in range(30))}",
        'filter={"include":5}',
        "populate[comments][foo]=1",
    ],
)
def test_an_embed_that_is_not_understood_is_refused(query: str) -> None:
    """A relation's option that was dropped would show other records."""
    with pytest.raises(QueryNotUnderstoodError):
        asked(f"/posts?{query}")


def test_dependents_are_the_resources_that_go_with_a_record() -> None:
    """json-server's `DELETE /posts/1?_dependent=comments`."""
    assert asked("/posts?_dependent=comments").dependents == ("comments",)
