"""Books read from the floor's database: one query a round, however many tools ask."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from decimal import Decimal
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import LOST
from mcp_servers.risk.books import Book
from openoutcry.errors import DataUnavailable
from openoutcry.settings import Settings, changed
from openoutcry.types.book import Portfolio
from openoutcry.types.market import DataFault
from openoutcry.types.orders import OrderRequest, OrderState, WorkingOrder
from wire.tokens import RoundClaims

SESSION = "s.id AS session_id, s.symbol, s.hedge_symbol, s.timeframe, s.mode, s.status"
FLOOR = """
(SELECT value FROM floor_state WHERE key = 'config') AS config,
(SELECT value FROM floor_state WHERE key = 'halt') AS halt
"""
ROUND = f"""
SELECT {SESSION}, {FLOOR}, r.opening -> 'portfolio' AS portfolio, r.opening -> 'snapshot' AS snapshot
FROM rounds r JOIN sessions s ON s.id = r.session_id
WHERE r.session_id = $1 AND r.seq = $2 AND r.org_id = $3
"""
LATEST = f"""
SELECT {SESSION}, {FLOOR}, c.body::jsonb -> 'portfolio_after' AS portfolio, c.body::jsonb -> 'snapshot' AS snapshot,
       c.body::jsonb -> 'detail' -> 'marks' AS marks
FROM sessions s JOIN cycles c ON c.session_id = s.id AND c.seq = s.head_seq
WHERE s.org_id = $1 AND ($2::text IS NULL OR $2 IN (s.symbol, s.hedge_symbol)) AND ($3::uuid IS NULL OR s.id = $3)
ORDER BY s.status = 'STOPPED', c.as_of DESC, s.symbol LIMIT 1
"""
WORKING = """
SELECT seq, leg, symbol, side, type, quantity, price, stop_price, time_in_force, reduce_only, oco_group, reason, status,
       venue_order_id, executed_quantity, executed_quote_quantity
FROM orders WHERE session_id = $1 AND status IN ('INTENT', 'SENT', 'NEW', 'PARTIALLY_FILLED', 'UNKNOWN')
ORDER BY seq, leg
"""
EQUITY = "SELECT equity FROM equity WHERE session_id = $1 ORDER BY seq DESC LIMIT $2"
KEPT_ROUNDS = 8
KEPT_S = 2.0
"""A round's opening may be written again after a crash; no round's questions take this long."""


class LedgerBooks:
    """Books over Postgres. Questions of one round share one query, those asked at the same moment
    included.
    """

    def __init__(self, pool: asyncpg.Pool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._rounds: OrderedDict[tuple[str, int, str], tuple[float, asyncio.Task[Book]]] = OrderedDict()
        self._changed: tuple[Mapping[str, Any], Settings] = ({}, settings)

    async def of_round(self, claims: RoundClaims) -> Book:
        """The portfolio the round was opened with. Raises DataUnavailable."""
        key = (claims.session_id, claims.seq, claims.org_id)
        kept = self._rounds.get(key)
        if kept is None or kept[0] < monotonic() or (kept[1].done() and kept[1].exception() is not None):
            kept = (monotonic() + KEPT_S, asyncio.create_task(self._opened(claims)))
            self._rounds[key] = kept
            while len(self._rounds) > KEPT_ROUNDS:
                self._rounds.popitem(last=False)
        return await asyncio.shield(kept[1])

    async def latest(self, org_id: str, symbol: str | None = None, session_id: UUID | None = None) -> Book:
        """The book after the last record. Raises DataUnavailable when no session fits."""
        row = await self._row(LATEST, UUID(org_id), symbol, session_id)
        if row is None:
            wanted = f" that trades {symbol}" if symbol else f" {session_id}" if session_id else ""
            raise DataUnavailable(f"there is no session{wanted}")
        return self._book(row, row["marks"] or {})

    async def working(self, session_id: UUID) -> tuple[WorkingOrder, ...]:
        """Open orders, oldest first."""
        return tuple(_working(row) for row in await self._rows(WORKING, session_id))

    async def equity(self, session_id: UUID, limit: int) -> list[float]:
        """Equity per record, oldest first."""
        return [float(row["equity"]) for row in reversed(await self._rows(EQUITY, session_id, limit))]

    async def _opened(self, claims: RoundClaims) -> Book:
        session_id = UUID(claims.session_id)
        row = await self._row(ROUND, session_id, claims.seq, UUID(claims.org_id))
        if row is None or row["portfolio"] is None:
            return await self.latest(claims.org_id, session_id=session_id)
        return self._book(row, {})

    def _book(self, row: asyncpg.Record, marks: Mapping[str, Any]) -> Book:
        snapshot: Mapping[str, Any] = row["snapshot"] or {}
        quotes = [quote for quote in (snapshot.get("quote"), snapshot.get("hedge")) if quote]
        seen = {quote["symbol"]: quote["price"] for quote in quotes}
        return Book(
            session_id=row["session_id"],
            symbol=row["symbol"],
            hedge_symbol=row["hedge_symbol"],
            timeframe=row["timeframe"],
            mode=row["mode"],
            portfolio=Portfolio.model_validate(row["portfolio"]),
            settings=self._in_force(row["config"] or {}),
            marks={symbol: Decimal(price) for symbol, price in {**marks, **seen}.items()},
            faults=tuple(DataFault.model_validate(fault) for fault in snapshot.get("faults", ())),
            funding_rate=snapshot.get("funding_rate"),
            paused=row["status"] == "PAUSED",
            halted=row["halt"] is not None,
        )

    def _in_force(self, updates: Mapping[str, Any]) -> Settings:
        if self._changed[0] != updates:
            self._changed = (updates, changed(self._settings, updates))
        return self._changed[1]

    async def _row(self, query: str, *arguments: object) -> asyncpg.Record | None:
        rows = await self._rows(query, *arguments)
        return rows[0] if rows else None

    async def _rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        try:
            return list(await self._pool.fetch(query, *arguments))
        except (*LOST, asyncpg.InterfaceError) as error:
            raise DataUnavailable(f"the floor's database does not answer: {type(error).__name__}") from error


def _working(row: asyncpg.Record) -> WorkingOrder:
    request = OrderRequest(
        leg=row["leg"],
        symbol=row["symbol"],
        side=row["side"],
        type=row["type"],
        quantity=row["quantity"],
        price=row["price"],
        stop_price=row["stop_price"],
        time_in_force=row["time_in_force"],
        reduce_only=row["reduce_only"],
        oco_group=row["oco_group"],
        reason=row["reason"],
    )
    state = OrderState(
        order_seq=row["seq"],
        leg=row["leg"],
        status=row["status"],
        venue_order_id=row["venue_order_id"],
        executed_quantity=row["executed_quantity"],
        executed_quote=row["executed_quote_quantity"],
    )
    return WorkingOrder(request=request, state=state)
