"""What the memory server stands on."""

from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from db.candles import CandleReader
from db.pool import LOST
from mcp_servers.memory.meaning import Meaning
from mcp_servers.toolkit import Call
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.minds.contamination import Cutoffs


@dataclass(frozen=True, slots=True)
class MemoryDeps:
    """The floor's database (None without one), the candle store, the exchange whose candles are meant, and who embeds queries."""

    pool: asyncpg.Pool | None
    reader: CandleReader
    exchange: str
    meaning: Meaning
    cutoffs: Cutoffs = field(default_factory=dict)
    """Until when models have read."""


GONE = (*LOST, asyncpg.InterfaceError)
"""What it is when the database is away."""


def pool_of(call: Call[MemoryDeps]) -> asyncpg.Pool:
    """The database that remembers. Raises DataUnavailable without one."""
    if call.deps.pool is None:
        raise DataUnavailable("no floor database: there is nothing to remember")
    return call.deps.pool


def org_of(call: Call[MemoryDeps]) -> UUID:
    """Whose memory is asked: the round's, else the caller's."""
    return UUID(call.round.org_id if call.round is not None else call.caller.org_id)


def read_id(text: str, field: str) -> UUID:
    """Raises BadInput for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(f"{field}: must be a UUID", field=field) from None
