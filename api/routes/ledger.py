"""``/api/v1/ledger/verify``: is everything as it was written?"""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import get

from api.access import caller_of
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.params import SessionId, read_session
from api.requests import AnyRequest
from api.shapes.base import Shape
from db.pool import open_pool
from db.reads import sessions as reads
from db.verify import Verification, verify

MOST_FINDINGS = 20
MOST_SESSIONS = 500


class Bad(Shape, frozen=True, kw_only=True):
    """One thing that is not what was written; ``column`` is ``*`` for a whole row."""

    session_id: UUID
    table: str
    id: str
    column: str
    expected: str
    found: str


class Chain(Shape, frozen=True, kw_only=True):
    """One session's chain and the rows under it. ``in_flight`` rows are ahead of the records: of the round in progress, and of
    orders of which the records do not know yet whether the venue has them.
    """

    session_id: UUID
    ok: bool
    records: int
    head_seq: int
    head_hash: str
    anchored: bool
    in_flight: int
    findings: list[Bad]
    count: int


class LedgerState(Shape, frozen=True, kw_only=True):
    """The whole ledger. ``head_hash`` is that of the session asked for, else of the newest."""

    ok: bool
    records: int
    head_hash: str | None
    first_bad: Bad | None
    sessions: list[Chain]


@get("/api/v1/ledger/verify", tags=["ledger"], errors=(409,))
async def verify_ledger(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> LedgerState:
    """Walk the hash chain and compare every row with the records it follows from; names the first difference."""
    org_id, wanted = caller_of(request).org_id, read_session(session_id)
    if wanted is None:
        rows = await reads.list_sessions(floor.pool, org_id, limit=MOST_SESSIONS)
    else:
        row = await reads.get_session(floor.pool, org_id, wanted)
        if row is None:
            raise Failure(404, "session not found", session_id=wanted)
        rows = [row]
    if floor.verifying.locked():
        raise Failure(
            409,
            "a verification is running",
            details="ask again when it is done",
            headers={"Retry-After": "5"},
        )
    async with floor.verifying:
        return _state(await asyncio.to_thread(_walk, floor, rows))


def _walk(floor: Floor, rows: list[Mapping[str, Any]]) -> list[Verification]:
    """In a thread with its own loop and connection: hashing a long ledger must not hold up other requests."""

    async def walk() -> list[Verification]:
        pool = await open_pool(floor.database_url, least=0, most=1)
        try:
            return [await verify(pool, row["id"], floor.home) for row in rows]
        finally:
            await pool.close()

    return asyncio.run(walk())


def _state(found: list[Verification]) -> LedgerState:
    chains = [_chain(one) for one in found]
    return LedgerState(
        ok=all(chain.ok for chain in chains),
        records=sum(chain.records for chain in chains),
        head_hash=chains[0].head_hash if chains else None,
        first_bad=next((bad for chain in chains for bad in chain.findings), None),
        sessions=chains,
    )


def _chain(one: Verification) -> Chain:
    findings = [
        Bad(
            session_id=one.session_id,
            table=bad.table,
            id=bad.id,
            column=bad.column,
            expected=bad.expected,
            found=bad.found,
        )
        for bad in one.findings[:MOST_FINDINGS]
    ]
    return Chain(
        session_id=one.session_id,
        ok=one.ok,
        records=one.records,
        head_seq=one.head_seq,
        head_hash=one.head_hash,
        anchored=one.anchored,
        in_flight=one.in_flight,
        findings=findings,
        count=len(one.findings),
    )


HANDLERS = [verify_ledger]
