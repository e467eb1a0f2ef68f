"""The last check before an order leaves: no halt, and every lease it goes under still held.

Both are checked in the transaction that commits SENT. Whoever is stopped between that commit and the first byte, and
wakes when all is different, finds its SENT too old to act on and has to commit it anew, under what holds then. A cancel
leaves under its leases alone: a halt never stops one, but a ghost's would take away what its successor relies on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import asyncpg
import structlog

from db.leases import still_held
from mcp_servers.execution.intents import Halted, Intent, sent
from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.venues.protocol import Still
from openoutcry.errors import VenueUnknown
from openoutcry.types.fence import Fence
from wire.crashpoint import crashpoint
from wire.patience import late_by

log = structlog.get_logger()
FRESH_S = 0.5
"""How long after its check an order may still leave: with the venue's own delay, what a halt lets through."""
TRIES = 10


@dataclass(frozen=True, slots=True)
class Guard:
    """What must hold when an order leaves: the leases of the account and of who asks, no kill file, and a caller that waits
    until ``until``; None: nobody does.
    """

    fences: tuple[Fence, ...]
    kill_file: KillFile
    until: datetime | None = None

    @property
    def account(self) -> tuple[Fence, ...]:
        """The account's lease, the first: under it, whoever asked, the venue's answer is written."""
        return self.fences[:1]


async def leave(pool: asyncpg.Pool, intent: Intent, guard: Guard) -> float:
    """Commit SENT; returns the ``monotonic`` time until which the order may leave on the strength of it.

    Raises Halted, which is definitive, Fenced, and VenueUnknown when the database is too slow to act upon, or the caller gone.
    """
    for _ in range(TRIES):
        if (late := late_by(guard.until)) > 0:
            raise VenueUnknown(f"its caller stopped waiting {late:.1f} s ago: the order was not sent")
        until = monotonic() + FRESH_S
        reason = guard.kill_file.reason()
        if reason is not None and not intent.approval.reduces:
            raise Halted(f"HALTED: {reason}")
        await sent(pool, intent, guard.fences)
        crashpoint("k9")
        if monotonic() < until:
            return until
        log.warning("sent_too_long_ago", leg=intent.request.leg, seq=intent.seq)
    raise VenueUnknown("the database is too slow: the order was not sent")


async def holding(pool: asyncpg.Pool, fences: Sequence[Fence]) -> Still:
    """Check the leases that a cancel goes under; what comes back checks them again when that was too long ago.

    Raises Fenced.
    """
    until = 0.0

    async def still() -> None:
        nonlocal until
        if (now := monotonic()) >= until:
            await still_held(pool, fences)
            until = now + FRESH_S

    await still()
    return still
