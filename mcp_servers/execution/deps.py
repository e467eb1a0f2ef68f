"""What the execution server stands on."""

from dataclasses import dataclass, field

import asyncpg

from db.candles import CandleReader
from mcp_servers.execution.desk import VenueDesk
from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.lookup import KnownSessions
from openoutcry.settings import Settings
from wire.clock import WallClock


@dataclass(frozen=True, slots=True)
class ExecutionDeps:
    """The database, the open venue accounts, the candle store; ``key`` is what approvals are signed under,
    ``kill_file`` what stops all entries while it is there.

    ``patience_s`` is how long a caller outside a round waits for the orchestrator.
    """

    pool: asyncpg.Pool
    desk: VenueDesk
    sessions: KnownSessions
    reader: CandleReader
    settings: Settings
    key: bytes
    kill_file: KillFile
    clock: WallClock = field(default_factory=WallClock)
    patience_s: float = 10.0
