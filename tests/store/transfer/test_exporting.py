"""An export can be imported, whole or not at all."""

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
from larst.errors import BadRequestError
from larst.store.collection import Collection
from larst.store.transfer.exporting import export_lines
from larst.store.transfer.importing import MAX_RESOURCES, import_resources

NOW = datetime(2026, 11, 23, tzinfo=UTC)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def collection(*records: dict[str, Json], next_id: int = 1) -> Collection:
    result = Collection({str(record["id"]): record for record in records}, next_id=next_id)
    result.derive_metadata(NOW)
    return result


def exported(**resources: Collection) -> bytes:
    return b"".join(export_lines(resources))


FIELDS = st.text(min_size=1, max_size=5).filter(lambda name: name != "id")


@given(st.lists(st.dictionaries(FIELDS, VALUES, max_size=4), max_size=6))
def test_an_export_is_imported_unchanged(fields: list[dict[str, Json]]) -> None:
    """Records, their order, the schema, and the next id: no id is given out twice."""
    records = [{"id": number, **record} for number, record in enumerate(fields, 1)]
    before = {"things": collection(*records, next_id=len(records) + 7), "none": Collection()}

    after = import_resources(exported(**before), NOW)

    assert list(after["things"].records.values()) == records
    assert after["things"].next_id == len(records) + 7
    assert after["things"].schema == before["things"].schema
    assert after["none"].records == {}


class TestDamagedExports:
    WHOLE = exported(things=collection({"id": 1, "n": 1}, {"id": 2, "n": 2}))

    @pytest.mark.parametrize("cut", range(1, 9))
    def test_an_export_cut_anywhere_is_refused(self, cut: int) -> None:
        """An interrupted download must not be imported as a smaller session."""
        with pytest.raises(BadRequestError):
            import_resources(self.WHOLE[: -cut * len(self.WHOLE) // 9], NOW)

    def test_a_changed_export_is_refused(self) -> None:
        with pytest.raises(BadRequestError, match="checksum"):
            import_resources(self.WHOLE.replace(b'"n":1', b'"n":3'), NOW)

    def test_an_export_of_a_newer_version_is_refused(self) -> None:
        with pytest.raises(BadRequestError, match="version 9"):
            import_resources(b'{"larst":"session","version":9}\n{"end":true}\n', NOW)


def forged(*lines: object, version: int = 2) -> bytes:
    """Return an export of these lines with a correct checksum."""
    head = {"larst": "session", "version": version}
    body = b"".join(orjson.dumps(line) + b"\n" for line in (head, *lines))
    end = {"end": True, "records": 0, "sha256": hashlib.sha256(body).hexdigest()}
    return body + orjson.dumps(end) + b"\n"


def nested(levels: int) -> Json:
    return {"type": "array", "items": nested(levels - 1)} if levels else {"type": "null"}


class TestVersion1:
    """Exports of LARST 0.1: `auto_id` is the last id given out."""

    def test_the_next_id_follows_the_last_one(self) -> None:
        head = {"resource": "users", "auto_id": 3, "schema": None}

        resources = import_resources(forged(head, {"record": {"id": 1}}, version=1), NOW)

        assert resources["users"].next_id == 4
        assert resources["users"].records == {"1": {"id": 1}}

    def test_a_resource_without_ids_begins_with_1(self) -> None:
        head = {"resource": "users", "auto_id": 0, "schema": None}

        assert import_resources(forged(head, version=1), NOW)["users"].next_id == 1

    def test_after_the_last_number_none_is_given_out(self) -> None:
        head = {"resource": "users", "auto_id": 2**53 - 1, "schema": None}

        assert import_resources(forged(head, version=1), NOW)["users"].next_id == 2**53

    def test_a_record_beyond_the_last_id_counts(self) -> None:
        head = {"resource": "users", "auto_id": 1, "schema": None}

        resources = import_resources(forged(head, {"record": {"id": 5}}, version=1), NOW)

        assert resources["users"].next_id == 6


class TestForgedExports:
    """Imported, each of them would break the session at a later request."""

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

    def test_a_plausible_export_is_imported(self) -> None:
        head = {"resource": "a", "auto_id": 2**53, "schema": self.LEARNED}

        resources = import_resources(forged(head, {"record": {"id": 1}}), NOW)

        assert resources["a"].schema == self.LEARNED
        assert resources["a"].next_id == 2**53

    @pytest.mark.parametrize("auto_id", [True, 1.0, "1", None, -1, 2**53 + 1, [], 10**30])
    def test_a_wrong_auto_id_is_refused(self, auto_id: Json) -> None:
        raw = forged({"resource": "a", "auto_id": "?", "schema": None})
        body = raw.replace(b'"?"', json.dumps(auto_id).encode()).rpartition(b'{"end"')[0]
        end = {"end": True, "sha256": hashlib.sha256(body).hexdigest()}

        with pytest.raises(BadRequestError):
            import_resources(body + json.dumps(end).encode(), NOW)

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
    def test_a_wrong_schema_is_refused(self, change: dict[str, Json]) -> None:
        learned = {**self.LEARNED, **change}

        with pytest.raises(BadRequestError):
            import_resources(forged({"resource": "a", "auto_id": 1, "schema": learned}), NOW)

    @pytest.mark.parametrize("missing", ["fields", "example", "updated_at", "json_schema"])
    def test_half_a_schema_is_refused(self, missing: str) -> None:
        learned = {name: item for name, item in self.LEARNED.items() if name != missing}

        with pytest.raises(BadRequestError):
            import_resources(forged({"resource": "a", "auto_id": 1, "schema": learned}), NOW)

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
    def test_lines_in_a_wrong_order_or_form_are_refused(self, lines: list[Json]) -> None:
        with pytest.raises(BadRequestError):
            import_resources(forged(*lines), NOW)

    def test_too_many_resources_are_refused(self) -> None:
        heads = [
            {"resource": f"r{n}", "auto_id": 0, "schema": None} for n in range(MAX_RESOURCES + 1)
        ]

        assert len(import_resources(forged(*heads[:1000]), NOW)) == 1000
        with pytest.raises(BadRequestError, match="1000"):
            import_resources(forged(*heads), NOW)
