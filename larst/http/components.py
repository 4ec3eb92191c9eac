"""What an application is made of, and where its rooms find each other. Holds, and does nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from larst import actors
from larst.config import Settings
from larst.http.control.plans import PlanControl
from larst.http.control.sessions import SessionControl
from larst.http.ingress import Ingress
from larst.http.pages.api_docs import ApiPages
from larst.planning.planner import Planner
from larst.sandbox import Sandbox
from larst.session.actor import SessionReply, SessionRequest, StoreTask, StoreTaskResult
from larst.store import DataRoot
from larst.telemetry import Telemetry

MetricsPage = Callable[[str], tuple[bytes, str] | None]
"""Takes an Accept header, returns the metrics as text and its content type; None: they are off."""


@dataclass(frozen=True, slots=True)
class Components:
    """What an application is made of where it differs from the usual; tests put fakes here."""

    planner: Planner
    sandbox: Sandbox
    clock: actors.Clock | None = None
    telemetry: Telemetry = field(default_factory=Telemetry)
    metrics_page: MetricsPage | None = None


@dataclass(frozen=True, slots=True)
class RunningService:
    """The parts that live as long as the application."""

    root: DataRoot
    sandbox: Sandbox
    ingress: Ingress
    plans: PlanControl
    session_control: SessionControl
    api_pages: ApiPages
    sessions: actors.Supervisor[str, SessionRequest | StoreTask, SessionReply | StoreTaskResult]


RUNNING = web.AppKey("running", RunningService)
SETTINGS = web.AppKey("settings", Settings)
COMPONENTS = web.AppKey("parts", Components)
