"""The records of one session in memory, and what can be asked of them.

Must never change a record, nor touch the disk: commits, loads and edits replace the records.
"""

from __future__ import annotations

from collections.abc import Callable

from larst.domain import Criteria, DataState, Json, Record, Standing
from larst.store.collection import Collection, RecordState
from larst.store.record_rules import NewId
from larst.store.records import is_hidden
from larst.store.schema.drift import MAX_DRIFTS, find_drifts
from larst.store.schema.vocabulary import vocabulary_of
from larst.store.searching import has_value, matching, position_of
from larst.store.session_rules import SessionRules
from larst.store.session_settings import SessionSettings
from larst.store.transaction import Transaction
from larst.store.work import Work

MAX_STATES = 50
"""The states of what a request read, beyond which its reply is not worth remembering."""

_MAX_ID_CHARACTERS = 80


class SessionData:
    """The resources of a session, empty until `install`.

    `work` is what the current message may do here. `generation` is a number that changes whenever
    the resources or their schemas do, and `state` that of everything but the records: each
    collection has a state of its own. Between `note_reads` and its end, `on_read` is called with
    the state of each record or collection that is read. `rules` has the settings of resources.
    """

    __slots__ = (
        "_settings",
        "_states_read",
        "generation",
        "on_read",
        "resources",
        "rules",
        "state",
        "work",
    )

    def __init__(self, settings: SessionSettings, work: Work, new_id: NewId) -> None:
        self.resources: dict[str, Collection] = {}
        self.work = work
        self.generation = 0
        self.state = DataState()
        self.on_read: Callable[[Standing], None] | None = None
        self.rules = SessionRules(settings, new_id)
        self._settings = settings
        self._states_read: list[Standing] = []

    def install(self, resources: dict[str, Collection]) -> None:
        """Replace all resources."""
        self.change()
        self.resources = resources

    def change(self) -> None:
        """Note that resources or schemas change."""
        self.generation += 1
        self.rules.forget_expiry()
        self.state = self.state.replaced()

    def note_reads(self, *, is_on: bool) -> None:
        """Begin to note the states of all that is read, for `states_read`; or stop noting."""
        self.on_read = self._note if is_on else None
        if self._states_read:
            self._states_read = []

    def states_read(self) -> tuple[Standing, ...] | None:
        """Return the states of all that was read; None if they do not say when it changes next.

        That is so if they are too many, and if records expire.
        """
        states = self._states_read
        if self.on_read is None or len(states) > MAX_STATES or self.rules.has_expiry:
            return None
        return (self.state, self._settings.state, *states)

    def names(self) -> list[str]:
        """Return the names of all resources, sorted."""
        return sorted(name for name in self.resources if not is_hidden(name))

    def has_record(self, resource: str, id: str) -> bool:
        """Return whether the record exists."""
        return self.record(resource, id) is not None

    def record(self, resource: str, id: str) -> Record | None:
        """Return the stored record, or None; the caller must not change it."""
        collection = self.resources.get(resource)
        if collection is None:
            return None
        record = collection.records.get(id)
        if self.on_read is not None:
            self.on_read(RecordState(collection, id, record))
        return record

    def first_id(self, resource: str) -> str | None:
        """Return the id of the oldest record, or None."""
        collection = self._read(resource)
        return None if collection is None else next(iter(collection.records), None)

    def schema(self, resource: str) -> Json | None:
        """Return the learned schema, as in `.schemas/<resource>.json`, or None."""
        collection = self.resources.get(resource)
        return None if collection is None else collection.schema

    def fields(self, resource: str) -> frozenset[str]:
        """Return all top-level fields that records of the resource have had."""
        collection = self.resources.get(resource)
        return frozenset() if collection is None else collection.fields

    def vocabulary(self, resource: str) -> dict[str, list[str]]:
        """Return the values of text fields that have few different ones, such as states."""
        collection = self._read(resource)
        return {} if collection is None else vocabulary_of(collection.records.values())

    def has_value(self, resource: str, field: str, text: str) -> bool:
        """Return whether a record has exactly this text in this field, alone or in a list."""
        collection = self._read(resource)
        return collection is not None and has_value(collection, field, text, self.work)

    def matching(self, resource: str, criteria: Criteria) -> list[Record]:
        """Return the records of a resource that meet the criteria, as they are stored."""
        collection = self._read(resource)
        return [] if collection is None else list(matching(collection, criteria, self.work))

    def position_of(
        self, resource: str, criteria: Criteria, sort: str | None, id: str
    ) -> int | None:
        """Return the place of a record in the sorted list of matches; None if it is not there."""
        collection = self._read(resource)
        if collection is None:
            return None
        return position_of(collection, criteria, sort, id, self.work)

    def counts(self) -> dict[str, int]:
        """Return the number of records of each resource."""
        return {name: len(self.resources[name].records) for name in self.names()}

    def snapshot(self) -> dict[str, Collection]:
        """Return a copy of all resources that later changes do not affect."""
        return {name: self.resources[name].snapshot() for name in self.names()}

    def find_drifts(self, transaction: Transaction) -> list[str]:
        """Return how written records differ from the schemas learned before the transaction.

        The first write of a resource defines its schema, so it cannot differ.
        """
        drifts: list[str] = []
        for name, change in transaction.changes().items():
            schema = self.schema(name)
            if schema is None or is_hidden(name):
                continue
            for stored in change.put:
                record = self.rules.without_own_fields(name, stored, schema["json_schema"])
                # In ASCII: a client chose the id, and the drifts may be sent in a header.
                record_id = ascii(str(record["id"])[:_MAX_ID_CHARACTERS])[1:-1]
                differences = find_drifts(schema["json_schema"], record)
                drifts += [f"{name}/{record_id}: {difference}" for difference in differences]
                if len(drifts) >= MAX_DRIFTS:
                    return drifts[:MAX_DRIFTS]
        return drifts

    def _read(self, resource: str) -> Collection | None:
        collection = self.resources.get(resource)
        if collection is not None and self.on_read is not None:
            self.on_read(collection.state)
        return collection

    def _note(self, state: Standing) -> None:
        if len(self._states_read) <= MAX_STATES:
            self._states_read.append(state)
