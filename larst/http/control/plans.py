"""The control API for plans, below `/_larst/plans`: list, show, pin, reject, edit, delete.

An admin sees the plans of its own tenant. The operator, an admin of the default tenant, also sees
those of another one with `?tenant=`, and a plan that the operator pins serves all tenants. Must
never touch a session: it reads and changes only plan books.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from aiohttp import web

from larst.domain import DEFAULT_TENANT_NAME, Json, session_name, tenant_of
from larst.errors import BadRequestError, ForbiddenError, PlanNotFoundError, ProgramRefusedError
from larst.http.control.guards import choice_in_query, json_body, number_in_query
from larst.http.control.parameters import (
    MAX_REASON_CHARACTERS,
    MIN_KEY_CHARACTERS,
    OF_TENANT,
    OFFSET,
    PLAN_LIMIT,
    PLAN_STATE,
)
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.planning.book import BookEntry, PlanBook, PlanState, new_version
from larst.session import Tenants

MAX_VERSIONS = 100


class PlanControl:
    """Handles the requests below `/_larst/plans`."""

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants

    async def list(self, request: web.Request) -> web.Response:
        """Return a page of the plans, the most used first; `?state=` selects.

        Raises:
            BadRequestError: a query value is not allowed.
        """
        state = choice_in_query(request, PLAN_STATE)
        limit = number_in_query(request, PLAN_LIMIT)
        offset = number_in_query(request, OFFSET)
        entries = [entry for entry in self._book(request).entries() if state in (None, entry.state)]
        entries.sort(key=lambda entry: (-entry.uses, entry.made_at, entry.key))
        return json_response(
            {
                "items": [summary(entry) for entry in entries[offset : offset + limit]],
                "page": {"total": len(entries), "limit": limit, "offset": offset},
            }
        )

    async def show(self, request: web.Request) -> web.Response:
        """Return a plan with its program, and the other plans of its shape as its versions.

        Raises:
            PlanNotFoundError: no plan has that key, or several plans begin with it.
        """
        tenant, entry = self._tenant(request), self._entry(request)
        own = [session_name(key) for key in entry.sessions if tenant_of(key) == tenant]
        same_shape = self._book(request).of_shape(entry.shape_key)
        versions: list[Json] = [summary(other) for other in same_shape if other.key != entry.key]
        return json_response(
            {**entry.model_dump(), "sessions": own, "versions": versions[:MAX_VERSIONS]}
        )

    async def pin(self, request: web.Request) -> web.Response:
        """Approve a plan: it is used from now on, whatever planner is configured.

        A plan of another tenant is copied to the plan book of the default one, and so serves all.

        Raises:
            PlanNotFoundError: no plan has that key, or several plans begin with it.
        """
        entry = self._entry(request)
        if self._tenant(request) == request[ACCESS].tenant.name:
            return self._decide(request, "pinned", None)
        pinned = entry.model_copy(update={"state": "pinned", "reason": None, "sessions": ()})
        self._tenants.plans(None).book.put(pinned)
        return json_response(summary(pinned))

    async def reject(self, request: web.Request) -> web.Response:
        """Reject a plan: it is never used again, and the planner gets the reason.

        Raises:
            PlanNotFoundError: no plan has that key, or several plans begin with it.
            BadRequestError: the reason is missing or too long.
        """
        return self._decide(request, "rejected", _reason(await json_body(request)))

    async def put_program(self, request: web.Request) -> web.Response:
        """Replace the program of a plan by a user's own; the new version is pinned.

        The old version stays in the book as rejected, so that the two can be compared.

        Raises:
            PlanNotFoundError: no plan has that key, or several plans begin with it.
            BadRequestError: the body has no program, or the policy refuses it.
        """
        entry, source = self._entry(request), _program(await json_body(request))
        plans = self._tenants.plans(self._tenant(request))
        try:
            program = plans.pipeline.check(source)
        except ProgramRefusedError as error:
            raise BadRequestError(f"the policy refuses the program: {error.detail}") from error
        version = new_version(entry, program, datetime.now(UTC))
        if version.key != entry.key:
            plans.book.set_state(entry.key, "rejected", "a user wrote a better version of it")
            plans.book.put(version)
        else:
            plans.book.set_state(entry.key, "pinned")
        return json_response(summary(version))

    def add_pinned(self, entries: Iterable[BookEntry]) -> None:
        """Add plans that a user approved elsewhere, as a pack has them, for all tenants."""
        for entry in entries:
            self._tenants.plans(None).book.put(entry)

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a plan and its state; the next request of its shape is planned again.

        Raises:
            PlanNotFoundError: no plan has that key, or several plans begin with it.
        """
        self._book(request).remove(self._entry(request).key)
        return web.Response(status=204)

    def _decide(self, request: web.Request, state: PlanState, reason: str | None) -> web.Response:
        entry = self._book(request).set_state(self._entry(request).key, state, reason)
        return json_response(None if entry is None else summary(entry))

    def _tenant(self, request: web.Request) -> str | None:
        """Return the tenant whose plans a request is about: its own, or for the operator, any.

        Raises:
            ForbiddenError: it is another one, and the sender is not the operator.
            BadRequestError: no token names the tenant.
        """
        access, name = request[ACCESS], request.query.get(OF_TENANT.name)
        if name is None:
            return access.tenant.name
        tenant = None if name == DEFAULT_TENANT_NAME else name
        if tenant != access.tenant.name and not access.is_operator:
            raise ForbiddenError("an admin of a tenant sees the plans of that tenant only")
        if not self._tenants.is_open(tenant):
            raise BadRequestError(f"no token is of the tenant {name[:63]}")
        return tenant

    def _book(self, request: web.Request) -> PlanBook:
        return self._tenants.plans(self._tenant(request)).book

    def _entry(self, request: web.Request) -> BookEntry:
        """Return the plan whose key, or the beginning of it, is in the path."""
        key = request.match_info["key"].lower()
        if len(key) < MIN_KEY_CHARACTERS:
            raise PlanNotFoundError(f"the key needs at least {MIN_KEY_CHARACTERS} digits")
        matches = [entry for entry in self._book(request).entries() if entry.key.startswith(key)]
        if len(matches) > 1:
            raise PlanNotFoundError(f"{len(matches)} keys begin with {key[:64]}; add digits")
        if not matches:
            raise PlanNotFoundError(f"no key begins with {key[:64]}; GET /_larst/plans lists all")
        return matches[0]


def summary(entry: BookEntry) -> dict[str, Json]:
    """Return a plan as lists contain it: without its program."""
    return {
        "key": entry.key,
        "state": entry.state,
        "reason": entry.reason,
        "intent": entry.intent,
        "method": entry.shape.get("method"),
        "path": entry.shape.get("path"),
        "query": entry.shape.get("query"),
        "action": entry.plan.action,
        "resource": entry.plan.resource,
        "planner": entry.planner,
        "model": entry.model,
        "uses": entry.uses,
        "attempts": entry.attempts,
        "tokens": entry.tokens,
        "cost_usd": entry.cost_usd,
        "made_at": entry.made_at,
        "last_used_at": entry.last_used_at,
    }


def _program(body: Json) -> str:
    program = body.get("program") if isinstance(body, dict) else None
    if not isinstance(program, str) or not program.strip():
        raise BadRequestError('send the program: {"program": "REPLY = …"}')
    return program


def _reason(body: Json) -> str:
    reason = body.get("reason") if isinstance(body, dict) else None
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= MAX_REASON_CHARACTERS:
        raise BadRequestError(
            'send the reason, so that the planner can improve: {"reason": "…"}, at most'
            f" {MAX_REASON_CHARACTERS} characters"
        )
    return reason.strip()
