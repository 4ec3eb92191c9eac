"""What a client says about a webhook, and what it sees of one. Pure."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field

from yarl import URL

from larst.domain import Criteria, Json
from larst.errors import BadRequestError, ProgramFailedError
from larst.http.webhooks.addresses import Receivers
from larst.store.query.criteria import compile_criteria
from larst.store.records import validate_resource_name
from larst.store.searching import test_steps

WEBHOOK_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_RESOURCES = 50
MAX_CRITERIA = 20
MAX_FILTER_STEPS = 40
"""The steps to test a record: of one of a megabyte, a few milliseconds."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of all secrets, by Standard Webhooks
SECRET_BYTES = (24, 64)
"""The least and the most bytes of a secret, by Standard Webhooks."""

_NEW_SECRET_BYTES = 32
_NAMES = ("url", "resources", "filter", "secret")
_MAX_FILTER_VALUES = 100


@dataclass(frozen=True, slots=True)
class Definition:
    """A webhook as its client declares it; `secret`: None keeps the old one, or makes one."""

    url: URL
    resources: tuple[str, ...] = ()
    filter: Criteria = field(default_factory=dict)
    secret: str | None = None


def parse_definition(value: Json, receivers: Receivers) -> Definition:
    """Return the webhook that a client declares.

    Raises:
        BadRequestError, BadResourceNameError: a name or a value is not allowed.
    """
    if not isinstance(value, dict) or not value.keys() <= set(_NAMES):
        raise BadRequestError(
            'a webhook is an object such as {"url":"http://127.0.0.1:9000/changes",'
            f'"resources":["tasks"],"filter":{{"status":"open"}}}}; it may have {", ".join(_NAMES)}'
        )
    return Definition(
        receivers.checked_url(value.get("url")),
        _resources(value.get("resources")),
        _filter(value.get("filter")),
        _secret(value.get("secret")),
    )


def new_secret() -> str:
    """Return a random secret."""
    key = base64.b64encode(secrets.token_bytes(_NEW_SECRET_BYTES)).decode()
    return f"{SECRET_PREFIX}{key}"


def secret_key(secret: str) -> bytes:
    """Return the bytes of a secret.

    Raises:
        ValueError: it is not one.
    """
    text = secret.removeprefix(SECRET_PREFIX)
    if text == secret:
        raise ValueError("it does not begin with whsec_")
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    if not SECRET_BYTES[0] <= len(key) <= SECRET_BYTES[1]:
        raise ValueError("it has another length")
    return key


def _resources(value: Json) -> tuple[str, ...]:
    if value is None:
        return ()
    is_list = isinstance(value, list) and 0 < len(value) <= MAX_RESOURCES
    if not is_list or not all(isinstance(name, str) for name in value):
        raise BadRequestError(f"resources must be a list of 1 to {MAX_RESOURCES} names")
    for name in value:
        validate_resource_name(name)
    return tuple(dict.fromkeys(value))


def _filter(value: Json) -> Criteria:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_CRITERIA:
        raise BadRequestError(
            f'filter must be an object of at most {MAX_CRITERIA} criteria, such as {{"status":'
            '"open","price__gte":100}'
        )
    for name, operand in value.items():
        values = operand if isinstance(operand, list) else [operand]
        if len(values) > _MAX_FILTER_VALUES or any(isinstance(v, dict | list) for v in values):
            raise BadRequestError(
                f"filter: {name[:100]} must have a plain value, or a list of at most"
                f" {_MAX_FILTER_VALUES} of them"
            )
    if test_steps(value) > MAX_FILTER_STEPS:
        raise BadRequestError("filter: it has too many values to test; choose by resources too")
    try:
        compile_criteria(value)
    except ProgramFailedError as error:
        raise BadRequestError(f"filter: {error.detail}") from error
    return value


def _secret(value: Json) -> str | None:
    if value is None:
        return None
    try:
        if not isinstance(value, str):
            raise ValueError("it is not a text")  # noqa: TRY301, TRY004 - one message for all
        secret_key(value)
    except ValueError as error:
        low, high = SECRET_BYTES
        raise BadRequestError(
            f"secret must be {SECRET_PREFIX} and {low} to {high} bytes in Base64; leave it out to"
            " get one"
        ) from error
    return value
