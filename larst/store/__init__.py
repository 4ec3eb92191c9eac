"""The store: the records of each session in memory, in a journal and in readable files.

Must never know a request: its arguments are records, ids and criteria.
"""

from __future__ import annotations

from larst.store.data_root import DataRoot
from larst.store.disk.disk_files import DiskFiles
from larst.store.disk.files import FileOps
from larst.store.disk.settings import StoredSettings
from larst.store.id_floors import IdFloors
from larst.store.io_threads import Threads
from larst.store.quota import Quota
from larst.store.records import CONTRACT, REPLIES
from larst.store.session_store import SessionStore
from larst.store.transaction import Transaction

__all__ = [
    "CONTRACT",
    "REPLIES",
    "DataRoot",
    "DiskFiles",
    "FileOps",
    "IdFloors",
    "Quota",
    "SessionStore",
    "StoredSettings",
    "Threads",
    "Transaction",
]
