"""Enforces the settings of a resource on the records that one transaction writes.

Must never change a record that is stored: it completes and checks those that are about to be.
"""

from __future__ import annotations

import copy
import re
import secrets
import string
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import uuid4

from larst.domain import Json, Record, RecordId
from larst.errors import FieldRefusedError, ValueTakenError
from larst.store.collection import Collection
from larst.store.query.comparing import MISSING
from larst.store.query.criteria import field_value
from larst.store.query.unique_values import unique_token
from larst.store.records import key_of
from larst.store.resource_settings import IdKind, ResourceSettings
from larst.store.work import Work

NewId: TypeAlias = Callable[[IdKind], str]
"""Returns a new id of a kind that is a text."""

Overlay: TypeAlias = Mapping[str, Record | None]
"""The stored records that a transaction has changed so far; None: deleted."""

_NANOID = string.ascii_letters + string.digits + "_-"
_NANOID_CHARACTERS = 21
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NANOIDS = re.compile(rf"[A-Za-z0-9_-]{{{_NANOID_CHARACTERS}}}")
_MAX_SHOWN = 80


def random_id(kind: IdKind) -> str:
    """Return a random id of a kind that is a text."""
    if kind == "uuid":
        return str(uuid4())
    return "".join(secrets.choice(_NANOID) for _ in range(_NANOID_CHARACTERS))


