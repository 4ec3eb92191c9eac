"""The data root: the directory of all sessions, locked by one process at a time.

A process that changes anything in it must hold the lock; only the one that serves it removes
directories of erased sessions.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from larst.domain import TENANT_MARK, TENANT_NAME, SessionKey, Tenant, session_name, tenant_of
from larst.errors import ConfigError
from larst.store.disk.disk_files import DiskFiles, make_private
from larst.store.disk.folders import SessionFolders
from larst.store.disk.permissions import report_permissions, tighten
from larst.store.disk.session_files import ERASED_PREFIX
from larst.store.io_threads import describe_os_error
from larst.store.root_format import FORMAT, check_format, mark_format
from larst.store.root_lock import RootLock

_PROBE_NAME = ".probe"
_PROBE = bytes(64 * 1024)
"""As large as the journal of some records: a disk with less room refuses most writes."""

_KEY_NAME = ".key"
_KEY_BYTES = 32
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_CLOCK_TICK_NS = 2_000_000_000
_SAFELY = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO would block
_MAKE = os.O_CREAT | _SAFELY


class DataRoot:
    """A locked data root; until `close`, other processes cannot serve it."""

    def __init__(self, path: Path, lock: RootLock) -> None:
        self.path = path
        self.folds_case = False
        self.folders = SessionFolders(path, lock.is_in_place)
        self._lock = lock
        self._scans: dict[str | None, tuple[int, list[str]]] = {}

    @classmethod
    def open(cls, path: Path) -> DataRoot:
        """Lock the directory to serve it; create it if missing, and remove erased sessions.

        A directory of an older format is marked as one of this format: its sessions are upgraded
        one by one, each with its next checkpoint.

        Raises:
            DataRootTakenError: another process holds it; names that process.
            DataRootFormatError: a newer LARST has written it; nothing was changed.
            OSError: the directory cannot be created or written.
        """
        if not path.exists():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(path)
        root = cls.open_existing(path)
        try:
            root._prepare()
        except BaseException:
            root.close()
            raise
        return root

    def _prepare(self) -> None:
        if check_format(self.path) < FORMAT:
            mark_format(self.path, DiskFiles())
        _sync_names(self.path)
        self.folds_case = _folds_case(self.path)
        report_permissions(tighten(self.path))
        for folder in (self.path, *(self.tenant_directory(tenant) for tenant in self.tenants())):
            for unfinished in folder.glob(f"{ERASED_PREFIX}*"):
                shutil.rmtree(unfinished, ignore_errors=True)
        self.folders.add_keys(self.session_keys())

    @classmethod
    def open_existing(cls, path: Path) -> DataRoot:
        """Lock an existing directory to change sessions in it; none is created or removed.

        Raises:
            DataRootTakenError, DataRootFormatError, OSError: as for `open`.
        """
        path = path.resolve()  # below it, no link is followed
        check_format(path)  # before the lock, which writes a file
        lock = RootLock.exclusive(path)
        try:
            check_format(path)  # another process may have upgraded it meanwhile
        except BaseException:
            lock.close()
            raise
        return cls(path, lock)

    @classmethod
    def open_read_only(cls, path: Path) -> DataRoot:
        """Keep other processes from serving the directory; it may be on a read-only disk.

        Raises:
            DataRootTakenError: another process serves it; names that process.
            DataRootFormatError: a newer LARST has written it.
            OSError: the directory cannot be read.
        """
        path = path.resolve()
        lock = RootLock.shared(path)
        try:
            check_format(path)
        except BaseException:
            lock.close()
            raise
        return cls(path, lock)

    def tenants(self) -> list[str]:
        """Return the names of the tenants that have a directory of their own, sorted; blocks."""
        return sorted(
            entry.name[1:]
            for entry in os.scandir(self.path)
            if entry.name.startswith(TENANT_MARK)
            and TENANT_NAME.fullmatch(entry.name[1:])
            and entry.is_dir(follow_symlinks=False)
        )

    def add_tenant(self, tenant: str) -> None:
        """Make the directory of a tenant, durably, unless it exists; blocks.

        Raises:
            OSError: it cannot be made, or a link or a file has its name.
        """
        directory = self.tenant_directory(tenant)
        with suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            _sync_names(self.path)
        if not stat.S_ISDIR(directory.lstat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "it is not a directory", str(directory))

    def tenant_directory(self, tenant: str | None) -> Path:
        """Return the directory of a tenant's sessions; None is the default tenant."""
        return self.path if tenant is None else self.path / f"{TENANT_MARK}{tenant}"

    def session_keys(self) -> list[SessionKey]:
        """Return the keys of the sessions of all tenants that have a directory; blocks."""
        keys = self.session_ids()
        for tenant in self.tenants():
            keys += map(Tenant(tenant).key_of, self.session_ids(tenant))
        return keys

    def session_ids(self, tenant: str | None = None) -> list[str]:
        """Return the names of a tenant's sessions that have a directory, sorted; blocks.

        Also of the sessions whose directory was removed while the service ran. Pages
        over many sessions share a scan while no directory is made or removed.
        """
        directory = self.tenant_directory(tenant)
        try:
            changed_ns = directory.stat().st_mtime_ns
        except FileNotFoundError:
            return sorted(self.folders.names(tenant))
        scanned_ns, ids = self._scans.get(tenant, (0, []))
        if changed_ns == scanned_ns:
            return list(ids)
        entries = (
            entry.name
            for entry in os.scandir(directory)
            if _SESSION_ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        )
        ids = sorted(self.folders.names(tenant).union(entries))
        # A change in the same tick of the file system's clock would not show.
        if time.time_ns() - changed_ns > _CLOCK_TICK_NS:
            self._scans[tenant] = (changed_ns, ids)
        return list(ids)

    def has_session(self, key: SessionKey) -> bool:
        """Return whether the session has a directory, or must have one; blocks.

        A link does not count.
        """
        if self.folders.has(key):
            return True
        try:
            return stat.S_ISDIR(self.session_directory(key).lstat().st_mode)
        except OSError:
            return False

    def session_directory(self, key: SessionKey) -> Path:
        """Return the path of the session's directory, which may not exist yet."""
        return self.tenant_directory(tenant_of(key)) / session_name(key)

    def secret_key(self) -> bytes:
        """Return the random key of this data root, made when it is first needed; blocks.

        Raises:
            ConfigError: its file is damaged.
            OSError: it cannot be read or made.
        """
        path = self.path / _KEY_NAME
        with suppress(FileNotFoundError):
            return _read_key(path)
        unfinished = self.path / f"{_KEY_NAME}.tmp"
        flags = os.O_WRONLY | os.O_TRUNC | _MAKE
        with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        _sync_names(self.path)
        return _read_key(path)

    def problem(self) -> str | None:
        """Return why nothing can be stored here now, for /readyz; None if it can; blocks.

        Writes a few blocks: on a full disk an empty file can still be made.
        """
        if not self._lock.is_in_place():
            return "it was removed or replaced"
        probe = self.path / _PROBE_NAME
        try:
            _write_probe(probe)
        except OSError as error:
            return describe_os_error(error)
        finally:
            with suppress(OSError):
                probe.unlink()
        return None

    def close(self) -> None:
        """Unlock the directory."""
        self._lock.close()

    def __enter__(self) -> DataRoot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _folds_case(path: Path) -> bool:
    """Return whether the disk takes names that differ in case only for one."""
    probe = path / _PROBE_NAME
    os.close(os.open(probe, os.O_WRONLY | _MAKE, 0o600))
    try:
        return probe.with_name(_PROBE_NAME.upper()).exists()
    finally:
        probe.unlink(missing_ok=True)


def _write_probe(path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_TRUNC | _MAKE, 0o600)
    try:
        data = memoryview(_PROBE)
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)  # some disks notice only now that they are full
    finally:
        os.close(file)


def _read_key(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | _SAFELY), "rb") as file:
        key = file.read(_KEY_BYTES + 1)
    if len(key) != _KEY_BYTES:
        raise ConfigError(
            f"{path} is damaged: restore it from a backup, or delete it; then sessions of tokens"
            " that name none begin with no data, under new names"
        )
    return key


def _sync_names(path: Path) -> None:
    """Make renames of a killed process durable, before a client sees a session as erased."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
