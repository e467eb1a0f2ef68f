"""What commands about risk and hedges ask: the home's ledger and candle store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from db.candles import CandleReader
from db.reads.sessions_seen import RiskSource, sessions_seen
from openoutcry.errors import BadInput
from openoutcry.risk.seen import Seen
from outcry.database import floor_database
from wire.config import DEFAULT_ORG, load_settings

ORG = UUID(DEFAULT_ORG)


@asynccontextmanager
async def risk_source(home: Path) -> AsyncIterator[RiskSource]:
    """Raises StartupRefused when the home has no database yet."""
    async with floor_database(home) as pool:
        yield RiskSource(pool, CandleReader(home), load_settings(home))


async def seen_of(source: RiskSource, session: str | None) -> tuple[Seen, ...]:
    """The sessions asked for. Raises BadInput naming ``session``, DataUnavailable."""
    try:
        wanted = None if session is None else UUID(session)
    except ValueError:
        raise BadInput(f"--session: {session!r} is not a session's id", field="session") from None
    return await sessions_seen(source, ORG, wanted)