def as_timestamp(instant: datetime) -> str:
    """Return an instant as timestamps have it: in UTC, with milliseconds, as in JavaScript."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return f"{text.removesuffix('+00:00')}Z"


def expiry_of(record: Record, field: str) -> datetime | None:
    """Return when a record expires; None: never."""
    value = record.get(field)
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


class RecordRules:
    """The settings of one resource, for the writes of one transaction.

    `now` dates the written records; None: the records keep their own times.
    """

    def __init__(
        self,
        name: str,
        settings: ResourceSettings,
        base: Collection,
        now: datetime | None,
        new_id: NewId,
    ) -> None:
        self._name = name
        self._settings = settings
        self._base = base
        self._now = now
        self._new_id = new_id
        self._own: dict[str, dict[Hashable, str]] = {field: {} for field in settings.unique}

    def prepare(self, work: Work) -> None:
        """Build what the checks need, before anything is written.

        Raises:
            LeaveLoopError, ProgramTimeoutError: see `Work.spend`.
        """
        if self._own:
            self._base.uniques.require(self._settings.unique, self._base.records, work)

    def new_id(self) -> str | None:
        """Return an id for a new record; None: the next number."""
        kind = self._settings.id
        return None if kind is None or kind == "integer" else self._new_id(kind)

    def completed(self, record: Record) -> Record:
        """Return a new record with its defaults and times."""
        settings, now = self._settings, self._now
        if now is None:
            return record
        completed = self.with_defaults(record)
        completed.update((field, as_timestamp(now)) for field in settings.stamped)
        ttl_s = settings.ttl_s
        if settings.expiry is not None and ttl_s is not None:
            completed.setdefault(settings.expiry, _after(now, ttl_s))
        return completed

    def continued(self, record: Record, current: Record) -> Record:
        """Return the record that takes the place of `current`, with its times."""
        settings, now = self._settings, self._now
        if now is None:
            return record
        continued = self.with_defaults(record)
        if settings.created is not None:
            continued[settings.created] = current.get(settings.created, as_timestamp(now))
        if settings.updated is not None:
            continued[settings.updated] = as_timestamp(now)
        if settings.expiry is not None and settings.expiry in current:
            continued.setdefault(settings.expiry, current[settings.expiry])
        return continued

    def check_new(self, record: Record, identifier: RecordId | None, overlay: Overlay) -> None:
        """Check a new record; `identifier` is that of its client, who may have sent none.

        Raises:
            FieldRefusedError, ValueTakenError: as in `check`; or the id is not of the right kind.
        """
        if identifier is not None:
            check_id(self._name, self._settings.id, identifier)
        place = self._name if identifier is None else f"{self._name}/{identifier!s:.80}"
        self._check(place, record, None, overlay)

    def check(self, record: Record, overlay: Overlay) -> None:
        """Check a record that replaces another against its fields and the other records.

        Raises:
            FieldRefusedError: a required field is missing or null, or an expiry is not an instant.
            ValueTakenError: another record has the value of a unique field.
        """
        place = f"{self._name}/{record['id']!s:.80}"
        self._check(place, record, key_of(record["id"]), overlay)

    def note(self, key: str, old: Record | None, new: Record | None) -> None:
        """Note what the transaction has written, or deleted, for its later checks."""
        for field, own in self._own.items():
            if old is not None:
                token = unique_token(field_value(old, field))
                if own.get(token) == key:
                    del own[token]
            if new is not None and (token := unique_token(field_value(new, field))) is not None:
                own[token] = key

    def with_defaults(self, record: Record) -> Record:
        """Return a record with the defaults of the fields that it lacks."""
        defaults = self._settings.defaults.items()
        missing = {name: value for name, value in defaults if name not in record}
        return {**record, **copy.deepcopy(missing)}

    def _check(self, place: str, record: Record, key: str | None, overlay: Overlay) -> None:
        _check_fields(place, self._settings, record)
        for field in self._own:
            value = field_value(record, field)
            holder = self._holder(field, unique_token(value), value, key, overlay)
            if holder is not None:
                raise taken(self._name, holder, field, value)

    def _holder(
        self, field: str, token: Hashable | None, value: Json, key: str | None, overlay: Overlay
    ) -> str | None:
        """Return the key of another record that has the value, or None."""
        if token is None:
            return None
        if (own := self._own[field].get(token)) is not None and own != key:
            return own
        for other in self._base.uniques.keys_with(field, value):
            if other == key or other in overlay:
                continue
            if unique_token(field_value(self._base.records[other], field)) == token:
                return other
        return None


def check_id(name: str, kind: IdKind | None, identifier: RecordId) -> None:
    """Check the id that a client gives a new record.

    Raises:
        FieldRefusedError: it is not of the kind that was declared.
    """
    if kind is None:
        return
    if kind == "integer":
        is_right = isinstance(identifier, int)
    else:
        pattern = _UUID if kind == "uuid" else _NANOIDS
        is_right = isinstance(identifier, str) and bool(pattern.fullmatch(identifier))
    if not is_right:
        raise FieldRefusedError(
            f"{name}: id must be of the kind {kind}, which {identifier!r:.80} is not;"
            " leave it out to get one"
        )


def check_records(name: str, settings: ResourceSettings, records: Iterable[Record]) -> None:
    """Check all records of a resource, such as those of an import; their times stay as they are.

    Raises:
        FieldRefusedError, ValueTakenError: as in `RecordRules.check`.
    """
    holders: dict[tuple[str, Hashable], str] = {}
    for record in records:
        _check_fields(f"{name}/{record['id']!s:.80}", settings, record)
        for field in settings.unique:
            value = field_value(record, field)
            if (token := unique_token(value)) is None:
                continue
            key = key_of(record["id"])
            holder = holders.setdefault((field, token), key)
            if holder != key:
                raise taken(name, holder, field, value, other=key)


def taken(
    name: str, holder: str, field: str, value: Json, *, other: str | None = None
) -> ValueTakenError:
    """Return the error that a record has the value of a unique field already."""
    both = f"{name}/{holder:.80}" + ("" if other is None else f" and {name}/{other:.80}")
    verb = "has" if other is None else "both have"
    return ValueTakenError(
        f"{both} {verb} the {field} {_shown(value)}; {field} is unique in {name}, so use another"
        " value"
    )


def _check_fields(place: str, settings: ResourceSettings, record: Record) -> None:
    for field in settings.required:
        value = field_value(record, field)
        if value is MISSING or value is None:
            raise FieldRefusedError(f"{place}: {field} is required; send a value that is not null")
    field = settings.expiry or ""
    if record.get(field) is not None and expiry_of(record, field) is None:
        raise FieldRefusedError(
            f"{place}: {field} must be null or an instant in ISO 8601, such as 2026-03-29T01:00:00Z"
        )


def _after(now: datetime, ttl_s: float) -> str | None:
    try:
        return as_timestamp(now + timedelta(seconds=ttl_s))
    except OverflowError:
        return None  # beyond the year 9999: never


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
