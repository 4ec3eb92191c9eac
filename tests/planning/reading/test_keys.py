"""The key of a filter: its field and its operator, in every spelling."""

from __future__ import annotations

import pytest

from larst.planning.reading.fields import Fields
from larst.planning.reading.keys import FilterKey, read_compound, read_key
from tests.planning.reading.world import FIELDS

_POSTS = FIELDS["posts"]
_TASKS = FIELDS["tasks"]


@pytest.mark.parametrize(
    ("key", "field", "operator"),
    [
        ("views", "views", ""),
        ("views_gte", "views", "gte"),
        ("views__gte", "views", "gte"),
        ("views:gte", "views", "gte"),
        ("views.gte", "views", "gte"),
        ("views-gte", "views", "gte"),
        ("viewsGte", "views", "gte"),
        ("views_ge", "views", "gte"),
        ("views_gteq", "views", "gte"),
        ("views_min", "views", "gte"),
        ("viewsMin", "views", "gte"),
        ("views_from", "views", "gte"),
        ("views_start", "views", "gte"),
        ("views_max", "views", "lte"),
        ("views_to", "views", "lte"),
        ("views_end", "views", "lte"),
        ("views_lt", "views", "lt"),
        ("views_greater_than", "views", "gt"),
        ("viewsGreaterThan", "views", "gt"),
        ("views_less_than_or_equal", "views", "lte"),
        ("viewsLessThanOrEqual", "views", "lte"),
        ("minViews", "views", "gte"),
        ("min_views", "views", "gte"),
        ("min-views", "views", "gte"),
        ("maxViews", "views", "lte"),
        ("from_views", "views", "gte"),
        ("views_between", "views", "between"),
        ("views_range", "views", "between"),
        ("views_in", "views", "in"),
        ("views_not_in", "views", "nin"),
        ("views__not_in", "views", "nin"),
        ("views_nin", "views", "nin"),
        ("views_notin", "views", "nin"),
        ("views_ne", "views", "ne"),
        ("views_neq", "views", "ne"),
        ("views_not", "views", "ne"),
        ("views_not_eq", "views", "ne"),
        ("views.notEquals", "views", "ne"),
        ("not_views", "views", "ne"),
        ("notViews", "views", "ne"),
        ("exclude_views", "views", "ne"),
        ("views_exists", "views", "exists"),
        ("views_isnull", "views", "null"),
        ("views__isnull", "views", "null"),
        ("views_null", "views", "null"),
        ("views_not_null", "views", "notnull"),
        ("title_like", "title", "like"),
        ("title_contains", "title", "contains"),
        ("title:contains", "title", "icontains"),
        ("title:startsWith", "title", "istartswith"),
        ("title_icontains", "title", "icontains"),
        ("title__icontains", "title", "icontains"),
        ("title_cont", "title", "icontains"),
        ("title_i_cont", "title", "icontains"),
        ("title_ncontains", "title", "notcontains"),
        ("title_notcontains", "title", "notcontains"),
        ("title_not_cont", "title", "notcontains"),
        ("title_start", "title", "startswith"),
        ("title_end", "title", "endswith"),
        ("title_starts_with", "title", "startswith"),
        ("titleStartsWith", "title", "startswith"),
        ("title__startswith", "title", "startswith"),
        ("title__iexact", "title", "iexact"),
        ("title_eq", "title", ""),
        ("title__exact", "title", ""),
        ("title.equals", "title", ""),
        ("searchTitle", "title", "icontains"),
        ("search_title", "title", "icontains"),
        ("filterStatus", "status", ""),
        ("filter_status", "status", ""),
        ("by_status", "status", ""),
        ("tags_has", "tags", "all"),
        ("tags__overlap", "tags", "overlap"),
        ("createdAt__date", "createdAt", "date"),
        ("createdAt__date__gte", "createdAt", "date_gte"),
        ("createdAt__year", "createdAt", "year"),
        ("createdAt_after", "createdAt", "gte"),
        ("created_before", "createdAt", "lte"),
        ("createdAfter", "createdAt", "gte"),
        ("createdFrom", "createdAt", "gte"),
        ("minCreatedAt", "createdAt", "gte"),
        ("created_at_gte", "createdAt", "gte"),
        ("user_id", "userId", ""),
        ("USER-ID", "userId", ""),
        ("user", "userId", ""),
        ("created", "createdAt", ""),
        ("Status", "status", ""),
        ("_id", "id", ""),
        ("pk", "id", ""),
        ("documentId", "id", ""),
        ("meta.lang", "meta.lang", ""),
        ("meta__lang", "meta.lang", ""),
        ("meta_lang", "meta.lang", ""),
        ("meta->>lang", "meta.lang", ""),
        ("meta.lang_ne", "meta.lang", "ne"),
        ("meta__lang__icontains", "meta.lang", "icontains"),
        ("user.name", "user.name", ""),
        ("user__name", "user.name", ""),
        ("user__name__icontains", "user.name", "icontains"),
        ("user_name_eq", "user.name", ""),
        ("status!", "status", "ne"),
        ("title~", "title", "icontains"),
        ("title!~", "title", "notcontains"),
        ("views>", "views", "gte"),
        ("views<", "views", "lte"),
    ],
)
def test_a_key_names_a_field_and_an_operator(key: str, field: str, operator: str) -> None:
    """With a value behind it: `?views_gte=5`, `?views>=5`."""
    filter_key = read_key(key, _POSTS, has_value=True)
    assert (filter_key.field, filter_key.operator, filter_key.is_known) == (field, operator, True)


