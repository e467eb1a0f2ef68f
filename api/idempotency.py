"""Idempotency-Key: a repeated request gets the first answer and does nothing twice, even across a crash.

Two ways, by what the request does. ``once`` is for what somebody else carries out, a command or a job: it is queued under
an id that follows from the key, so that a repeat (also of a request whose process died) waits for the first one's result.
``kept`` is for what is done in the database at once: the effect, the claim on the key and the answer are one transaction,
so there is never one without the others, and repeats at the same moment wait for it.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Response

from api.access import caller_of
from api.encoding import Answer, encode
from api.failures import Failure, answer_to
from api.floor import Floor
from api.requests import AnyRequest
from db import idempotency
from db.held import held
from db.idempotency import Seen
from openoutcry.canonical import digest
from openoutcry.types.frozen import Frozen

KEY = re.compile(r"[\x21-\x7e]{1,200}")
HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}
PASSING = frozenset({401, 403, 408, 413, 415, 429})
"""Refusals that say nothing of the request itself: it may be asked again under its key."""
Work = Callable[[str | None], Awaitable[msgspec.Struct]]
T = TypeVar("T")


async def once(
    request: AnyRequest,
    floor: Floor,
    command: Frozen,
    work: Work,
    status: int = 200,
    *,
    repeatable: bool = True,
) -> Answer[Any]:
    """Do ``work`` and answer with it; with a key, once for all. Raises Failure 422 for another request's key.

    ``work`` gets the name its command is queued under, None without a key. Work that goes by no such name is not
    ``repeatable``: a key whose first answer is not known is refused, never tried again.
    """
    key = key_of(request)
    if key is None:
        return Answer(await work(None), status_code=status)
    org_id = caller_of(request).org_id
    seen = await idempotency.begin(floor.pool, org_id, key, _print(request, command.model_dump(mode="json")))
    if seen.state in ("different", "answered"):
        return _again(seen)
    if seen.state == "running" and not repeatable:
        raise Failure(
            409,
            "the first request with this Idempotency-Key has no answer yet",
            code="IDEMPOTENCY_PENDING",
            details="look what it did before you send another",
            field=HEADER,
        )
    headers: Mapping[str, str] = {}
    try:
        body = encode(await work(f"idempotency:{key}"))
    except Exception as error:
        body, status, headers = _refusal(request, error, PASSING if repeatable else frozenset())
    first = await idempotency.finish(floor.pool, org_id, key, status, body.decode())
    return _again(first) if first else _answer(body, status, headers)


def kept(handler: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T | Answer[Any]]]:
    """A handler that writes to the database through ``floor.pool`` alone, done once for all where a key is given."""

    @wraps(handler)
    async def once_for_all(request: AnyRequest, floor: Floor, **path: Any) -> T | Answer[Any]:
        key = key_of(request)
        if key is None:
            return await handler(request=request, floor=floor, **path)
        asked, org_id = _print(request, await _sent(request)), caller_of(request).org_id
        headers: Mapping[str, str] = {}
        async with floor.pool.acquire() as connection, connection.transaction():
            seen = await idempotency.begin(connection, org_id, key, asked)
            if seen.state in ("different", "answered"):
                return _again(seen)
            inside = replace(floor, pool=held(connection))
            try:
                async with connection.transaction():  # what is refused leaves nothing behind
                    made = await handler(request=request, floor=inside, **path)
                status = request.route_handler.status_code
                if isinstance(made, Response):
                    made, status = made.content, made.status_code or status
                body = encode(made)
            except Exception as error:
                body, status, headers = _refusal(request, error, PASSING)
            await _keep(connection, org_id, key, status, body)
        return _answer(body, status, headers)

    return once_for_all


def key_of(request: AnyRequest) -> str | None:
    """The request's key. Raises Failure 400 for one that cannot be kept, or two of them."""
    found = request.headers.getall(HEADER, [])
    if not found:
        return None
    if len(found) > 1 or not KEY.fullmatch(found[0]):
        raise Failure(
            400,
            "invalid Idempotency-Key",
            details="one, of 1 to 200 printable ASCII characters",
            field=HEADER,
        )
    return str(found[0])


async def _keep(connection: Any, org_id: UUID, key: str, status: int, body: bytes) -> None:
    await idempotency.finish(connection, org_id, key, status, body.decode())


async def _sent(request: AnyRequest) -> Any:
    """The body as it will be read: a field that is null is one that is not there."""
    raw = await request.body()
    try:
        value = msgspec.json.decode(raw or b"{}")
    except (ValueError, RecursionError):
        return raw.hex()
    return (
        {name: each for name, each in value.items() if each is not None} if isinstance(value, dict) else value
    )


def _print(request: AnyRequest, asked: Any) -> str:
    path: str = request.scope["path"]
    query: bytes = request.scope["query_string"]
    return digest([request.method, path.rstrip("/"), query.hex(), asked])


def _again(seen: Seen) -> Answer[Any]:
    if seen.state == "different":
        raise Failure(
            422,
            "Idempotency-Key was used for another request",
            code="IDEMPOTENCY_CONFLICT",
            details="use a new key for a new request",
            field=HEADER,
        )
    assert seen.status is not None
    return _answer(str(seen.response).encode(), seen.status, REPLAYED)


def _refusal(
    request: AnyRequest, error: Exception, passing: Collection[int]
) -> tuple[bytes, int, Mapping[str, str]]:
    """What is kept of a refusal. Raises ``error`` where the same request may go another way later."""
    answer = answer_to(request, error)
    status = answer.status_code or 500
    if status >= 500 or status in passing:
        raise error
    return encode(answer.content), status, dict(answer.headers)


def _answer(body: bytes, status: int, headers: Mapping[str, str]) -> Answer[Any]:
    return Answer(body, status_code=status, headers=dict(headers), media_type="application/json")
