"""Texts of forms and tables, typed by the schema of their resource."""

from __future__ import annotations

from typing import Any

import pytest

from larst.domain import Body, BodyKind, Json, Notation, Record
from larst.errors import BadRequestError
from larst.planning.reading.bodies import unwrapped
from larst.planning.reading.fields import Fields
from larst.planning.reading.form_values import FormValues, with_nested_names
from larst.planning.reading.preferences import preferences
from larst.planning.reading.request import fields_of
from tests.fakes import request
from tests.planning.sessions import answer_of, session_of, shaped_of


def _fields(**types: Any) -> Fields:
    properties = {
        name: kind if isinstance(kind, dict) else {"type": kind} for name, kind in types.items()
    }
    return Fields(frozenset(properties), {"type": "object", "properties": properties})


FIELDS = _fields(
    n="integer",
    x=["integer", "number", "null"],
    b="boolean",
    s="string",
    o=["string", "null"],
    mixed=["integer", "string"],
    tags={"type": "array", "items": {"type": "string"}},
    sizes={"type": "array", "items": {"type": "integer"}},
    meta={"type": "object", "properties": {"n": {"type": "integer"}}},
)


class TestForms:
    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("n", "7", 7),
            ("n", "-7", -7),
            ("n", " 7 ", 7),
            ("n", "0", 0),
            ("n", "18446744073709551615", 2**64 - 1),
            ("n", "007", "007"),
            ("n", "seven", "seven"),
            ("n", "٣", "٣"),
            ("n", "1_000", "1_000"),
            ("n", "", None),
            ("x", "1.50", 1.5),
            ("x", "1e3", 1000.0),
            ("x", "NaN", "NaN"),
            ("b", "true", True),
            ("b", "on", True),
            ("b", "FALSE", False),
            ("b", "0", False),
            ("b", "maybe", "maybe"),
            ("s", "7", "7"),
            ("s", "", ""),
            ("mixed", "7", "7"),
            ("new", "7", "7"),
            ("id", "7", 7),
            ("id", "seven", "seven"),
            ("tags", "a", ["a"]),
            ("tags", ["1", "2"], ["1", "2"]),
            ("sizes", ["1", "2"], [1, 2]),
            ("sizes", "3", [3]),
            ("meta", {"n": "1", "m": "2"}, {"n": 1, "m": "2"}),
            ("meta", '{"n":1}', {"n": 1}),
            ("meta", "{n", "{n"),
        ],
    )
    def test_a_text_becomes_what_its_field_holds(self, name: str, text: Json, value: Json) -> None:
        typed = FormValues(FIELDS, Notation.FORM).typed({name: text})

        assert typed == {name: value}
        assert type(typed[name]) is type(value)


class TestTables:
    def test_an_empty_cell_is_null_unless_the_field_holds_only_text(self) -> None:
        row: Record = dict.fromkeys(("n", "x", "b", "s", "o", "mixed", "tags", "new", "id"), "")

        typed = FormValues(FIELDS, Notation.CSV).table([row])

        assert typed == [{**dict.fromkeys(row), "s": ""}]

    def test_cells_are_typed_as_the_fields_of_a_form(self) -> None:
        row: Record = {"n": "1", "x": "1.5", "b": "false", "s": "2", "new": "3", "tags": '["a"]'}

        typed = FormValues(FIELDS, Notation.CSV).table([row, row])

        expected = {"n": 1, "x": 1.5, "b": False, "s": "2", "new": "3", "tags": ["a"]}
        assert typed == [expected, expected]

    def test_a_table_may_be_empty(self) -> None:
        assert FormValues(FIELDS, Notation.CSV).table([]) == []


