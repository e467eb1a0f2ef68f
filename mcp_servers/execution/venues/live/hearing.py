"""What the exchange did between records reaches the ledger at once: the floor is asked for a record that tells of it.

The comparison of the account hears of a fill or an end within seconds; a session's next round may be an hour away. Whether a
record has told of it is read off the database at each look, so a restart loses nothing, and each piece of news asks once.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import structlog

from db import commands, hearing
from db.hearing import Noticed
from mcp_servers.execution.venues.live.dialect import ledger_name
from openoutcry.reconcile.policy import Verdict
from openoutcry.types.commands import HearAccount

log = structlog.get_logger()
SETTLE_S = 2.0
"""What a round or a command in hand has to tell of its own orders."""
BY = "execution"


class Hearing:
    """One account's. ``look`` may be called as often as one likes."""

    def __init__(self, pool: asyncpg.Pool, org_id: UUID, account: str, *, settle_s: float = SETTLE_S) -> None:
        self._pool, self._org_id, self._account, self._settle_s = pool, org_id, account, settle_s
        self._quiet = False
        """Nothing is left to be told of: as long as comparisons find nothing, the database is not asked."""

    async def look(self, words: Sequence[Verdict]) -> None:
        """After each comparison, with what it found: ask for a record of each session that has news no record tells."""
        if self._quiet and not words:
            return
        news = await self._news(words)
        if news:
            await asyncio.sleep(self._settle_s)
            news = await self._news(words)
        for session, noticed in news.items():
            await self._ask(session, noticed)
        self._quiet = not news

    async def _news(self, words: Sequence[Verdict]) -> dict[UUID, Noticed]:
        """By session the newest piece of news that no record tells and nobody has asked about yet."""
        fills = [
            Noticed(row["client_order_id"], ledger_name(row["symbol"], row["trade_id"]))
            for row in reversed(await hearing.newest_fills(self._pool, self._account))
        ]
        moved = [word.difference.order for word in words if word.difference.kind == "order_moved"]
        ends = [Noticed(order.client_order_id, None) for order in moved if order and not order.open]
        return {
            session: noticed
            for session, noticed in await hearing.untold(self._pool, self._org_id, [*ends, *fills])
            if not await commands.asked(self._pool, self._org_id, _once(noticed))
        }

    async def _ask(self, session: UUID, noticed: Noticed) -> None:
        """Queue the command, unless one of the session's waits already: it will hear of this too."""
        if await commands.waiting(self._pool, self._org_id, "hear_account", session):
            return
        log.info("account_heard", session=str(session), **noticed._asdict())
        command = HearAccount(session_id=str(session), **noticed._asdict())
        await commands.submit(self._pool, self._org_id, command, BY, once=_once(noticed))


def _once(noticed: Noticed) -> str:
    """A name belongs to one session for ever."""
    return f"heard:{noticed.client_order_id}:{noticed.trade_id}"
