"""An event log in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

ORG = UUID("00000000-0000-0000-0000-000000000001")
AT = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    seq: int
    type: str
    at: datetime
    data: dict[str, Any]


@dataclass
class MemoryLog:
    """Implements ``EventLog``; ``add`` wakes the hub."""

    rows: dict[UUID, list[Row]] = field(default_factory=dict)
    forgotten: dict[UUID, int] = field(default_factory=dict)
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    def add(
        self, kind: str = "system_status", data: dict[str, Any] | None = None, org: UUID = ORG, count: int = 1
    ) -> None:
        rows = self.rows.setdefault(org, [])
        for _ in range(count):
            rows.append(
                Row(
                    len(rows) + 1,
                    kind,
                    AT,
                    data or {"status": "trading_started", "message": "open", "metadata": {}},
                )
            )
        self.bell.set()

    async def head(self, org_id: UUID) -> int:
        await asyncio.sleep(0)
        rows = self.rows.get(org_id)
        return rows[-1].seq if rows else 0

    async def after(self, org_id: UUID, seq: int, limit: int) -> Sequence[Row]:
        await asyncio.sleep(0)
        seq = max(seq, self.forgotten.get(org_id, 0))
        return [row for row in self.rows.get(org_id, []) if row.seq > seq][:limit]

    async def woken(self) -> AsyncIterator[None]:
        yield None
        while True:
            await self.bell.wait()
            self.bell.clear()
            yield None
