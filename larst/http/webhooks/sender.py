"""Sends one message to one receiver: an HTTP client that goes only where it may.

No redirects, proxies, cookies or retries, and nothing of the reply but its status. Must never
connect to an address that was not checked.
"""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    InvalidURL,
    TCPConnector,
)

from larst.errors import BadRequestError
from larst.http.webhooks.addresses import AddressRefusedError, PinnedResolver, Receivers
from larst.http.webhooks.messages import Message

TIMEOUT_S = 10.0
"""For connection, request and status together."""

_MAX_REASON_CHARACTERS = 200


class DeliveryFailedError(Exception):
    """An attempt failed, for this reason; if it `is_final`, the receiver wants no more."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


class Sender:
    """Sends messages; connects with the first one, and until `close`."""

    def __init__(self, receivers: Receivers) -> None:
        self.receivers = receivers
        self._session: ClientSession | None = None

    async def send(self, url: str, message: Message, headers: dict[str, str]) -> None:
        """Send a message once.

        Raises:
            DeliveryFailedError: the receiver has not replied with a status of 2xx.
        """
        try:
            target = self.receivers.checked_url(url)  # the operator may have changed the list
            reply = self._client().post(
                target, data=message.body, headers=headers, allow_redirects=False
            )
            async with reply as response:
                status = response.status
        except BadRequestError as error:
            raise DeliveryFailedError(error.detail) from error
        except TimeoutError as error:
            reason = f"the receiver did not reply within {TIMEOUT_S:g} seconds"
            raise DeliveryFailedError(reason) from error
        except (ClientError, InvalidURL, OSError) as error:
            raise DeliveryFailedError(_reason(error)) from error
        if not 200 <= status < 300:
            is_final = status == HTTPStatus.GONE
            raise DeliveryFailedError(f"the receiver replied with {status}", is_final=is_final)

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()

    def _client(self) -> ClientSession:
        if self._session is None:
            connector = TCPConnector(
                limit=0,  # each webhook sends one message at a time
                use_dns_cache=False,
                resolver=PinnedResolver(self.receivers),
            )
            self._session = ClientSession(
                connector=connector,
                timeout=ClientTimeout(total=TIMEOUT_S),
                cookie_jar=DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _reason(error: Exception) -> str:
    if not isinstance(error, ClientConnectorError):
        return (str(error) or type(error).__name__)[:_MAX_REASON_CHARACTERS]
    cause = error.os_error
    if isinstance(cause, AddressRefusedError):
        return str(cause)
    reason = cause.strerror or type(cause).__name__
    return f"{error.host}:{error.port} cannot be reached: {reason}"[:_MAX_REASON_CHARACTERS]
