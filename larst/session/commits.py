"""What becomes of a program's run: its changes are committed, and its reply is completed.

Must never commit a run that its caller has not held against the rules for effects.
"""

from __future__ import annotations

from collections.abc import Sequence

from larst.actors import OutputGate
from larst.config import SchemaMode
from larst.planning import RULES, ReadyPlan
from larst.planning.shapes import ShapedRequest
from larst.session.execution import ProgramRun
from larst.session.messages import SessionReply
from larst.session.noted_changes import note_changes
from larst.session.replies import drifts_of, program_reply
from larst.session.serving import record_route
from larst.store import SessionStore, Transaction
from larst.telemetry import RequestTrace, current_request


class RunCommits:
    """Commits the runs of a session's programs; the gate holds their replies until then."""

    __slots__ = ("_gate", "_schema_mode", "_store")

    def __init__(self, store: SessionStore, gate: OutputGate, schema_mode: SchemaMode) -> None:
        self._store = store
        self._gate = gate
        self._schema_mode = schema_mode

    async def apply(self, run: ProgramRun, ready: ReadyPlan) -> list[str]:
        """Apply the changes of a successful program, in a thread if they are large.

        Returns how the records differ from the learned schema.

        Raises:
            SchemaBrokenError: they differ, and must not.
        """
        if run.reply.status >= 400 or not run.transaction.is_large:
            return self.apply_now(run, ready)
        self._note_changes(run.transaction)
        has_changes, drifts = await self._store.commits.commit_large(
            run.transaction, self._drifts, _undo_key(ready)
        )
        if has_changes:
            self._gate.mark()
        return drifts

    def apply_now(self, run: ProgramRun, ready: ReadyPlan) -> list[str]:
        """Apply changes as `apply` does, here."""
        if run.reply.status >= 400:
            return []
        drifts = self._drifts(run.transaction)
        self._note_changes(run.transaction)
        if self._store.commits.commit(run.transaction, _undo_key(ready)):
            self._gate.mark()
        return drifts

    def reply(
        self,
        trace: RequestTrace,
        shaped: ShapedRequest,
        ready: ReadyPlan,
        run: ProgramRun,
        drifts: Sequence[str],
    ) -> SessionReply:
        """Return the reply of a program whose changes are applied."""
        if run.reply.status < 400:
            if shaped.reading.teaches and ready.plan.resource in self._store.data.resources:
                self._learn_dialect(shaped)
            if trace.route is None:
                record_route(trace, self._store.data.resources, shaped, ready)
                if trace.route is None and ready.maker.planner != RULES:
                    # A model planned it. The rules answer any path that reads like a resource.
                    trace.route = shaped.shape.route
        trace.begin_commit()
        return program_reply(self._store, shaped, ready, run.reply, run.binding, drifts)

    def _note_changes(self, transaction: Transaction) -> None:
        request = current_request()
        if request is not None and request.details is not None:
            note_changes(request.details, self._store, transaction)

    def _drifts(self, transaction: Transaction) -> list[str]:
        if self._schema_mode == "learn":
            return []
        return drifts_of(self._store, transaction, self._schema_mode)

    def _learn_dialect(self, shaped: ShapedRequest) -> None:
        """Remember the dialect that a strong mark showed, for requests that show none."""
        self._store.settings.learn_dialect(shaped.reading.dialect.name)
        self._gate.mark()


def _undo_key(ready: ReadyPlan) -> str | None:
    """Return the key under which a user may take a run back; None: the rules' need no undo."""
    return None if ready.maker.planner == RULES else ready.key
