"""A json-server `db.json` is imported exactly, or refused as a whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.domain import Json
from larst.errors import BadRecordError, BadRequestError
from larst.store.transfer.db_json import ImportReport, value_of
from larst.store.transfer.importing import import_resources
from tests.store.transfer.test_exporting import NOW, VALUES


def test_a_db_json_is_imported() -> None:
    text = json.dumps(
        {
            "$schema": "./x.json",
            "posts": [{"id": "a1", "title": "A"}, {"id": 7, "title": "B"}, {"title": "C"}],
            "profile": {"name": "Ann"},
            "empty": [],
        },
        indent=2,
    )

    resources = import_resources(text.encode(), NOW)

    assert {name: list(item.records.values()) for name, item in resources.items()} == {
        "posts": [
            {"id": "a1", "title": "A"},
            {"id": 7, "title": "B"},
            {"id": 8, "title": "C"},
        ],
        "profile": [{"id": "@singleton", "name": "Ann"}],
        "empty": [],
    }
    assert resources["posts"].next_id == 9
    assert resources["posts"].fields == {"id", "title"}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", BadRequestError),
        ("[]", BadRequestError),
        ("{", BadRequestError),
        ('{"posts": 5}', BadRequestError),
        ('{"posts": [5]}', BadRecordError),
        ('{"posts": [{"id": 1}, {"id": "1"}]}', BadRecordError),
        ('{"po/sts": []}', BadRecordError),
        ('{"posts": [{"n": 123456789012345678901234567890}]}', BadRequestError),
        ('{"posts": [{"id": 9007199254740991}, {"a": 1}]}', BadRecordError),
        ('{"posts": [{"n": NaN}]}', BadRequestError),
        ('{"posts": [{"n": 1e999}]}', BadRequestError),
        ('{"posts": [{"n": "\\ud800"}]}', BadRequestError),
        ('{"posts": [{"n": 01}]}', BadRequestError),
        ('{"posts": [{} {}]}', BadRequestError),
        ('{"posts": [{},]}', BadRequestError),
        ('{"posts": []', BadRequestError),
        ('{"posts": [],}', BadRequestError),
        ('{"posts": []} x', BadRequestError),
        ('{"posts" []}', BadRequestError),
        ("{posts: []}", BadRequestError),
        ('{"posts": [], "posts": []}', BadRequestError),
        ('{"posts": [{"n": ' + "[" * 300 + "]" * 300 + "}]}", BadRequestError),
        ('{"posts": [' + "[" * 100_000, BadRequestError),
        ('{"posts": [' + "9" * 5000 + "]}", BadRequestError),
    ],
)
def test_values_that_cannot_be_stored_exactly_are_refused(
    text: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        import_resources(text.encode(), NOW)


def test_numbers_are_imported_exactly() -> None:
    text = '{"n": [{"id": 9007199254740993, "a": 1.0, "b": 1e-7, "c": 18446744073709551615}]}'

    (record,) = import_resources(text.encode(), NOW)["n"].records.values()

    assert record == {"id": 2**53 + 1, "a": 1.0, "b": 1e-7, "c": 2**64 - 1}
    assert [type(value) for value in record.values()] == [int, float, float, int]


@pytest.mark.parametrize("blank", ["", " ", "\n\t\r "])
def test_blanks_and_a_byte_order_mark_are_skipped(blank: str) -> None:
    """Editors on Windows write the mark."""
    text = "\ufeff{{'a':[{{'n':'☃'}},{{}}],'b':{{}}}}".replace("'", '"')
    text = text.format().replace("{", blank + "{" + blank).replace(",", blank + "," + blank)

    resources = import_resources((text + blank).encode(), NOW)

    assert list(resources["a"].records.values()) == [{"id": 1, "n": "☃"}, {"id": 2}]


FIELDS = st.text(max_size=5).filter(lambda name: name != "id")


@given(st.lists(st.dictionaries(FIELDS, VALUES, max_size=4), max_size=6))
def test_items_are_parsed_as_the_whole_text_would_be(fields: list[dict[str, Json]]) -> None:
    """A client cannot see that large imports are parsed item by item."""
    for text in (json.dumps({"a": fields}), json.dumps({"a": fields}, ensure_ascii=False)):
        records = import_resources(text.encode(), NOW)["a"].records.values()

        assert list(records) == [{"id": n, **record} for n, record in enumerate(fields, 1)]


ODD = """{
  "version": 3,
  "posts": [{"id": 1, "a": 1}, {"id": "1", "a": 2}, 5, [6], {"id": 1.5, "a": 3}],
  "my posts": [{"id": 4}],
  "docs": []
}"""


def test_every_place_of_a_problem_is_named() -> None:
    """People correct a file in one go."""
    with pytest.raises(BadRecordError) as refused:
        import_resources(ODD.encode(), NOW)

    for place in ("version is", "posts[1]", "posts[2]", "posts[3]", "posts[4]", "'my posts'"):
        assert place in refused.value.detail
    assert "posts[0]:" not in refused.value.detail
    assert "lenient" in refused.value.detail


def test_new_ids_are_reported() -> None:
    """Records come back with a field that the file does not have."""
    report = ImportReport()
    text = '{"a":[{"n":1},{"id":4},{"n":2}],"b":[{"id":1}],"c":[{"n":1}]}'

    import_resources(text.encode(), NOW, report)

    assert report.changes == [
        "a: 2 records have no id; each has a new one",
        "c: 1 record has no id; it has a new one",
    ]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "the import is empty"),
        (" \n", "the import is empty"),
        ('[{"n":1}]', "this is a list: put it under the name of its resource"),
        ('[{"n":1}]', r"lenient=true"),
        ("5", "a db.json is an object of resources"),
    ],
)
def test_a_file_without_resources_is_refused_by_its_kind(text: str, detail: str) -> None:
    with pytest.raises(BadRequestError, match=detail):
        import_resources(text.encode(), NOW)


def test_a_lenient_import_says_what_it_changed() -> None:
    report = ImportReport(is_lenient=True)

    resources = import_resources(ODD.encode(), NOW, report)

    values = {name: value_of(list(item.records.values())) for name, item in resources.items()}
    assert values == {
        "version": {"value": 3},
        "posts": [
            {"id": 1, "a": 1},
            {"id": 2, "a": 2},
            {"id": 3, "value": 5},
            {"id": 4, "value": [6]},
            {"id": 5, "a": 3},
        ],
        "my-posts": [{"id": 4}],
        "docs": [],
    }
    assert len(report.changes) == 7
    assert "posts[1] has the id '1' of posts[0]; its id is now 2" in report.changes
    assert [warning.partition(":")[0] for warning in report.warnings] == ["docs"]


def test_a_lenient_import_takes_a_list_as_one_resource() -> None:
    """Such files exist; the name of their resource is only in the code that reads them."""
    report = ImportReport(is_lenient=True)

    resources = import_resources(b'[{"id": 4, "n": 1}, 5]', NOW, report)

    assert {name: list(item.records.values()) for name, item in resources.items()} == {
        "items": [{"id": 4, "n": 1}, {"id": 5, "value": 5}]
    }
    assert report.changes[0] == "the file is a list; imported as the resource items"


def test_a_list_that_is_cut_short_is_refused() -> None:
    with pytest.raises(BadRequestError, match="character"):
        import_resources(b'[{"id": 4}] [', NOW, ImportReport(is_lenient=True))


TWICE = '{"posts": [{"id": 1, "n": 1}], "a b": [], "posts": [{"id": 2, "n": 2}], "tags": [5]}'


def test_a_resource_that_is_there_twice_is_refused_with_the_other_problems() -> None:
    with pytest.raises(BadRecordError) as refused:
        import_resources(TWICE.encode(), NOW)

    for place in ("posts is there twice", "'a b'", "tags[0]", "lenient"):
        assert place in refused.value.detail


def test_a_lenient_import_takes_the_last_of_two_resources() -> None:
    """So do JSON.parse and json-server, though without a word."""
    report = ImportReport(is_lenient=True)

    resources = import_resources(TWICE.encode(), NOW, report)

    assert list(resources["posts"].records.values()) == [{"id": 2, "n": 2}]
    assert "the resource posts is there twice; only the last one is imported" in report.changes


def test_a_new_name_is_not_the_name_of_another_resource() -> None:
    report = ImportReport(is_lenient=True)
    text = '{"my posts": [{"id": 1}], "my-posts": [{"id": 2}], "my.posts": [{"id": 3}]}'

    resources = import_resources(text.encode(), NOW, report)

    ids = {name: [*collection.records] for name, collection in resources.items()}
    assert ids == {"my-posts": ["2"], "my-posts-2": ["1"], "my-posts-3": ["3"]}


def test_only_scalars_are_for_editors() -> None:
    """`$schema` names a file; records below a name like that are data, and never left out."""
    with pytest.raises(BadRecordError, match=r"\$posts"):
        import_resources(b'{"$schema": "x.json", "$posts": [{"id": 1}]}', NOW)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_an_object_comes_back_as_it_was_imported(value: dict[str, Json]) -> None:
    """Whatever its fields are, `id` too: only the records of lists have an id of LARST."""
    text = json.dumps({"profile": value})

    records = import_resources(text.encode(), NOW)["profile"].records.values()

    assert value_of(list(records)) == value
