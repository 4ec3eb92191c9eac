"""The components of an application, and the keys that handlers get them by. Data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from larst import actors
from larst.config import Settings
from larst.http.control.cases import CaseControl
from larst.http.control.clocks import ClockControl
from larst.http.control.contracts import ContractControl
from larst.http.control.fakes import FakeControl
from larst.http.control.faults import FaultControl
from larst.http.control.login import LoginControl
from larst.http.control.packs import PackControl
from larst.http.control.plans import PlanControl
from larst.http.control.recordings import RecordingControl
from larst.http.control.requests import RequestControl
from larst.http.control.resources import ResourceControl
from larst.http.control.sessions import SessionControl
from larst.http.control.snapshots import SnapshotControl
from larst.http.control.teaching import TeachingControl
from larst.http.control.transfers import TransferControl
from larst.http.control.undoing import UndoControl
from larst.http.control.usage import UsageControl
from larst.http.control.webhooks import WebhookControl
from larst.http.pages.documents import SessionDocuments
from larst.http.readiness import Readiness
from larst.planning import Planner
from larst.sandbox import Sandbox
from larst.session import FolderWatch, SessionClient
from larst.telemetry import RequestLog, Telemetry
from larst.tokens import TokenSource

MetricsPage = Callable[[str], tuple[bytes, str] | None]
"""Takes an Accept header; returns the metrics and their content type, None if they are off."""


@dataclass(frozen=True, slots=True)
class Components:
    """The replaceable components of an application; tests pass fakes."""

    planner: Planner
    sandbox: Sandbox
    clock: actors.Clock = field(default_factory=actors.LoopClock)
    telemetry: Telemetry = field(default_factory=Telemetry)
    metrics_page: MetricsPage | None = None


@dataclass(frozen=True, slots=True)
class RunningService:
    """The objects that exist as long as the application runs."""

    readiness: Readiness
    folder_watch: FolderWatch
    plans: PlanControl
    teaching: TeachingControl
    cases: CaseControl
    undoing: UndoControl
    session_control: SessionControl
    usage: UsageControl
    transfers: TransferControl
    clocks: ClockControl
    contracts: ContractControl
    resources: ResourceControl
    snapshots: SnapshotControl
    fakes: FakeControl
    packs: PackControl
    requests: RequestControl
    recordings: RecordingControl
    faults: FaultControl
    webhooks: WebhookControl
    documents: SessionDocuments
    sessions: SessionClient


RUNNING = web.AppKey("running", RunningService)
SETTINGS = web.AppKey("settings", Settings)
COMPONENTS = web.AppKey("components", Components)
TOKENS = web.AppKey("tokens", TokenSource)
REQUEST_LOG = web.AppKey("request_log", RequestLog)
LOGIN = web.AppKey("login", LoginControl)
