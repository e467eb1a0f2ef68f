"""Giving every decision its vector in one space, batch by batch: each is committed for itself, so a kill loses one batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from uuid import UUID

import asyncpg
import structlog

from db.memory import spaces
from db.memory.paying import Account
from db.memory.spaces import Kept
from db.pool import Row
from wire.embedders import WORD, Embedder, cut
from wire.vendor_faults import ProviderFault

log = structlog.get_logger()
READ = 512
BATCH = 32
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Filler:
    """One embedder, its space and who pays for it."""

    pool: asyncpg.Pool
    embedder: Embedder
    account: Account
    kept: Kept

    async def fill(self) -> int:
        """Give every decision its vector; returns how many got one now. Raises ProviderFault and NoMoney."""
        done = 0
        while rows := await spaces.without(self.pool, self.kept, READ):
            for org_id, some in groupby(rows, key=lambda row: row["org_id"]):
                listed = list(some)
                for start in range(0, len(listed), BATCH):
                    await self._keep(org_id, listed[start : start + BATCH])
            done += len(rows)
            if len(rows) < READ:
                break
        return done

    async def _keep(self, org_id: UUID, rows: Sequence[Row]) -> None:
        try:
            vectors = await self._asked(org_id, [row["prompt"] for row in rows])
        except ProviderFault as fault:
            if fault.passing or fault.about != "answer":
                raise
            if len(rows) > 1:  # which of them is it?
                for row in rows:
                    await self._keep(org_id, [row])
                return
            await self._refused(org_id, rows[0], fault)
            return
        await spaces.keep(self.pool, self.kept, org_id, [row["id"] for row in rows], vectors)

    async def _refused(self, org_id: UUID, row: Row, fault: ProviderFault) -> None:
        """A text is to blame only where another one is taken. Raises ProviderFault where none is."""
        await self._asked(org_id, [WORD])
        log.warning("prompt_refused", decision=str(row["id"]), error=str(fault))
        await spaces.keep_refused(self.pool, self.kept, org_id, row["id"], str(fault))

    async def _asked(self, org_id: UUID, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        ask = partial(self.embedder.embed, timeout_s=PATIENCE_S)
        return (await self.account.paid(org_id, [cut(text) for text in texts], ask)).values
