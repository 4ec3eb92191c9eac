"""The contract of a session from a file: an OpenAPI document in JSON or YAML.

YAML is read here and not by the service: a small document can expand to a huge one.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from larst.cli.output import printable
from larst.cli.sessions import session_path
from larst.errors import ConfigError

if TYPE_CHECKING:
    from larst.cli.client import Service


MAX_YAML_VALUES = 1_000_000
"""The values of a document in YAML, with those that its aliases repeat."""


def put_contract(service: Service, session: str, content: bytes, *, enforces: bool) -> None:
    """Send the document, and print what the session has from it.

    Raises:
        ConfigError: it is neither JSON nor YAML.
        ServiceError: the service cannot be reached or refuses it.
    """
    mode = "enforce" if enforces else "warn"
    path = f"{session_path(session)}/contract?mode={mode}"
    contract = service.request_json("PUT", path, read_document(content))
    count = len(contract["operations"])
    sys.stdout.write(
        f"{session} has the contract {printable(contract['title'])!r} ({mode}):"
        f" {count} operation{'' if count == 1 else 's'}\n"
    )
    if contract["seeded"]:
        sys.stdout.write(f"schemas for {', '.join(map(printable, contract['seeded']))}\n")


def read_document(content: bytes) -> dict[str, Any]:
    """Return a document in JSON or YAML.

    Raises:
        ConfigError: it is neither, not an object, or too large once its aliases are followed.
    """
    document = _read_json(content)
    if document is None:
        document = _read_yaml(content)
    if not isinstance(document, dict):
        raise ConfigError("the file has no OpenAPI document: it must be an object")
    # Dates and keys such as 200 are not JSON.
    try:
        return dict(json.loads(json.dumps(document, default=str)))
    except TypeError as error:
        raise ConfigError("the file has keys that are lists or objects") from error


def as_json(content: bytes) -> bytes:
    """Return the content of a file; an OpenAPI document in YAML as JSON.

    Raises:
        ConfigError: it begins as one, and is not valid YAML.
    """
    from larst.seeds import is_yaml

    return json.dumps(read_document(content)).encode() if is_yaml(content) else content


def _read_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _read_yaml(content: bytes) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe", pure=True).load(content)
    except YAMLError as error:
        problem = str(error).replace("\n", " ")[:300]
        raise ConfigError(f"the file is neither JSON nor YAML: {problem}") from error
    _check_value_count(document)
    return document


def _check_value_count(document: Any) -> None:
    """Refuse a document that has no end, or nearly so: an alias may repeat others, or itself."""
    count, pending = 0, [document]
    while pending:
        item = pending.pop()
        if isinstance(item, dict | list):
            count += len(item)
            pending.extend(item.values() if isinstance(item, dict) else item)
        if count > MAX_YAML_VALUES:
            raise ConfigError(
                f"the file has more than {MAX_YAML_VALUES} values once its aliases (*name) are"
                " followed; write it as JSON, or without aliases of aliases"
            )
