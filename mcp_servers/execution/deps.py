"""What the execution server stands on."""

from dataclasses import dataclass, field

import asyncpg

from db.candles import CandleReader
from mcp_servers.execution.desk import VenueDesk
from openoutcry.settings import Settings
from wire.clock import WallClock


@dataclass(frozen=True, slots=True)
class ExecutionDeps:
    """The database, the open venue accounts, the candle store, and ``key``, under which approvals are signed."""

    pool: asyncpg.Pool
    desk: VenueDesk
    reader: CandleReader
    settings: Settings
    key: bytes
    clock: WallClock = field(default_factory=WallClock)
