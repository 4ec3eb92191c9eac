"""A session as a stream: what goes out comes in again, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import ClassVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.domain import Json
from larst.errors import BadRecordError, BadRequestError, BadResourceNameError
from larst.store.collection import Collection
from larst.store.transfer.exporting import lines_of
from larst.store.transfer.importing import MAX_RESOURCES, resources_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def collection(*records: dict[str, Json], auto_id: int = 0) -> Collection:
    made = Collection({str(one["id"]): one for one in records}, auto_id=auto_id)
    made.derive_metadata(NOW)
    return made


def exported(**resources: Collection) -> bytes:
    return b"".join(lines_of(resources))


@given(
    st.lists(st.dictionaries(st.text(min_size=1, max_size=5).filter(lambda n: n != "id"), VALUES))
)
def test_what_goes_out_comes_in_again(fields: list[dict[str, Json]]) -> None:
    """Records, their order, the schema, and the ids that are never given out again."""
    records = [{"id": number, **one} for number, one in enumerate(fields, 1)]
    before = {"things": collection(*records, auto_id=len(records) + 7), "none": Collection()}

    after = resources_of(exported(**before), NOW)

    assert list(after["things"].records.values()) == records
    assert after["things"].auto_id == len(records) + 7
    assert after["things"].schema == before["things"].schema
    assert after["none"].records == {}


class TestAnExportThatIsNotWhole:
    WHOLE = exported(things=collection({"id": 1, "n": 1}, {"id": 2, "n": 2}))

    @pytest.mark.parametrize("cut", range(1, 9))
    def test_is_refused_wherever_it_is_cut(self, cut: int) -> None:
        """A download that broke off must not come in as a smaller session."""
        with pytest.raises(BadRequestError):
            resources_of(self.WHOLE[: -cut * len(self.WHOLE) // 9], NOW)

    def test_is_refused_where_something_was_changed(self) -> None:
        with pytest.raises(BadRequestError, match="checksum"):
            resources_of(self.WHOLE.replace(b'"n":1', b'"n":3'), NOW)

    def test_is_refused_where_another_version_wrote_it(self) -> None:
        with pytest.raises(BadRequestError, match="version 9"):
            resources_of(b'{"larst":"session","version":9}\n{"end":true}\n', NOW)


def forged(*lines: object) -> bytes:
    """Return an export with a checksum that is right, whatever its lines are."""
    head = {"larst": "session", "version": 1}
    body = b"".join(orjson.dumps(line) + b"\n" for line in (head, *lines))
    end = {"end": True, "records": 0, "sha256": hashlib.sha256(body).hexdigest()}
    return body + orjson.dumps(end) + b"\n"


def nested(levels: int) -> Json:
    return {"type": "array", "items": nested(levels - 1)} if levels else {"type": "null"}


class TestAnExportThatLarstDidNotWrite:
    """Taken in, it would break the session at some later request."""

    LEARNED: ClassVar[dict[str, Json]] = {
        "fields": ["id"],
        "example": {"id": 1},
        "updated_at": "2026-11-23T00:00:00+00:00",
        "json_schema": {
            "type": "object",
            "properties": {"id": {"type": "integer"}},
            "required": ["id"],
        },
    }

    def test_is_taken_where_it_could_have_been_written(self) -> None:
        head = {"resource": "a", "auto_id": 2**53 - 1, "schema": self.LEARNED}

        resources = resources_of(forged(head, {"record": {"id": 1}}), NOW)

        assert resources["a"].schema == self.LEARNED
        assert resources["a"].auto_id == 2**53 - 1

    @pytest.mark.parametrize("auto_id", [True, 1.0, "1", None, -1, 2**53, [], 10**30])
    def test_is_refused_with_an_auto_id_that_is_none(self, auto_id: Json) -> None:
        raw = forged({"resource": "a", "auto_id": "?", "schema": None})
        body = raw.replace(b'"?"', json.dumps(auto_id).encode()).rpartition(b'{"end"')[0]
        end = {"end": True, "sha256": hashlib.sha256(body).hexdigest()}

        with pytest.raises(BadRequestError):
            resources_of(body + json.dumps(end).encode(), NOW)

    @pytest.mark.parametrize(
        "change",
        [
            {"fields": [1]},
            {"fields": "id"},
            {"fields": [["id"]]},
            {"example": None},
            {"example": 5},
            {"updated_at": 5},
            {"json_schema": {}},
            {"json_schema": {"type": "integer"}},
            {"json_schema": {"type": "object", "properties": {}, "required": [1]}},
            {"json_schema": {"type": "object", "properties": {}, "required": [{}]}},
            {"json_schema": {"type": [{}], "properties": {}, "required": []}},
            {"json_schema": {"type": ["object", 5], "properties": {}, "required": []}},
            {"json_schema": {"type": "object", "properties": {"a": []}, "required": []}},
            {"json_schema": {"type": "object", "properties": {"a": {"x": 1}}, "required": []}},
            {
                "json_schema": {
                    "type": "object",
                    "properties": {"a": {"type": "string", "format": []}},
                    "required": [],
                }
            },
            {
                "json_schema": {
                    "type": "object",
                    "properties": {"a": nested(150)},
                    "required": [],
                }
            },
            {"json_schema": {"type": "object", "properties": {}, "required": [], "x": nested(210)}},
        ],
    )
    def test_is_refused_with_a_schema_that_is_none(self, change: dict[str, Json]) -> None:
        learned = {**self.LEARNED, **change}

        with pytest.raises(BadRequestError):
            resources_of(forged({"resource": "a", "auto_id": 1, "schema": learned}), NOW)

    @pytest.mark.parametrize("missing", ["fields", "example", "updated_at", "json_schema"])
    def test_is_refused_with_half_a_schema(self, missing: str) -> None:
        learned = {name: item for name, item in self.LEARNED.items() if name != missing}

        with pytest.raises(BadRequestError):
            resources_of(forged({"resource": "a", "auto_id": 1, "schema": learned}), NOW)

    @pytest.mark.parametrize(
        "lines",
        [
            [{"record": {"id": 1}}],
            [{"resource": "a", "auto_id": 0, "schema": None}, {"record": {"n": 1}}],
            [{"resource": "a", "auto_id": 0, "schema": None}, {"record": 5}],
            [{"resource": "a", "auto_id": 0, "schema": None}, {"other": 5}],
            [{"resource": "a", "auto_id": 0, "schema": None}, []],
            [{"resource": "a", "auto_id": 0}],
            [{"resource": "a/b", "auto_id": 0, "schema": None}],
            [
                {"resource": "a", "auto_id": 0, "schema": None},
                {"resource": "b", "auto_id": 0, "schema": None},
                {"resource": "a", "auto_id": 0, "schema": None},
            ],
        ],
    )
    def test_is_refused_with_lines_that_make_no_sense(self, lines: list[Json]) -> None:
        with pytest.raises(BadRequestError):
            resources_of(forged(*lines), NOW)

    def test_is_refused_with_more_resources_than_a_session_bears(self) -> None:
        heads = [
            {"resource": f"r{n}", "auto_id": 0, "schema": None} for n in range(MAX_RESOURCES + 1)
        ]

        assert len(resources_of(forged(*heads[:1000]), NOW)) == 1000
        with pytest.raises(BadRequestError, match="1000"):
            resources_of(forged(*heads), NOW)


class TestJsonServer:
    def test_a_db_json_is_taken_as_it_is(self) -> None:
        text = json.dumps(
            {
                "$schema": "./x.json",
                "posts": [{"id": "a1", "title": "A"}, {"id": 7, "title": "B"}, {"title": "C"}],
                "profile": {"name": "Ann"},
                "empty": [],
            },
            indent=2,
        )

        resources = resources_of(text.encode(), NOW)

        assert {name: list(one.records.values()) for name, one in resources.items()} == {
            "posts": [
                {"id": "a1", "title": "A"},
                {"id": 7, "title": "B"},
                {"id": 8, "title": "C"},
            ],
            "profile": [{"id": 1, "name": "Ann"}],
            "empty": [],
        }
        assert resources["posts"].auto_id == 8
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
            ('{"po/sts": []}', BadResourceNameError),
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
    def test_what_cannot_be_kept_is_refused(self, text: str, error: type[Exception]) -> None:
        with pytest.raises(error):
            resources_of(text.encode(), NOW)

    def test_numbers_stay_as_they_were_written(self) -> None:
        text = '{"n": [{"id": 9007199254740993, "a": 1.0, "b": 1e-7, "c": 18446744073709551615}]}'

        (record,) = resources_of(text.encode(), NOW)["n"].records.values()

        assert record == {"id": 2**53 + 1, "a": 1.0, "b": 1e-7, "c": 2**64 - 1}
        assert [type(value) for value in record.values()] == [int, float, float, int]

    @pytest.mark.parametrize("blank", ["", " ", "\n\t\r "])
    def test_blanks_and_a_byte_order_mark_are_nothing(self, blank: str) -> None:
        """Editors on Windows put the mark there."""
        text = "\ufeff{{'a':[{{'n':'☃'}},{{}}],'b':{{}}}}".replace("'", '"')
        text = text.format().replace("{", blank + "{" + blank).replace(",", blank + "," + blank)

        resources = resources_of((text + blank).encode(), NOW)

        assert list(resources["a"].records.values()) == [{"id": 1, "n": "☃"}, {"id": 2}]

    @given(st.lists(st.dictionaries(st.text(max_size=5).filter(lambda n: n != "id"), VALUES)))
    def test_any_records_come_in_as_one_parser_would_read_them(
        self, fields: list[dict[str, Json]]
    ) -> None:
        """Item by item or all at once: nobody can tell from the result."""
        for text in (json.dumps({"a": fields}), json.dumps({"a": fields}, ensure_ascii=False)):
            found = resources_of(text.encode(), NOW)["a"].records.values()

            assert list(found) == [{"id": n, **one} for n, one in enumerate(fields, 1)]
