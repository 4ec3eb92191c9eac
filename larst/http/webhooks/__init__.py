"""Webhooks: the committed changes of sessions, sent to the addresses that their admins name."""

from __future__ import annotations

from larst.http.webhooks.addresses import Receivers
from larst.http.webhooks.files import WebhookFiles
from larst.http.webhooks.sender import Sender
from larst.http.webhooks.service import WebhookService

__all__ = ["Receivers", "Sender", "WebhookFiles", "WebhookService"]