class TestBodies:
    def test_json_is_never_typed(self) -> None:
        body = unwrapped(request("POST", "/a", b'{"n":"7"}'), "a", FIELDS, has_data=False)

        assert body.json == {"n": "7"}

    def test_the_lines_of_a_table_are_kept(self) -> None:
        write = request("POST", "/a", b"n\n1\n\n2\n", "text/csv")

        body = unwrapped(write, "a", FIELDS, has_data=False)

        assert (body.json, body.lines) == ([{"n": 1}, {"n": 2}], (2, 4))

    def test_a_merge_patch_is_one_operation_of_a_patch(self) -> None:
        headers = {"content-type": "application/merge-patch+json; charset=utf-8"}
        write = request("PATCH", "/a/1", b'{"n":null}', headers=headers)

        body = unwrapped(write, "a", FIELDS, has_data=False)

        assert body == Body(
            BodyKind.PATCH, json=[{"op": "merge", "path": "", "value": {"n": None}}]
        )

    def test_only_patch_merges(self) -> None:
        headers = {"content-type": "application/merge-patch+json"}
        write = request("PUT", "/a/1", b'{"n":null}', headers=headers)

        assert unwrapped(write, "a", FIELDS, has_data=False).kind is BodyKind.OBJECT

    def test_a_merge_patch_must_be_an_object(self) -> None:
        headers = {"content-type": "application/merge-patch+json"}
        with pytest.raises(BadRequestError):
            unwrapped(request("PATCH", "/a/1", b"[]", headers=headers), "a", FIELDS, has_data=False)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", {}),
        ("return=minimal", {"return": "minimal"}),
        ('Return = "Minimal"', {"return": "minimal"}),
        ("return=minimal, return=representation", {"return": "minimal"}),
        (
            "respond-async; wait=10,count=exact",
            {"respond-async": "", "wait": "10", "count": "exact"},
        ),
        ("x-return=minimal", {"x-return": "minimal"}),
    ],
)
def test_preferences_are_read_by_name(header: str, expected: dict[str, str]) -> None:
    assert preferences(header) == expected


RECORD: Record = {"id": 1, "author": {"name": "Ann", "home": {"city": "a", "zip": "1"}}, "n": 1}


class TestPartsOfObjects:
    """A form has one entry a leaf; the leaves that it does not name stay."""

    def _send(self, method: str, form: str, target: str = "/posts/1") -> Json:
        session = session_of({"posts": [RECORD]})
        kind = "application/x-www-form-urlencoded"
        assert answer_of(request(method, target, form.encode(), kind), session).status < 300
        return session.record("posts", "1")

    @pytest.mark.parametrize("form", ["author[home][city]=b", "author.home.city=b"])
    @pytest.mark.parametrize("target", ["/posts/1", "/posts?n=1", "/posts/1,2"])
    def test_a_patch_keeps_the_other_parts(self, form: str, target: str) -> None:
        author = {"name": "Ann", "home": {"city": "b", "zip": "1"}}
        assert self._send("PATCH", form, target) == {**RECORD, "author": author}

    def test_new_parts_are_added_and_typed(self) -> None:
        record = self._send("PATCH", "author[age]=3&n=5&tags[]=a&tags[]=b")
        author = {**RECORD["author"], "age": "3"}
        assert record == {"id": 1, "author": author, "n": 5, "tags": ["a", "b"]}

    def test_put_replaces_the_whole_record(self) -> None:
        record = self._send("PUT", "author.name=Ben&author.home.city=b")
        assert record == {"id": 1, "author": {"name": "Ben", "home": {"city": "b"}}}

    @pytest.mark.parametrize("name", ["title.en", "n.x", ".a", "author.", "author" + ".x" * 3000])
    def test_other_dotted_names_stay_names(self, name: str) -> None:
        assert with_nested_names({name: "q"}, fields_of_record(RECORD)) == {name: "q"}

    def test_json_replaces_the_whole_object(self) -> None:
        session = session_of({"posts": [RECORD]})
        answer_of(request("PATCH", "/posts/1", b'{"author": {"name": "Ben"}}'), session)
        assert session.record("posts", "1") == {**RECORD, "author": {"name": "Ben"}}


def fields_of_record(record: Record) -> Fields:
    return fields_of(session_of({"posts": [record]}), "posts")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"views=99999999999999999999", "application/x-www-form-urlencoded"),
        (b"id,views\n1,99999999999999999999", "text/csv"),
    ],
)
def test_a_number_that_cannot_be_kept_names_its_field(body: bytes, content_type: str) -> None:
    """The client sent no JSON."""
    session = session_of({"posts": [{"views": 1}]})
    write = request("POST", "/posts", body, content_type)

    with pytest.raises(BadRequestError, match=r"^views: the integer 9+ needs more than 64 bits"):
        shaped_of(write, session)
