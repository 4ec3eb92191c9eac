"""A model server of one's own: what it says of itself, and timeouts that fit it.

Must never send anything but GET requests without a body, and only to the configured server.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

from larst.domain import Json

LEAST_CONTEXT_TOKENS = 4_096
"""A first attempt (2,400 tokens at most) and its answer; a repair needs twice as much."""

FIRST_TIMEOUT_S = 300.0
"""Until the first answer: a server may load its model first, and a CPU is slow."""

LEAST_TIMEOUT_S, MOST_TIMEOUT_S = 30.0, 600.0
_MARGIN = 4.0
"""How much longer than the slowest answer so far a call may take: programs differ in length."""

_TIMEOUT_S = 3.0


def is_own_server(base_url: str | None) -> bool:
    """Return whether an address is on this machine or in a private network.

    >>> is_own_server("http://localhost:11434/v1"), is_own_server("https://api.example.com/v1")
    (True, False)
    """
    host = urlsplit(base_url or "").hostname
    if not host:
        return False
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))


def fitting_timeout_s(slowest_s: float) -> float:
    """Return the timeout of calls to a server whose slowest answer took so long.

    >>> fitting_timeout_s(2), fitting_timeout_s(40), fitting_timeout_s(400)
    (30.0, 160.0, 600.0)
    """
    return min(MOST_TIMEOUT_S, max(LEAST_TIMEOUT_S, _MARGIN * slowest_s))


async def context_length(base_url: str, model: str) -> int | None:
    """Return how many tokens the server keeps of a prompt and its answer; None if unknown."""
    api = base_url.rstrip("/")
    root = api.removesuffix("/v1")
    async with httpx2.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False) as client:
        for path, find in _SOURCES:
            url = path.format(api=api, root=root, model=quote(model, safe=""))
            for length in _lengths(await _json_of(client, url), model, find):
                return length
    return None


async def _json_of(client: httpx2.AsyncClient, url: str) -> Json:
    try:
        reply = await client.get(url)
        return reply.json() if reply.status_code == 200 else None
    except (httpx2.HTTPError, ValueError):
        return None


Find = Callable[[Any, str], Iterator[Any]]


def _lengths(answer: Json, model: str, find: Find) -> Iterator[int]:
    try:
        yield from (length for length in find(answer, model) if type(length) is int and length > 0)
    except (AttributeError, KeyError, TypeError):
        return


def _of_llama_cpp(answer: Any, _model: str) -> Iterator[Any]:
    yield answer["default_generation_settings"]["n_ctx"]


def _of_ollama(answer: Any, model: str) -> Iterator[Any]:
    """Yield the length of the loaded model; before it is loaded, Ollama does not say."""
    names = (model, f"{model}:latest")
    yield from (row.get("context_length") for row in answer["models"] if row["name"] in names)


def _of_lm_studio(answer: Any, _model: str) -> Iterator[Any]:
    yield answer["loaded_context_length"]


def _of_models(answer: Any, model: str) -> Iterator[Any]:
    rows = answer["data"]
    for row in rows:
        if row["id"] == model or len(rows) == 1:
            yield row.get("max_model_len")  # vLLM
            yield (row.get("meta") or {}).get("n_ctx")  # llama.cpp
            yield row.get("context_length")


_SOURCES: tuple[tuple[str, Find], ...] = (
    ("{root}/props", _of_llama_cpp),
    ("{root}/api/ps", _of_ollama),
    ("{root}/api/v0/models/{model}", _of_lm_studio),
    ("{api}/models", _of_models),
)
"""The endpoints that say it, and how to read them, as of November 2026."""


def context_problem(length: int | None) -> str | None:
    """Return the problem of a context length, in a sentence, or None.

    >>> context_problem(2048)
    'its context length of 2048 tokens is too short for planning; set it to 8192 or more'
    """
    if length is None or length >= LEAST_CONTEXT_TOKENS:
        return None
    return (
        f"its context length of {length} tokens is too short for planning; set it to 8192 or more"
    )
