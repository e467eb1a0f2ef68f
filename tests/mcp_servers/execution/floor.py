"""An execution server with a floor behind it: a database, a session, candles, round tokens and approvals."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from db import halting, sessions
from db.pool import open_pool
from mcp_servers.execution.server import opened
from openoutcry.canonical import derived_id
from openoutcry.ledger.facts import SessionFacts
from openoutcry.orders import client_order_id, order_hash
from openoutcry.settings import Settings
from openoutcry.types.orders import Approval, OrderRequest
from tests.mcp_servers.execution.venue import HOUR, PERP, SESSION, SPOT, T0, store_bars
from wire.config import DEFAULT_ORG, FLOOR_SCOPES, ProcessConfig, RunSpec
from wire.connect import Connection
from wire.tokens import Caller, RoundClaims, derive_key, mint_caller, sign_approval, sign_round

ROOT = b"a floor key for tests, long enough"
KEY = derive_key(ROOT, "execution")
NOTHING: Mapping[str, Any] = {}
FLAT = (100.0, 100.0, 100.0, 100.0)
SETTINGS = Settings.model_validate({"venue": {"half_spread_bps": "0", "slippage_bps": "0"}})


def facts(session: str = SESSION) -> SessionFacts:
    return SessionFacts(
        session_id=UUID(session),
        org_id=UUID(DEFAULT_ORG),
        mode="PAPER",
        symbol=SPOT,
        hedge_symbol=PERP,
        exchange="binance",
        timeframe="1h",
        source="recorded",
        seed=7,
        initial_capital=Decimal(10_000),
        config_digest="0" * 64,
    )


def claims(seq: int, hour: float, **more: Any) -> RoundClaims:
    base = {
        "session_id": SESSION,
        "org_id": DEFAULT_ORG,
        "seq": seq,
        "as_of": T0 + hour * HOUR,
        "source": "recorded",
    }
    return RoundClaims.model_validate(base | {"timeframe": "1h", "symbols": (SPOT, PERP)} | more)


def token(seq: int, hour: float, **more: Any) -> str:
    return sign_round({"execution": KEY}, claims(seq, hour, **more))


def approve(request: OrderRequest, seq: int, hour: float, changes: Mapping[str, Any] = NOTHING) -> Approval:
    approval = Approval(
        approval_id=str(derived_id(UUID(SESSION), "approval", seq, request.leg)),
        client_order_id=client_order_id(SESSION, seq, request.leg),
        order_hash=order_hash(request),
        session_id=SESSION,
        seq=seq,
        expires_at=T0 + hour * HOUR + timedelta(hours=1),
        mac="",
    )
    return sign_approval(KEY, approval.model_copy(update=changes))


def arguments(
    request: OrderRequest, seq: int, hour: float, after: int = 0, changes: Mapping[str, Any] = NOTHING
) -> dict[str, Any]:
    approval = approve(request, seq, hour, changes)
    asked = {"order": request.model_dump(mode="json"), "approval": approval.model_dump(mode="json")}
    return {**asked, "after": after}


def bearer(*scopes: str, org_id: str = DEFAULT_ORG) -> str:
    granted = scopes or FLOOR_SCOPES["execution"]
    return mint_caller(KEY, Caller(client_id="tests", audience="execution", scopes=granted, org_id=org_id))


@dataclass
class Floor:
    """A running execution server, called as the orchestrator calls it."""

    home: Path
    pool: asyncpg.Pool
    server: Connection

    async def place(self, request: OrderRequest, *, seq: int, hour: float, after: int = 0) -> dict[str, Any]:
        asked = arguments(request, seq, hour, after)
        return await self.server.call("place_order", asked, round_token=token(seq, hour), timeout_s=20)

    async def sync(self, *, seq: int, hour: float, after: int = 0) -> dict[str, Any]:
        return await self.server.call(
            "sync_account", {"after": after}, round_token=token(seq, hour), timeout_s=20
        )

    async def cancel(
        self, order_seq: int, leg: str, *, seq: int, hour: float, after: int = 0
    ) -> dict[str, Any]:
        asked = {"order_seq": order_seq, "leg": leg, "after": after}
        return await self.server.call("cancel_order", asked, round_token=token(seq, hour), timeout_s=20)

    async def row(self, seq: int, leg: str) -> asyncpg.Record | None:
        return await self.pool.fetchrow("SELECT * FROM orders WHERE seq = $1 AND leg = $2", seq, leg)


async def prepared(home: Path, url: str) -> asyncpg.Pool:
    """Candles in the home, a session in the database; an open pool."""
    store_bars(home, SPOT, [FLAT, (100, 101, 94, 100), (100, 112, 99, 110), FLAT], T0 - HOUR)
    store_bars(home, PERP, [FLAT] * 4, T0 - HOUR)
    pool = await open_pool(url)
    await sessions.create(pool, facts(), "tests", SETTINGS)
    return pool


def config(home: Path, url: str) -> ProcessConfig:
    return ProcessConfig(
        name="execution",
        home=home,
        database_url=url,
        run=RunSpec(market="recorded", exchange="binance", timeframe="1h"),
        settings=SETTINGS,
        endpoints={},
        key=KEY,
    )


async def halted(
    pool: asyncpg.Pool, reason: str, symbol: str | None = None, *, flatten: bool = False
) -> None:
    """Throw the kill switch."""
    org = UUID(DEFAULT_ORG)
    await halting.throw(
        pool, org, reason=reason, by="me", source="cli", at=T0, symbol=symbol, flatten=flatten
    )


@asynccontextmanager
async def floor_in_memory(home: Path, url: str) -> AsyncIterator[Floor]:
    """The server in this process."""
    pool = await prepared(home, url)
    try:
        async with opened(config(home, url), None) as server:
            connection = Connection("execution", server)
            yield Floor(home, pool, connection)
            await connection.close()
    finally:
        await pool.close()
