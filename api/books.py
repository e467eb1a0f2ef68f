"""What the risk, hedging, positions and portfolio routes look at: the caller's sessions with their prices."""

from api.access import caller_of
from api.floor import Floor
from api.params import read_session
from api.requests import AnyRequest
from db.candles import CandleReader
from db.reads.sessions_seen import RiskSource, sessions_seen
from openoutcry.errors import DataUnavailable
from openoutcry.risk.seen import Seen


def source(floor: Floor) -> RiskSource:
    """The floor's ledger and the candles beside it. Raises DataUnavailable where this process has no home."""
    if floor.home is None:
        raise DataUnavailable("this API runs without a home folder, so it has no candles")
    return RiskSource(floor.pool, CandleReader(floor.home), floor.settings)


async def seen(request: AnyRequest, floor: Floor, session_id: str | None = None) -> tuple[Seen, ...]:
    """The session named, else every open one, else the last. Raises NotFound for the one named, DataUnavailable without any."""
    return await sessions_seen(source(floor), caller_of(request).org_id, read_session(session_id))


async def seen_or_none(request: AnyRequest, floor: Floor, session_id: str | None = None) -> tuple[Seen, ...]:
    """The same, and nothing where there is no session: who never traded holds nothing."""
    try:
        return await seen(request, floor, session_id)
    except DataUnavailable:
        return ()
