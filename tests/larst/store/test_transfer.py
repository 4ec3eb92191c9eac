"""A session as a stream: what goes out comes in again, whole or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larst.errors import BadRecordError, BadRequestError, BadResourceNameError
from larst.model import Json
from larst.store.collection import Collection
from larst.store.transfer import lines_of, resources_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def collection(*records: dict[str, Json], auto_id: int = 0) -> Collection:
    made = Collection({str(one["id"]): one for one in records}, auto_id=auto_id)
    made.complete(NOW)
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
    assert after["things"].learned == before["things"].learned
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
        ],
    )
    def test_what_cannot_be_kept_is_refused(self, text: str, error: type[Exception]) -> None:
        with pytest.raises(error):
            resources_of(text.encode(), NOW)
