"""A session's webhooks file: where its changes are sent, and how far each receiver is.

::

    .webhooks   {"audit":{"url":"http://127.0.0.1:9000/","secret":"whsec_…","after":"1c9f03ab-412.0"}}

It holds secrets, so exports, packs and snapshots do not have it. A position may be older than that
of the last delivery, and never newer: after a crash, some changes are sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from larst.domain import Criteria
from larst.store.disk.files import FileOps, put_in_place

WEBHOOKS = ".webhooks"


@dataclass(frozen=True, slots=True)
class StoredWebhook:
    """One webhook; `after` is the event that was delivered last, or the begin of it all.

    `resources`: all if empty. `disabled` is the reason why nothing is sent any more.
    """

    url: str
    secret: str
    resources: tuple[str, ...] = ()
    filter: Criteria = field(default_factory=dict)
    after: str = ""
    disabled: str | None = None


def encode_webhooks(webhooks: Mapping[str, StoredWebhook]) -> bytes:
    """Return the content of the file."""
    return orjson.dumps({name: _as_json(item) for name, item in webhooks.items()}) + b"\n"


def decode_webhooks(content: bytes | None) -> dict[str, StoredWebhook]:
    """Return the webhooks in a file, by name; of a file that does not exist, none.

    Raises:
        ValueError: it is not as LARST writes it.
    """
    if content is None:
        return {}
    value = orjson.loads(content)
    if not isinstance(value, dict):
        raise ValueError("it must hold an object")  # noqa: TRY004 - orjson raises ValueError, too
    return {name: _webhook(item) for name, item in value.items()}


def write_webhooks(
    files: FileOps, directory: Path, webhooks: Mapping[str, StoredWebhook], *, is_durable: bool
) -> None:
    """Replace the file in one step; without a directory, the session was erased.

    `is_durable`: also after a loss of power. Positions need not be.

    Raises:
        OSError: the old file or the new one is in place, each of them whole.
    """
    put_in_place(files, directory / WEBHOOKS, [encode_webhooks(webhooks)])
    if is_durable:
        files.sync_directory(directory)


def _as_json(webhook: StoredWebhook) -> dict[str, Any]:
    value: dict[str, Any] = {
        "url": webhook.url,
        "secret": webhook.secret,
        "resources": list(webhook.resources),
        "filter": dict(webhook.filter),
        "after": webhook.after,
        "disabled": webhook.disabled,
    }
    return {name: item for name, item in value.items() if item}


def _webhook(value: Any) -> StoredWebhook:
    if not isinstance(value, dict):
        raise ValueError("a webhook must be an object")  # noqa: TRY004 - as above
    resources, criteria = value.get("resources", []), value.get("filter", {})
    if not isinstance(resources, list) or not isinstance(criteria, dict):
        raise ValueError("resources must be a list, and filter an object")  # noqa: TRY004 - as above
    texts = {name: value.get(name, "") for name in ("url", "secret", "after", "disabled")}
    if not all(isinstance(text, str) for text in (*texts.values(), *resources)):
        raise ValueError("url, secret, after and disabled must be texts")
    return StoredWebhook(
        url=texts["url"],
        secret=texts["secret"],
        resources=tuple(resources),
        filter=criteria,
        after=texts["after"],
        disabled=texts["disabled"] or None,
    )