@pytest.mark.parametrize(
    ("key", "operator", "value"),
    [
        ("views>50", "gt", "50"),
        ("views > 50", "gt", "50"),
        ("views>=50", "gte", "50"),
        ("views<50", "lt", "50"),
        ("views<>50", "ne", "50"),
        ("views!=50", "ne", "50"),
        ("views~50", "icontains", "50"),
    ],
)
def test_a_key_may_hold_its_value(key: str, operator: str, value: str) -> None:
    """`?views>50` has no equals sign, so that all of it is the key."""
    assert read_key(key, _POSTS, has_value=False) == FilterKey("views", operator, value)


@pytest.mark.parametrize(
    ("key", "field"),
    [("ids", "id"), ("idList", "id"), ("statuses", "status"), ("userIds", "userId")],
)
def test_a_plural_is_a_list_of_values(key: str, field: str) -> None:
    """`?ids=1,2`."""
    assert read_key(key, _POSTS, has_value=True) == FilterKey(field, "in", is_list=True)


def test_the_singular_of_a_list_is_one_of_its_items() -> None:
    """`?tag=a` where records have `tags`."""
    assert read_key("tag", _POSTS, has_value=True) == FilterKey("tags")


@pytest.mark.parametrize("key", ["getByTitle", "findByTitle", "searchByTitle", "queryAllByTitle"])
def test_a_key_may_ask_for_a_search(key: str) -> None:
    """SPEC: `GET /users/?getByFirstName=Johann` answers a plain list."""
    assert read_key(key, _POSTS, has_value=True) == FilterKey("title", is_by_field=True)


@pytest.mark.parametrize(
    "key", ["nope", "nope_gte", "nope.gte", "minNope", "status.nope", "meta.nope", "x" * 300, "_"]
)
def test_a_key_of_no_field_is_unknown(key: str) -> None:
    """Its hint names it; the operator is kept where it is one."""
    assert not read_key(key, _POSTS, has_value=True).is_known


def test_a_learned_field_wins_over_its_spelling() -> None:
    """A field that is really called `age_gte` means itself."""
    fields = Fields({"age", "age_gte", "ids", "minAge", "not_done"})
    for name in ("age_gte", "ids", "minAge", "not_done"):
        assert read_key(name, fields, has_value=True) == FilterKey(name)
    assert read_key("is_done", _TASKS, has_value=True) == FilterKey("done")


def test_a_compound_key_asks_of_several_fields() -> None:
    """The `title_or_status_cont` of ransack."""
    compound = read_compound("title_or_status_cont", _POSTS)
    assert compound == (
        "or",
        [FilterKey("title", "icontains"), FilterKey("status", "icontains")],
    )
    assert read_compound("title_and_status_eq", _POSTS) is not None
    assert read_compound("title_or_nope_cont", _POSTS) is None
    assert read_compound("title_cont", _POSTS) is None
