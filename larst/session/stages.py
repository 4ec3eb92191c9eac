"""The stages that a session takes a request through, for the fast and the ordinary turn."""

from __future__ import annotations

from dataclasses import dataclass

from larst.actors import Clock
from larst.session.commits import RunCommits
from larst.session.contracts import SessionContract
from larst.session.execution import ProgramRunner
from larst.session.pipeline import Pipeline
from larst.session.proof import Proof
from larst.session.quota import SessionQuota
from larst.session.reader import RequestReader
from larst.store import SessionStore


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of one session, in their order, around its store; `quota` is that of tenants."""

    store: SessionStore
    pipeline: Pipeline
    clock: Clock
    reader: RequestReader
    programs: ProgramRunner
    proof: Proof
    contract: SessionContract
    quota: SessionQuota | None
    commits: RunCommits
