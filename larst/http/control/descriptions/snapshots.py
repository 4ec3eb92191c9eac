"""The routes of snapshots and of reset, described for the control API's document. Data."""

from __future__ import annotations

from collections.abc import Mapping

from larst import errors
from larst.http.control.descriptions.parts import (
    COUNTS,
    ID_ERRORS,
    SESSION_ERRORS,
    TEXT_OR_NULL,
    TIME,
    errors_of,
    json_of,
)
from larst.http.control.parameters import IN_SESSION, SNAPSHOT, TO_SNAPSHOT
from larst.openapi import ControlOperation, ControlReply
from larst.openapi.operations import schema_ref
from larst.openapi.schemas import COUNT, TEXT, Schema

SNAPSHOT_SCHEMA: Schema = {
    "type": "object",
    "required": ["name", "size_bytes", "saved_at"],
    "properties": {"name": TEXT, "size_bytes": COUNT, "saved_at": TIME},
}
SCHEMAS: Mapping[str, Schema] = {"Snapshot": SNAPSHOT_SCHEMA}
"""The schemas that the operations refer to, by name."""

_RESTORED: Schema = {
    "type": "object",
    "required": ["snapshot", "records", "resources"],
    "properties": {
        "snapshot": {**TEXT_OR_NULL, "description": "Null: the session has no data now."},
        "records": COUNT,
        "resources": COUNTS,
    },
}

_SNAPSHOTS: Schema = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": schema_ref("Snapshot")}},
}

_SNAPSHOT_ERRORS = (*ID_ERRORS, *SESSION_ERRORS, errors.BadRequestError)

_RESTORE_ERRORS = (
    *_SNAPSHOT_ERRORS,
    errors.SnapshotNotFoundError,
    errors.QuotaFullError,
    errors.DeadlineError,
)

RESET_SESSION = ControlOperation(
    "reset_session",
    "sessions",
    "Go back to a snapshot, to the file that the service was started with, or to no data",
    (ControlReply("What the session has now.", json_of(_RESTORED)),),
    (IN_SESSION, TO_SNAPSHOT),
    errors=errors_of(*_RESTORE_ERRORS),
)

LIST_SNAPSHOTS = ControlOperation(
    "list_snapshots",
    "snapshots",
    "List the snapshots of a session",
    (ControlReply("All snapshots, by name.", json_of(_SNAPSHOTS)),),
    (IN_SESSION,),
    errors=errors_of(*ID_ERRORS, *SESSION_ERRORS),
)

SAVE_SNAPSHOT = ControlOperation(
    "save_snapshot",
    "snapshots",
    "Save a snapshot of a session; it replaces one of its name",
    (ControlReply("The snapshot.", json_of(schema_ref("Snapshot"))),),
    (IN_SESSION, SNAPSHOT),
    errors=errors_of(*_SNAPSHOT_ERRORS, errors.QuotaFullError),
)

DELETE_SNAPSHOT = ControlOperation(
    "delete_snapshot",
    "snapshots",
    "Delete a snapshot",
    (ControlReply("The snapshot is deleted.", status=204),),
    (IN_SESSION, SNAPSHOT),
    errors=errors_of(*_SNAPSHOT_ERRORS, errors.SnapshotNotFoundError),
)

LOAD_SNAPSHOT = ControlOperation(
    "load_snapshot",
    "snapshots",
    "Replace all that a session has with a snapshot: all of it or nothing",
    (ControlReply("What the session has now.", json_of(_RESTORED)),),
    (IN_SESSION, SNAPSHOT),
    errors=errors_of(*_RESTORE_ERRORS),
)
