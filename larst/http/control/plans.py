"""The control API for plans, below `/_larst/plans`: list, show, pin, reject, edit, delete.

An admin sees the plans of its own tenant. The operator, an admin of the default tenant, also sees
those of another one with `?tenant=`, and a plan that the operator pins serves all tenants. Must
never touch a session: it reads and changes only plan books, and cases run in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from aiohttp import web

from larst import prompts
from larst.domain import (
    DEFAULT_TENANT_NAME,
    CheckedProgram,
    Json,
    session_name,
    tenant_of,
)
from larst.errors import (
    BadRequestError,
    CaseFailedError,
    ForbiddenError,
    PlanNotFoundError,
    ProgramRefusedError,
)
from larst.http.control.guards import (
    choice_in_query,
    flag_in_query,
    json_body,
    number_in_query,
)
from larst.http.control.parameters import (
    FORCE,
    MAX_REASON_CHARACTERS,
    MIN_KEY_CHARACTERS,
    OF_TENANT,
    OFFSET,
    PLAN_LIMIT,
    PLAN_STATE,
)
from larst.http.keys import ACCESS
from larst.http.responses import json_response
from larst.planning import RULES
from larst.planning.book import BookEntry, PlanBook, PlanState, new_version
from larst.planning.book.cases import PlanCase, with_case
from larst.session import Tenants
from larst.session.cases import case_differences, case_of

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
        entries = [entry for entry in self.book(request).entries() if state in (None, entry.state)]
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
        tenant, entry = self.tenant(request), self.entry(request)
        own = [session_name(key) for key in entry.sessions if tenant_of(key) == tenant]
        same_shape = self.book(request).of_shape(entry.shape_key)
        versions: list[Json] = [summary(other) for other in same_shape if other.key != entry.key]
        facts = {
            "sessions": own,
            "has_older_prompt": has_older_prompt(entry),
            "versions": versions[:MAX_VERSIONS],
        }
        return json_response({**entry.model_dump(), **facts})

    async def pin(self, request: web.Request) -> web.Response:
        """Approve a plan: it is used from now on, whatever planner is configured.

        The latest run that was noted becomes a case of the plan.
        A plan of another tenant is copied to the plan book of the default one, and so serves all.

        Raises:
            PlanNotFoundError: no plan has that key, or several plans begin with it.
        """
        entry = self.entry(request)
        if self.tenant(request) == request[ACCESS].tenant.name:
            await self._keep_case(request, entry)
            return self._decide(request, "pinned", None)
        # The sessions and the records of the cases are the other tenant's.
        own = {"state": "pinned", "reason": None, "sessions": (), "cases": ()}
        pinned = entry.model_copy(update=own)
        self._tenants.plans(None).book.put(pinned)
        return json_response(summary(pinned))

    async def _keep_case(self, request: web.Request, entry: BookEntry) -> None:
        plans = self._tenants.plans(self.tenant(request))
        run = plans.pipeline.noted.get(entry.key)
        case = None if run is None else await case_of(plans.pipeline, entry.plan, run)
        if case is not None and (current := plans.book.get(entry.key)) is not None:
            cases = with_case(current.cases, case)
            plans.book.put(current.model_copy(update={"cases": cases}))

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
            CaseFailedError: it gives other replies than the plan's cases; `?force=true` drops those
                that fail.
        """
        source = _program(await json_body(request))
        entry = self.entry(request)
        plans = self._tenants.plans(self.tenant(request))
        try:
            program = plans.pipeline.check(source)
        except ProgramRefusedError as error:
            raise BadRequestError(f"the policy refuses the program: {error.detail}") from error
        passed = await self._passed(request, entry, program)
        version = new_version(entry, program, datetime.now(UTC)).model_copy(
            update={"cases": passed}
        )
        if version.key != entry.key:
            plans.book.set_state(entry.key, "rejected", "a user wrote a better version of it")
            plans.book.put(version)
        else:
            plans.book.set_state(entry.key, "pinned")
        return json_response(summary(version))

    async def _passed(
        self, request: web.Request, entry: BookEntry, program: CheckedProgram
    ) -> tuple[PlanCase, ...]:
        """Return the cases that a new program passes.

        Raises:
            CaseFailedError: it does not pass all, and must.
        """
        pipeline = self._tenants.plans(self.tenant(request)).pipeline
        passed: list[PlanCase] = []
        failures: list[str] = []
        for case in entry.cases:
            if missed := await case_differences(pipeline, entry.plan, program, case):
                failures.append(f"{case.request.text}: {'; '.join(missed)}")
            else:
                passed.append(case)
        if failures and not flag_in_query(request, FORCE):
            raise CaseFailedError(
                f"the program fails {len(failures)} of {len(entry.cases)} cases of the plan"
                f" ({' | '.join(failures)[:1000]}); correct it, or send ?force=true to drop them"
            )
        return tuple(passed)

    def add_pinned(self, entries: Iterable[BookEntry]) -> None:
        """Add plans that a user approved elsewhere, as a pack has them, for all tenants."""
        for entry in entries:
            self._tenants.plans(None).book.put(entry)

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a plan and its state; the next request of its shape is planned again.

        Raises:
            PlanNotFoundError: no plan has that key, or several plans begin with it.
        """
        self.book(request).remove(self.entry(request).key)
        return web.Response(status=204)

    def _decide(self, request: web.Request, state: PlanState, reason: str | None) -> web.Response:
        entry = self.book(request).set_state(self.entry(request).key, state, reason)
        return json_response(None if entry is None else summary(entry))

    def tenant(self, request: web.Request) -> str | None:
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

    def book(self, request: web.Request) -> PlanBook:
        """Return the plan book that a request is about."""
        return self._tenants.plans(self.tenant(request)).book

    def entry(self, request: web.Request) -> BookEntry:
        """Return the plan whose key, or the beginning of it, is in the path."""
        key = request.match_info["key"].lower()
        if len(key) < MIN_KEY_CHARACTERS:
            raise PlanNotFoundError(f"the key needs at least {MIN_KEY_CHARACTERS} digits")
        matches = [entry for entry in self.book(request).entries() if entry.key.startswith(key)]
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
        "cases": len(entry.cases),
        "method": entry.shape.get("method"),
        "path": entry.shape.get("path"),
        "query": entry.shape.get("query"),
        "action": entry.plan.action,
        "resource": entry.plan.resource,
        "planner": entry.planner,
        "has_older_prompt": has_older_prompt(entry),
        "model": entry.model,
        "uses": entry.uses,
        "attempts": entry.attempts,
        "tokens": entry.tokens,
        "cost_usd": entry.cost_usd,
        "made_at": entry.made_at,
        "last_used_at": entry.last_used_at,
    }


def has_older_prompt(entry: BookEntry) -> bool:
    """Return whether a model wrote the plan, with prompts that are not the current ones."""
    return entry.planner != RULES and entry.prompt_version != prompts.version()


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
