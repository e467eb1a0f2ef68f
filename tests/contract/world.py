"""A floor in memory with something behind every tool: candles, funding, a session, its book, an order, a round.

Two floors stand on the same database. The second one's candles go on after ``as_of``: whoever asks it within the round
must not notice. A venue account has one writer, so both have the same execution server.
"""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
from mcp import Client
from mcp.server import MCPServer
from mcp.types import CallToolResult

from agents.entry import opened as agent_opened
from agents.host import NAME as HOST
from agents.host import opened as host_opened
from db import halting, ledger, rounds, sessions
from db.candles import CandleStore, FundingSeries, Series
from db.commands import finish, pending
from db.memory.reflecting import reflect_all
from db.models.registering import Trained, register
from db.models.staging import move
from db.pool import open_pool
from db.regimes.force import model_name
from db.strategies.history import By
from mcp_servers.entry import opener
from mcp_servers.indicators.tools.evaluate_strategy import EXAMPLE
from openoutcry.canonical import derived_id
from openoutcry.hedging.execution import EXECUTE, told
from openoutcry.ledger.facts import SessionFacts
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.orders import client_order_id, order_hash
from openoutcry.portfolio import opening
from openoutcry.settings import NewsSettings, Settings
from openoutcry.strategy.seat import StrategySeat
from openoutcry.types.commands import CancelOrder, CloseHedges, ExecuteHedges, PlaceOrder
from openoutcry.types.market import Snapshot
from openoutcry.types.orders import Approval, OrderRequest
from openoutcry.types.record import CycleRecord
from openoutcry.types.timeframes import millis
from outcry.tools import names
from tests.contract.offered import Offer
from tests.db.conftest import Writer
from tests.factories import Session as Past
from tests.mcp_servers.market.hosting import PERP, SPOT, START, walk
from tests.openoutcry.regime.markets import planted
from wire.config import DEFAULT_ORG, ProcessConfig, RunSpec
from wire.connect import Connection
from wire.tokens import (
    OPTIONAL_SERVERS,
    ROUND_META_KEY,
    SERVERS,
    RoundClaims,
    derive_key,
    sign_approval,
    sign_round,
)

