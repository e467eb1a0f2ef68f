"""What the exchange did between records reaches the ledger at once: the floor is asked for a record that tells of it.

The comparison of the account hears of a fill or an end within seconds; a session's next round may be an hour away. Whether a
record has told of it is read off the database at each look, so a restart loses nothing. Each piece of news asks once, and again,
more and more rarely, when the record that was asked for did not tell of it: the exchange may have been silent just then.
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
AGAIN_S = 30.0
"""After a record that did not tell of what it was asked for; twice as long after each further one."""
MOST_TRIES = 8
BY = "execution"


class Hearing:
    """One account's. ``look`` may be called as often as one likes."""

    def __init__(self, pool: asyncpg.Pool, org_id: UUID, account: str, *, settle_s: float = SETTLE_S) -> None:
        self._pool, self._org_id, self._account, self._settle_s = pool, org_id, account, settle_s
        self._ends: set[Noticed] = set()
        self._quiet = False
        """Nothing is left to be told of: as long as comparisons find nothing, the database is not asked."""

    async def look(self, words: Sequence[Verdict]) -> None:
        """After each comparison, with what it found: ask for a record of each session that has news no record tells."""
        if self._quiet and not words:
            return
        moved = [word.difference.order for word in words if word.difference.kind == "order_moved"]
        self._ends |= {Noticed(order.client_order_id, None) for order in moved if order and not order.open}
        if await self._due():
            await asyncio.sleep(self._settle_s)
            for session, (noticed, tries) in (await self._due()).items():
                await self._ask(session, noticed, tries)

    async def _due(self) -> dict[UUID, tuple[Noticed, int]]:
        """By session the newest piece of news that no record tells and nobody waits for, with how often it was asked about."""
        fills = [
            Noticed(row["client_order_id"], ledger_name(row["symbol"], row["trade_id"]))
            for row in reversed(await hearing.newest_fills(self._pool, self._account))
        ]
        found = await hearing.untold(self._pool, self._org_id, [*self._ends, *fills])
        self._ends &= {noticed for _, noticed in found}
        self._quiet = not found
        filled = {noticed.client_order_id for _, noticed in found if noticed.trade_id is not None}
        due = {}
        for session, noticed in found:
            if noticed.trade_id is None and noticed.client_order_id in filled:
                continue  # whoever tells of the fill tells of the end
            tries, rested_s = await commands.tried(self._pool, self._org_id, _names(noticed))
            if tries == 0 or (
                tries < MOST_TRIES and rested_s is not None and rested_s >= AGAIN_S * 2 ** (tries - 1)
            ):
                due[session] = noticed, tries
        return due

    async def _ask(self, session: UUID, noticed: Noticed, tries: int) -> None:
        """Queue the command, unless one of the session's waits already: it will hear of this too."""
        if await commands.waiting(self._pool, self._org_id, "hear_account", session):
            return
        log.info("account_heard", session=str(session), **noticed._asdict())
        command = HearAccount(session_id=str(session), **noticed._asdict())
        await commands.submit(self._pool, self._org_id, command, BY, once=_names(noticed)[tries])


def _names(noticed: Noticed) -> list[str]:
    """What each try of asking is called. An order's name belongs to one session for ever."""
    first = f"heard:{noticed.client_order_id}:{noticed.trade_id}"
    return [first, *(f"{first}:{again}" for again in range(1, MOST_TRIES))]
