"""Which fields are asked for, in every notation."""

from __future__ import annotations

import pytest

from larst.errors import QueryNotUnderstoodError
from larst.planning.reading.asked import Embed
from tests.planning.reading.world import asked

_ID_TITLE = ("id", "title")


@pytest.mark.parametrize(
    "query",
    [
        "fields=id,title",
        "fields=id, title",
        "fields=id title",
        "fields=id;title",
        "fields=+id,+title",
        "fields[]=id&fields[]=title",
        "fields[0]=id&fields[1]=title",
        "fields=id&fields=title",
        "fields[posts]=id,title",
        "fields[post]=id,title",
        "fields[Posts][]=id&fields[Posts][]=title",
        'fields=["id","title"]',
        'fields={"id":true,"title":true}',
        "fields=items(id,title)",
        "fields=items(id,title),nextPageToken",
        "fields=posts(id,title)",
        "select=id,title",
        "select[]=id&select[]=title",
        "select[id]=1&select[title]=1",
        'select={"id":1,"title":1}',
        "select=id::text,title",
        "$select=id,title",
        "$select[]=id&$select[]=title",
        "_fields=id,title",
        "only=id,title",
        "columns=id,title",
        "attributes=id,title",
        "properties[]=id&properties[]=title",
        "pick=id,title",
        "readMask=id,title",
        "keys=id,title",
        'keys={"id":1,"title":1}',
        'projection={"id":1,"title":1}',
        "filter[fields][id]=true&filter[fields][title]=true",
        "filter[fields][0]=id&filter[fields][1]=title",
        'filter={"fields":["id","title"]}',
        'filter={"fields":{"id":true,"title":true}}',
    ],
)
def test_every_notation_selects_the_same_fields(query: str) -> None:
    """Clients ask for fewer fields in as many ways as there are servers."""
    assert asked(f"/posts?{query}").select == _ID_TITLE


@pytest.mark.parametrize(
    "query",
    [
        "exclude=tags,meta",
        "omit=tags,meta",
        "except=tags,meta",
        "excludeFields=tags,meta",
        "excludeKeys=tags,meta",
        "exclude[]=tags&exclude[]=meta",
        "fields=-tags,-meta",
        "select=-tags -meta",
        "fields=!tags,!meta",
        'select={"tags":0,"meta":0}',
        'projection={"tags":false,"meta":false}',
        'filter={"fields":{"tags":false,"meta":false}}',
    ],
)
def test_every_notation_leaves_out_the_same_fields(query: str) -> None:
    """A selection may name the fields that are not wanted."""
    reading = asked(f"/posts?{query}")
    assert (reading.select, reading.exclude) == (None, ("tags", "meta"))


@pytest.mark.parametrize(
    ("query", "select", "renamed", "embed"),
    [
        ("fields=*", None, (), ()),
        ("fields=", None, (), ()),
        ("fields=title,meta.lang", ("title", "meta.lang"), (), ()),
        ("select=meta->>lang", ("meta.lang",), (("meta.lang", "lang"),), ()),
        ("select=slug:title", ("title",), (("title", "slug"),), ()),
        ("fields=user_id", ("userId",), (), ()),
        ("select=id,comments(id)", ("id",), (), (Embed("comments", ("id",)),)),
        ("select=comments(id)", (), (), (Embed("comments", ("id",)),)),
        ("select=*,comments(*)", None, (), (Embed("comments"),)),
        ("select=id,who:users(name)", ("id",), (), (Embed("users", ("name",), alias="who"),)),
        ("fields=*,comments.*", None, (), (Embed("comments"),)),
        ("fields=id,user.name,user.age", ("id",), (), (Embed("user", ("name", "age")),)),
        ("fields=*.*", None, (), (Embed("*"),)),
        ("fields=*,expand.user.name", None, (), (Embed("user", ("name",)),)),
    ],
)
def test_a_selection_may_rename_and_embed(
    query: str, select: object, renamed: object, embed: object
) -> None:
    """PostgREST and Directus list relations among the fields."""
    reading = asked(f"/posts?{query}")
    assert (reading.select, reading.renamed, reading.embed) == (select, renamed, embed)


@pytest.mark.parametrize(
    "query",
    [
        "select=count",
        "select=id.count()",
        "fields=title:excerpt(200,true)",
        "fields=summary",
        "fields=titel",
        "projection=inlineUser",
        "fields=[1,2]",
        'fields={"a"',
        f"fields={','.join(f'f{n}' for n in range(300))}",
    ],
)
def test_a_selection_that_cannot_be_made_is_refused(query: str) -> None:
    """An empty object for each record would be a riddle."""
    with pytest.raises(QueryNotUnderstoodError):
        asked(f"/posts?{query}")
