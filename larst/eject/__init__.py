"""Writes the API of a session as an ordinary project: FastAPI, SQLite and tests, free of LARST.

Pure: an export and the plans of a session become a description, the description becomes files.
Must never read a session or a disk, and never write code that imports LARST.
"""

from __future__ import annotations

from larst.eject.cases import cases_of, sample_export
from larst.eject.custom import action_routes, alternatives
from larst.eject.description import Api, Omission
from larst.eject.frozen import frozen_api, package_name
from larst.eject.project import project_files
from larst.eject.replays import Answer, Case, Replay, Request

__all__ = [
    "Answer",
    "Api",
    "Case",
    "Omission",
    "Replay",
    "Request",
    "action_routes",
    "alternatives",
    "cases_of",
    "frozen_api",
    "package_name",
    "project_files",
    "sample_export",
]
