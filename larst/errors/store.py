"""Errors of the disk and its files: the operator of the machine can fix them."""

from __future__ import annotations

from larst.errors.base import LarstError


class StoreError(LarstError):
    """The operator of the machine can fix it."""


class DiskRefusedError(StoreError):
    """A write failed (full, read-only or broken disk); nothing was changed."""

    title = "disk refused the write"


class SessionDamagedError(StoreError):
    """Files of the session are corrupt; they were set aside, and nothing was overwritten."""

    title = "session damaged"


class DataRootTakenError(StoreError):
    """Another process serves this data root."""

    title = "data root taken"


class DataRootFormatError(StoreError):
    """The data root has a format that this LARST does not know; nothing was changed."""

    title = "data root format"
