"""A session: one actor that owns one client's data and takes its requests through the stages."""

from larst.session.actor import SessionActor
from larst.session.client import SessionClient
from larst.session.events import log_event
from larst.session.folder_watch import FolderWatch
from larst.session.gauges import observe_gauges
from larst.session.messages import (
    Answer,
    Message,
    ReplyMemo,
    SessionReply,
    SessionRequest,
    StoreTask,
)
from larst.session.pipeline import Pipeline
from larst.session.quota import SessionQuota
from larst.session.tenants import TenantPlans, Tenants

__all__ = [
    "Answer",
    "FolderWatch",
    "Message",
    "Pipeline",
    "ReplyMemo",
    "SessionActor",
    "SessionClient",
    "SessionQuota",
    "SessionReply",
    "SessionRequest",
    "StoreTask",
    "TenantPlans",
    "Tenants",
    "log_event",
    "observe_gauges",
]
