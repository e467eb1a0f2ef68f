"""Handing a request on to the tracking server and its answer back, piece by piece, within the configured bounds."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

import httpx2
import structlog
from litestar.types import Receive, Scope, Send

from api.failures import Failure
from api.requests import AnyRequest
from api.tracking.headers import back, onward
from api.tracking.settings import MEBIBYTE, TrackingSettings
from api.tracking.target import beyond_prefix, query_of

log = structlog.get_logger()
RETRY_S = 5


class Tracking:
    """The one tracking server there is; without one configured every request is 503 ``MLFLOW_NOT_CONFIGURED``.

    Connections are made when they are needed and kept; no redirect is followed and no proxy of the environment asked.
    """

    def __init__(self, settings: TrackingSettings) -> None:
        self._settings = settings
        self._transport: httpx2.AsyncHTTPTransport | None = None
        parts = urlsplit(settings.tracking_uri or "")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._host = parts.netloc.encode()
        self._base = parts.path.rstrip("/").encode()

    async def hand_on(self, request: AnyRequest) -> "Relayed":
        """Send a request on and answer with the beginning of its answer. Raises Failure 400, 408, 413, 503."""
        self._there()
        raw_path: bytes = request.scope["raw_path"]
        target = (self._base + beyond_prefix(raw_path)) or b"/"
        if query := query_of(request.scope["query_string"]):
            target += b"?" + query
        most = self._settings.max_request_mb * MEBIBYTE
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > most:
            raise _too_large(self._settings.max_request_mb)
        headers = onward(request.scope["headers"], self._host)
        return await self._exchange(request.method, target, headers, _pieces(request, self._settings))

    async def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> "Relayed":
        """A request of our own to a path of the tracking server. Raises Failure 503."""
        self._there()
        given = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        length = [(b"content-length", str(len(body)).encode())] if body else []
        return await self._exchange(
            method, self._base + target.encode(), [(b"host", self._host), *given, *length], _whole(body)
        )

    async def close(self) -> None:
        """Let go of the connections."""
        if self._transport is not None:
            await self._transport.aclose()
            self._transport = None

    def _there(self) -> None:
        if self._settings.tracking_uri is None:
            raise Failure(
                503,
                "no MLflow tracking server is configured",
                code="MLFLOW_NOT_CONFIGURED",
                details="name one as tracking_uri in mlflow.yaml of the home",
            )

    async def _exchange(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: AsyncIterator[bytes]
    ) -> "Relayed":
        deadline = asyncio.get_running_loop().time() + self._settings.total_timeout_s
        idle, first = self._settings.idle_timeout_s, self._settings.connect_timeout_s
        timeout = {"connect": first, "pool": first, "read": idle, "write": idle}
        sent = httpx2.Request(
            method,
            self._origin,
            headers=headers,
            stream=_Body(body),
            extensions={"target": target, "timeout": timeout},
        )
        try:
            async with asyncio.timeout_at(deadline):
                answer = await self._connected().handle_async_request(sent)
        except httpx2.LocalProtocolError as error:
            raise Failure(400, "invalid header", details="a header cannot be handed on") from error
        except (httpx2.PoolTimeout, httpx2.ConnectTimeout, httpx2.ReadTimeout, TimeoutError) as error:
            busy = isinstance(error, httpx2.PoolTimeout)
            raise _away("is busy" if busy else "did not answer in time", "MLFLOW_TIMEOUT", error) from error
        except (httpx2.HTTPError, OSError) as error:
            raise _away("cannot be reached", "MLFLOW_UNAVAILABLE", error) from error
        most = self._settings.max_answer_mb * MEBIBYTE
        announced = answer.headers.get("content-length", "")
        if method != "HEAD" and announced.isdigit() and int(announced) > most:
            await answer.aclose()
            raise _away("answered with too much", "MLFLOW_ANSWER_TOO_LARGE", None)
        return Relayed(answer, deadline, most)

    def _connected(self) -> httpx2.AsyncHTTPTransport:
        if self._transport is None:
            most = self._settings.max_connections
            self._transport = httpx2.AsyncHTTPTransport(
                verify=_trust() if self._origin.startswith("https:") else False,
                trust_env=False,
                limits=httpx2.Limits(
                    max_connections=most, max_keepalive_connections=most, keepalive_expiry=5
                ),
            )
        return self._transport


@dataclass(frozen=True)
class Relayed:
    """An answer under way: the ASGI app that gives it to the caller as it comes."""

    answer: httpx2.Response
    deadline: float
    most: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Status, headers and body as they are. A body that breaks off here breaks off there."""
        headers = back(self.answer.headers.raw)
        await send({"type": "http.response.start", "status": self.answer.status_code, "headers": headers})
        started, told = monotonic(), 0
        try:
            async with asyncio.timeout_at(self.deadline):
                async for piece in self.answer.stream:  # type: ignore[union-attr]
                    told += len(piece)
                    if told > self.most:
                        raise httpx2.ReadError("the answer is too large")
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (httpx2.HTTPError, TimeoutError) as error:
            # The head is gone: leaving the answer open makes the server cut the connection, which the caller sees.
            log.warning("mlflow_answer_cut", error=repr(error), bytes=told, seconds=monotonic() - started)
        finally:
            await self.answer.aclose()

    async def read(self, most: int) -> bytes:
        """The whole of a small body. Raises Failure 503 for one that is longer, or breaks off."""
        got = bytearray()
        try:
            async with asyncio.timeout_at(self.deadline):
                async for piece in self.answer.stream:  # type: ignore[union-attr]
                    got += piece
                    if len(got) > most:
                        raise _away("answered with too much", "MLFLOW_ANSWER_TOO_LARGE", None)
        except (httpx2.HTTPError, TimeoutError) as error:
            raise _away("broke its answer off", "MLFLOW_UNAVAILABLE", error) from error
        finally:
            await self.answer.aclose()
        return bytes(got)


class _Body(httpx2.AsyncByteStream):
    """A request's body as the transport takes it."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces:
            yield piece


async def _pieces(request: AnyRequest, settings: TrackingSettings) -> AsyncIterator[bytes]:
    """The caller's body as it comes. Raises Failure 408 when it stops coming, 413 when there is too much of it."""
    got, incoming = 0, aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(settings.idle_timeout_s):
                piece = await anext(incoming, None)
        except TimeoutError as error:
            raise Failure(408, "the request body did not arrive in time") from error
        if piece is None:
            return
        got += len(piece)
        if got > settings.max_request_mb * MEBIBYTE:
            raise _too_large(settings.max_request_mb)
        if piece:
            yield piece


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body


def _trust() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


def _too_large(most_mb: int) -> Failure:
    return Failure(413, "request body too large", details=f"at most {most_mb} MiB go to the tracking server")


def _away(why: str, code: str, error: Exception | None) -> Failure:
    if error is not None:
        log.warning("mlflow_unreachable", why=why, error=repr(error))
    return Failure(
        503,
        f"the MLflow tracking server {why}",
        code=code,
        headers={"Retry-After": str(RETRY_S)},
        retry_after=RETRY_S,
    )
