"""Idempotency-Key: a repeated request gets the first answer and does nothing twice, even across a crash.

A key claimed but not answered (this process died, the floor was slow) may be asked again: its command has the same
id, so the repeat waits for the first one's result.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from api.access import caller_of
from api.encoding import Answer, encode
from api.failures import Failure, envelope
from api.floor import Floor
from api.requests import AnyRequest
from db import idempotency
from openoutcry.canonical import digest
from openoutcry.types.frozen import Frozen

KEY = re.compile(r"[\x21-\x7e]{1,200}")
HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}
Work = Callable[[str | None], Awaitable[msgspec.Struct]]


async def once(
    request: AnyRequest,
    floor: Floor,
    command: Frozen,
    work: Work,
    status: int = 200,
    *,
    repeatable: bool = True,
) -> Answer[Any]:
    """Do ``work`` and answer with it; with a key, once for all. Raises Failure 409 for another request's key.

    ``work`` gets the name its command is queued under, None without a key. Work that goes by no such name is not
    ``repeatable``: a key whose first answer is not known is refused, never tried again.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return Answer(await work(None), status_code=status)
    if not KEY.fullmatch(key):
        raise Failure(
            400, "invalid Idempotency-Key", details="1 to 200 printable ASCII characters", field=HEADER
        )
    org_id = caller_of(request).org_id
    asked = digest([request.method, request.url.path.rstrip("/"), command.model_dump(mode="json")])
    seen = await idempotency.begin(floor.pool, org_id, key, asked)
    if seen.state == "different":
        raise Failure(
            409,
            "Idempotency-Key was used for another request",
            code="IDEMPOTENCY_CONFLICT",
            details="use a new key for a new request",
            field=HEADER,
        )
    if seen.state == "running" and not repeatable:
        raise Failure(
            409,
            "the first request with this Idempotency-Key has no answer yet",
            code="IDEMPOTENCY_PENDING",
            details="look what it did before you send another",
            field=HEADER,
        )
    if seen.state == "answered":
        return Answer(
            str(seen.response).encode(),
            status_code=seen.status,
            headers=REPLAYED,
            media_type="application/json",
        )
    headers: dict[str, str] = {}
    try:
        body = encode(await work(f"idempotency:{key}"))
    except Failure as failure:
        if failure.status >= 500:
            raise
        body = encode(envelope(failure, request.scope["state"]["correlation_id"]))
        status, headers = failure.status, failure.headers
    await idempotency.finish(floor.pool, org_id, key, status, body.decode())
    return Answer(body, status_code=status, headers=headers, media_type="application/json")
