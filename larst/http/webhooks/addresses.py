"""The addresses that webhooks may be sent to: loopback ones, and the hosts that the operator lists.

A client that sets a webhook makes this machine send requests. Must never let a name be resolved
twice for one connection, once for the check and once for the connection: a name server could
answer differently (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from larst.errors import BadRequestError
from larst.http.hosts import is_loopback

MAX_URL_CHARACTERS = 2000
NO_HOSTS = ("none",)
"""The list of hosts that allows no webhook at all."""

LOOKUP_TIMEOUT_S = 5.0

_NUMERIC = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)\.?", re.IGNORECASE)
"""Hosts that some readers take for an IPv4 address (WHATWG URL, "ends in a number")."""


class AddressRefusedError(OSError):
    """The name of a receiver leads to an address that webhooks may not be sent to."""


class Receivers:
    """The receivers that are allowed; `listed` are hosts, and `*.example.com` those below one."""

    def __init__(self, listed: Collection[str]) -> None:
        names = {name.removesuffix(".") for name in listed}
        self._is_off = tuple(listed) == NO_HOSTS
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))
        self._names = names

    def checked_url(self, text: object) -> URL:
        """Return the URL of a receiver, whose name may still lead to a refused address.

        Raises:
            BadRequestError: it is not one, or not allowed.
        """
        if self._is_off:
            raise BadRequestError("LARS_WEBHOOK_HOSTS=none allows no webhooks")
        url = _parsed(text)
        host = _host(url)
        if (address := _address(host)) is None and _NUMERIC.fullmatch(host):
            raise BadRequestError(
                f"url: {host[:100]} is not an IPv4 address in four parts, such as 127.0.0.1"
            )
        if address is None and not is_loopback(host) and not self._lists(host):
            # Not looked up: a client could ask any name server, and slow ones keep threads busy.
            raise BadRequestError(f"url: {self.refusal(host, host)}")
        if address is not None and not self._allows(host, address):
            raise BadRequestError(f"url: {self.refusal(host, str(address))}")
        return url

    async def check_lookup(self, url: URL) -> None:
        """Look the name in a URL up, so that a wrong one is refused at once.

        Raises:
            BadRequestError: it leads to an address that is not allowed, or to none.
        """
        if _address(host := _host(url)) is not None:
            return
        try:
            await self.lookup(host, url.port or 0, socket.AF_UNSPEC)
        except OSError as error:
            reason = error if isinstance(error, AddressRefusedError) else f"{host}: {error}"
            raise BadRequestError(f"url: {reason}") from error

    async def lookup(
        self, host: str, port: int, family: socket.AddressFamily
    ) -> list[ResolveResult]:
        """Return the addresses of a name, if all of them are allowed.

        Raises:
            AddressRefusedError: one of them is not.
            OSError: the name has none.
        """
        async with asyncio.timeout(LOOKUP_TIMEOUT_S):
            results = await resolve(host, port, family)
        for result in results:
            address = _address(result["host"])
            if address is None or not self._allows(host, address):
                raise AddressRefusedError(self.refusal(host, result["host"]))
        return results

    def refusal(self, host: str, address: str) -> str:
        """Return why a host may not be sent to."""
        place = host if host == address else f"{host} leads to {address}, which"
        if self._lists(host):
            return f"{place} is link-local, multicast or unspecified: list the address itself"
        return (
            f"{place} is not a loopback address; the operator allows other hosts by"
            f" LARS_WEBHOOK_HOSTS={host[:100]}"
        )

    def _allows(self, host: str, address: IPv4Address | IPv6Address) -> bool:
        if address.is_loopback or str(address) in self._names:
            return True
        is_special = address.is_link_local or address.is_multicast or address.is_unspecified
        return self._lists(host) and not is_special

    def _lists(self, host: str) -> bool:
        name = host.removesuffix(".")
        return name in self._names or name.endswith(self._suffixes)


class PinnedResolver(AbstractResolver):
    """Resolves a name for one connection, which goes to exactly the addresses that were checked."""

    def __init__(self, receivers: Receivers) -> None:
        self._receivers = receivers

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a receiver, all of which are allowed."""
        return await self._receivers.lookup(host, port, family)

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


async def resolve(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    """Return the addresses of a name, by the machine's resolver."""
    return await ThreadedResolver().resolve(host, port, family)


def is_loopback_url(url: URL) -> bool:
    """Return whether a URL names this machine; a name does by its spelling."""
    host = _host(url)
    address = _address(host)
    return host.rstrip(".").endswith("localhost") if address is None else address.is_loopback


def _parsed(text: object) -> URL:
    hint = "url must be such as http://127.0.0.1:9000/changes"
    if not isinstance(text, str) or len(text) > MAX_URL_CHARACTERS:
        raise BadRequestError(f"{hint}, of at most {MAX_URL_CHARACTERS} characters")
    try:
        url = URL(text)
        is_right = url.scheme in ("http", "https") and bool(url.raw_host) and url.port != 0
    except ValueError as error:
        raise BadRequestError(f"{hint}: {error}") from error
    if not is_right or url.raw_user or url.raw_password or url.raw_fragment:
        raise BadRequestError(f"{hint}, with http or https, and no user, password or fragment")
    return url


def _host(url: URL) -> str:
    return (url.raw_host or "").lower()


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host is, an IPv4 one also in the form of IPv6; None for a name."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
