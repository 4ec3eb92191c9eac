"""Which hosts are this service's: the check of `Host` on every path.

A page of another site can have its own name resolve to this machine (DNS rebinding); a browser then
counts it as a page of this service. Names that only this machine has, and addresses, cannot be
taken over. Pure, but for the name of the machine.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from multidict import MultiMapping

from larst.config import HttpSettings
from larst.errors import BadRequestError, HostNotAllowedError

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._~-]{1,255})(?::([0-9]{0,5}))?")
_LAST_PORT = 65_535
_LABELLED = ("localhost",)
"""Names that always mean this machine, with all names below them (RFC 6761 section 6.3)."""


@lru_cache(maxsize=256)
def host_name(host: str) -> str | None:
    """Return the name or address in a Host header, in lower case; None if it is malformed.

    The port, and a dot at the end, do not count.
    """
    match = _HOST.fullmatch(host)
    if match is None or int(match[2] or 0) > _LAST_PORT:
        return None
    name = match[1].lower().removesuffix(".").strip("[]")
    if match[1][0] == "[" and _address(name) is None:
        return None
    return name or None


def is_loopback(name: str) -> bool:
    """Return whether a host name, or an address, always means this machine."""
    address = _address(name)
    if address is None:
        return name in _LABELLED or name.endswith(".localhost")
    return address.is_loopback


class AllowedHosts:
    """The hosts that requests may name: addresses, loopback names, this machine's, and listed ones.

    `*.example.com` in the list stands for every name below `example.com`, and `*` for every name.
    """

    def __init__(self, listed: Collection[str], own: Collection[str]) -> None:
        names = {name.removesuffix(".") for name in listed}
        self._allows_all = "*" in names
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))
        self._names = names | {name.lower() for name in own}

    @classmethod
    def of(cls, settings: HttpSettings) -> AllowedHosts:
        """Return the hosts that the settings and the machine name."""
        return cls(settings.allowed_hosts, (settings.host, *machine_names()))

    def check(self, headers: MultiMapping[str], version: tuple[int, int]) -> None:
        """Refuse a request for another host.

        Raises:
            BadRequestError: it names no host, several, or none that can be read.
            HostNotAllowedError: it names a host that is not this service's.
        """
        hosts = headers.getall("Host", ())
        if not hosts and version < (1, 1):
            return  # HTTP/1.0 has no Host; browsers always send one
        if len(hosts) != 1:
            number = "no Host header" if not hosts else "several Host headers"
            raise BadRequestError(f"the request has {number}; send one (RFC 9112 section 3.2)")
        if (name := host_name(hosts[0])) is None:
            raise BadRequestError("the Host header is not a host name with or without a port")
        if not self.allows(name):
            raise HostNotAllowedError(
                f"{name[:100]} is not a name of this service; the setting LARS_ALLOWED_HOSTS"
                " lists the names that it has (LARS_ALLOWED_HOSTS=* allows every name)"
            )

    def allows(self, name: str) -> bool:
        """Return whether a name, as `host_name` returns it, is one of this service's."""
        return (
            self._allows_all
            or name in self._names
            or _address(name) is not None
            or is_loopback(name)
            or name.endswith(self._suffixes)
        )


def machine_names() -> tuple[str, ...]:
    """Return the names by which this machine knows itself, without asking a name server."""
    name = socket.gethostname().removesuffix(".").lower()
    short = name.partition(".")[0]
    return (name, short, f"{short}.local") if name else ()


def is_local_call(client_ip: str, address: str) -> bool:
    """Return whether a client of this machine called the service by a loopback name.

    `address` is the URL that it called. The client's own address does not say enough: a proxy on
    this machine has one, too.
    """
    name = host_name(urlsplit(address).netloc)
    return is_loopback(client_ip) and name is not None and is_loopback(name)


@lru_cache(maxsize=256)
def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
