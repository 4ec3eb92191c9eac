"""The contract of a session: an API document that describes requests to its planner, and replies.

It is a record of a hidden collection, so the journal keeps it like any other. Must never put a
value of a reply into a deviation: they go into a header, into the log, and to models.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias, get_args

import orjson

from larst.contract import Contract, Operation, ReplySchema, read_contract, seeds_of
from larst.domain import Json, Record, Reply, RequestContext
from larst.errors import BadRequestError, ContractBrokenError
from larst.planning.rules.certainty import is_certain
from larst.planning.shapes import ShapedRequest
from larst.store import CONTRACT, SessionStore, Transaction
from larst.telemetry import current_request

ContractMode: TypeAlias = Literal["warn", "enforce"]
CONTRACT_MODES: tuple[ContractMode, ...] = get_args(ContractMode)

_KEY = "contract"
_CLIENT_ERROR = 400

_log = logging.getLogger("larst.contract")


@dataclass(frozen=True, slots=True)
class StoredContract:
    """A contract, its mode, and the document that it was read from, as JSON text."""

    mode: ContractMode
    document: str
    contract: Contract


class SessionContract:
    """The contract of one session, read when it is first needed."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._record: Record | None = None
        self._current: StoredContract | None = None

    @property
    def exists(self) -> bool:
        """Whether the session has a contract: a few lookups, for every request."""
        return CONTRACT in self._store.data.resources and self._stored() is not None

    async def with_operation(self, shaped: ShapedRequest, request: RequestContext) -> ShapedRequest:
        """Return the request with what the contract says, unless the rules read it for certain."""
        if not self.exists or is_certain(
            shaped.shape, shaped.path, lambda name: shaped.schema_of(name) is not None
        ):
            return shaped
        current = await self.current()
        operation = None if current is None else _operation(current, request)
        return shaped if operation is None else shaped.with_operation(operation.knowledge)

    async def check(self, request: RequestContext, present: Callable[[], Reply]) -> tuple[str, ...]:
        """Return how a reply deviates from the contract; `present` makes what its client gets.

        Raises:
            ContractBrokenError: it deviates, and the contract is enforced.
        """
        current = await self.current()
        if current is None or (operation := _operation(current, request)) is None:
            return ()
        reply = present()
        # A small body may be much work, too: that depends on the schema.
        deviations = await self._store.work.off_loop(partial(_deviations, operation, reply))
        if not deviations:
            return ()
        text = f"{operation.method} {operation.route}: {'; '.join(deviations)}"
        if current.mode == "enforce":
            raise ContractBrokenError(f"the reply is not as the contract has it: {text}")
        _log_deviations(text)
        return tuple(deviations)

    async def current(self) -> StoredContract | None:
        """Return the contract, or None."""
        record = self._stored()
        if record is None:
            self._record = self._current = None
        elif record is not self._record:
            self._current = await self._store.work.off_loop(partial(_read, record))
            self._record = record
        return self._current

    def _stored(self) -> Record | None:
        return self._store.data.record(CONTRACT, _KEY)


async def put_contract(store: SessionStore, mode: str, document: str) -> list[str]:
    """Give a session a contract in place of its old one; return the resources that it seeds.

    Raises:
        BadRequestError: it is not a contract.
    """
    seeds = await store.work.off_loop(partial(_checked_seeds, document))
    store.work.begin()

    def put() -> Transaction:
        transaction = store.commits.begin()
        view = transaction.hidden(CONTRACT)
        view.delete(_KEY)
        view.insert({"id": _KEY, "mode": mode, "document": document})
        return transaction

    store.commits.commit(await store.work.run(put))
    return store.commits.seed_schemas(seeds)


def delete_contract(store: SessionStore) -> bool:
    """Take the contract from a session; return whether it had one."""
    if store.data.record(CONTRACT, _KEY) is None:
        return False
    store.work.begin()
    transaction = store.commits.begin()
    transaction.hidden(CONTRACT).delete(_KEY)
    return store.commits.commit(transaction)


def _checked_seeds(text: str) -> dict[str, dict[str, Json]]:
    document = orjson.loads(text)
    read_contract(document)
    return seeds_of(document)


def _operation(current: StoredContract, request: RequestContext) -> Operation | None:
    return current.contract.find(request.method, request.segments)


def _read(record: Record) -> StoredContract | None:
    """Return a stored contract; None if another version of LARST wrote what this cannot read."""
    try:
        contract = read_contract(orjson.loads(record["document"]))
    except (BadRequestError, ValueError, KeyError) as error:
        _log.warning("the contract of the session cannot be read: %s", error)
        return None
    return StoredContract(record["mode"], record["document"], contract)


def _deviations(operation: Operation, reply: Reply) -> list[str]:
    is_described, schema = operation.reply_to(reply.status)
    if not is_described:
        is_success = reply.status < _CLIENT_ERROR
        return [f"status {reply.status} is not described"] if is_success else []
    if schema is None or reply.media_type != "application/json" or operation.method == "HEAD":
        return []
    return _of_body(schema, reply.body)


def _of_body(schema: ReplySchema, body: bytes | None) -> list[str]:
    if body is None:
        return ["the body is missing"]
    return schema.deviations(orjson.loads(body))


def _log_deviations(text: str) -> None:
    request = current_request()
    ids = {} if request is None else request.ids()
    _log.warning("contract: %s", text, extra={"fields": {**ids, "contract": text}})