ROOT = b"the floor key of the contract tests"
EVERY = (*SERVERS, *OPTIONAL_SERVERS)
SESSION = UUID("44444444-4444-4444-4444-444444444444")
BARS, MORE = 400, 30
AS_OF = START + BARS * timedelta(hours=1)
FLAT, NEW = "FLAT/USDT", "NEW/USDT"
"""Markets that are hard on arithmetic: one that never moved, and one with three bars."""
CLAIMS = RoundClaims(
    session_id=str(SESSION),
    org_id=DEFAULT_ORG,
    seq=1,
    as_of=AS_OF,
    source="recorded",
    timeframe="1h",
    symbols=(SPOT, PERP),
)
SEAT = StrategySeat(
    agent="sma_cross",
    weight=1.0,
    id=UUID(int=5),
    name="SMA cross",
    version="1.0.0",
    asset="BTC",
    definition=EXAMPLE,
)
FACTS = SessionFacts(
    session_id=SESSION,
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


@dataclass(frozen=True)
class World:
    """The servers and agents by name, and what only this floor knows."""

    servers: dict[str, MCPServer[Any]]
    informed: dict[str, MCPServer[Any]]
    known: dict[str, Any]

    async def ask(
        self,
        offer: Offer,
        given: dict[str, Any],
        *,
        in_round: bool = False,
        informed: bool = False,
        as_of: datetime = AS_OF,
    ) -> CallToolResult:
        """One call, from a client of its own; ``informed`` asks the floor that has later candles."""
        server = (self.informed if informed else self.servers)[offer.server]
        meta: Any = {ROUND_META_KEY: round_token(as_of)} if in_round else None
        async with Client(server, cache=None) as client:
            return await client.call_tool(offer.name, given, meta=meta)


def round_token(as_of: datetime = AS_OF) -> str:
    """The token of the round in progress, good for every server; or one that is said to be later."""
    claims = CLAIMS.model_copy(update={"as_of": as_of})
    return sign_round({server: derive_key(ROOT, server) for server in EVERY}, claims)


def config(name: str, home: Path, url: str) -> ProcessConfig:
    return ProcessConfig(
        name=name,
        home=home,
        database_url=url,
        run=RunSpec(market="recorded", exchange="binance", symbols=(SPOT,), timeframe="1h"),
        settings=Settings(news=NewsSettings(feeds={"wire": "wire.json"}, fear_greed="fear_greed.csv")),
        endpoints={},
        key=derive_key(ROOT, name),
    )


def _flat(count: int, price: float) -> Candles:
    stamps = millis(START) + 3_600_000 * np.arange(BARS - count, BARS)
    prices = np.full(count, price)
    return Candles.of(stamps, prices, prices, prices, prices, np.zeros(count))


def furnish(home: Path, bars: int) -> None:
    """Store spot and perpetual, with funding, up to a bar; and the markets that are hard on arithmetic."""
    store = CandleStore(home)
    sides = {SPOT: walk(BARS + MORE), PERP: walk(BARS + MORE, seed=2)}
    for symbol, candles in sides.items():
        store.merge(Series("binance", symbol, "1h"), candles[:bars])
    for symbol, count in ((FLAT, BARS), (NEW, 3)):
        for name in (symbol, f"{symbol}:USDT"):
            store.merge(Series("binance", name, "1h"), _flat(count, 5.0))
    told = [
        {"title": f"Bitcoin rallies {hour}", "published_at": (START + timedelta(hours=hour)).isoformat()}
        for hour in range(0, bars + 1, 5)
    ]
    (home / "wire.json").write_text(json.dumps({"items": told}))
    (home / "fear_greed.csv").write_text(
        "".join(f"{(START + timedelta(days=day)).date()},{40 + day}\n" for day in range(bars // 24 + 1))
    )
    paid = millis(START) + 8 * 3_600_000 * np.arange(bars // 8 + 1)
    store.merge_funding(
        FundingSeries("binance", PERP), FundingRates.of(paid, 1e-4 + 1e-6 * np.arange(len(paid)))
    )


async def learn(pool: asyncpg.Pool) -> None:
    """Put a regime model of the spot market into production."""
    model = planted(trained_until=START)
    name = model_name(Series("binance", SPOT, "1h"))
    trained = Trained(
        name,
        model.kind,
        model.model_dump(mode="json"),
        {},
        {},
        model.seed,
        model.trained_from,
        model.trained_until,
    )
    kept = await register(pool, UUID(DEFAULT_ORG), trained, "contract")
    await move(pool, UUID(DEFAULT_ORG), name, kept.version, "Production", By("contract"))


async def remember(pool: asyncpg.Pool) -> UUID:
    """A session that ended long before, reflected on; the id of one of its decisions."""
    past = Past(seed=7)
    made = past.run(30)
    writer = await Writer(pool, past).open()
    for record in made:
        await writer.write(record)
    await reflect_all(pool)
    late = next(record for record in reversed(made[:20]) if record.decision is not None)
    return derived_id(past.facts.session_id, "decision", late.seq)


async def begin(pool: asyncpg.Pool) -> None:
    """Open the session, with a first record, on a floor that knows a regime model."""
    await learn(pool)
    head = await sessions.create(pool, FACTS, "contract", Settings())
    cash = opening("USDT", FACTS.initial_capital)
    record = CycleRecord(
        kind="OPEN", seq=0, as_of=AS_OF - timedelta(hours=1), source="recorded", config_digest="0" * 64,
        prev_hash=head.hash, portfolio_before=cash, portfolio_after=cash, equity=FACTS.initial_capital,
        detail={"marks": {SPOT: "40000", PERP: "40000"}},
    )  # fmt: skip
    await ledger.append(pool, record, FACTS, head, committed_at=AS_OF, timings={})


async def look(market: MCPServer[Any]) -> Snapshot:
    """The round's snapshot, as the orchestrator takes it."""
    connection = Connection("market", market)
    asked = {"symbol": SPOT, "timeframe": "1h", "hedge_symbol": PERP}
    seen = await connection.call("get_market_snapshot", asked, round_token=round_token())
    await connection.close()
    taken = {key: seen[key] for key in ("quote", "hedge", "funding_rate", "faults", "data_digest")}
    return Snapshot(
        symbol=SPOT, hedge_symbol=PERP, timeframe="1h", seq=1, as_of=AS_OF, source="recorded", **taken
    )


async def bought(execution: MCPServer[Any]) -> str:
    """An order of the round in progress, approved and at the venue; its id."""
    order = OrderRequest(leg="entry", symbol=SPOT, side="BUY", type="MARKET", quantity=Decimal("0.01"))
    approval = sign_approval(
        derive_key(ROOT, "execution"),
        Approval(
            approval_id=str(derived_id(SESSION, "approval", CLAIMS.seq, order.leg)),
            client_order_id=client_order_id(str(SESSION), CLAIMS.seq, order.leg),
            order_hash=order_hash(order),
            session_id=str(SESSION),
            seq=CLAIMS.seq,
            expires_at=AS_OF + timedelta(hours=1),
            mac="",
        ),
    )
    asked = {"order": order.model_dump(mode="json"), "approval": approval.model_dump(mode="json")}
    connection = Connection("execution", execution)
    placed = await connection.call("place_order", asked, round_token=round_token(), timeout_s=20)
    await connection.close()
    return str(placed["order_id"])


async def stand_in(pool: asyncpg.Pool, order_id: str) -> None:
    """An orchestrator that does what it is told: the order it placed is the one there is."""
    while True:
        for asked in await pending(pool, UUID(DEFAULT_ORG)):
            answer: dict[str, Any] = {"session_id": str(SESSION)}
            if isinstance(asked.command, PlaceOrder | CancelOrder):
                answer = {"order_id": order_id}
            elif isinstance(asked.command, ExecuteHedges | CloseHedges):
                answer = told((), EXECUTE)
            await finish(pool, asked.id, "DONE", answer)
        for symbol, stands in (await halting.standing(pool)).items():
            if not stands["swept"]:
                await halting.mark_swept(pool, symbol, flatten=stands["flatten"])
        await asyncio.sleep(0.01)


@asynccontextmanager
async def world(folder: Path, url: str) -> AsyncIterator[World]:
    """Both floors, open until the block ends."""
    home, later = folder / "home", folder / "later"
    furnish(home, BARS)
    async with contextlib.AsyncExitStack() as stack:
        pool = await open_pool(url)
        stack.push_async_callback(pool.close)
        past = await remember(pool)
        await begin(pool)
        servers = await _open(stack, home, url)
        snapshot = await look(servers["market"])
        await rounds.open_round(pool, FACTS, 1, AS_OF, snapshot, opening("USDT", FACTS.initial_capital))
        order_id = await bought(servers["execution"])
        shutil.copytree(home, later)
        furnish(later, BARS + MORE)
        informed = await _open(stack, later, url, execution=servers["execution"])
        task = asyncio.create_task(stand_in(pool, order_id))
        stack.callback(task.cancel)
        known = {
            "order_id": order_id,
            "session_id": str(SESSION),
            "decision_id": str(past),
            "snapshot": snapshot.model_dump(mode="json"),
            "strategy": SEAT.model_dump(mode="json"),
        }
        yield World(servers, informed, known)


async def _open(
    stack: contextlib.AsyncExitStack, home: Path, url: str, **opened: MCPServer[Any]
) -> dict[str, MCPServer[Any]]:
    servers = dict(opened)
    for name in EVERY:
        if name in servers:
            continue
        servers[name] = await stack.enter_async_context(opener(name)(config(name, home, url), None))
    connections = {name: Connection(name, server) for name, server in servers.items()}
    for connection in connections.values():
        stack.push_async_callback(connection.close)
    for name in names():
        if name not in EVERY:
            voice = host_opened if name == HOST else agent_opened
            asked = voice(config(name, home, url), None, servers=connections)
            servers[name] = await stack.enter_async_context(asked)
    return servers
