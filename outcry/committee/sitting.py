"""Servers and agents of the real floor in this process, asked round by round; no database and no venue behind them."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.entry import opened as agent_opened
from agents.llm.purse import Purse
from agents.llm.taping import Tape
from db.candles import CandleReader
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.server import build as build_indicators
from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.server import build as build_market
from mcp_servers.market.sources.recorded import RecordedSource
from mcp_servers.news.deps import NewsDeps
from mcp_servers.news.server import build as build_news
from mcp_servers.news.sources import FeedNews, NewsSource
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.server import build as build_risk
from mcp_servers.toolkit import Hosting, Present
from openoutcry.canonical import digest
from openoutcry.market.book import Book
from openoutcry.market.book_watch import LEVELS, Pressure, pressure_of
from openoutcry.market.candles import Candles
from openoutcry.market.synthetic_book import synthetic_book
from openoutcry.portfolio import opening
from openoutcry.settings import Settings
from openoutcry.types.market import Snapshot
from openoutcry.types.record import Decision
from openoutcry.types.votes import Ballot
from openoutcry.voting.seats import Seat
from openoutcry.voting.tally import tally
from orchestrator.bootstrap import seats
from orchestrator.look import Seen, Subject, look
from orchestrator.poll import Askable, poll
from outcry.committee.books import SESSION, KeptBook
from outcry.committee.market import Market
from wire.config import DEFAULT_ORG, OPTIONAL_SCOPES, READ_SCOPES, ProcessConfig, RunSpec
from wire.connect import Connection
from wire.server import FloorServer
from wire.strategies import load_trading_defaults
from wire.tokens import RoundClaims, derive_key, sign_round

SERVERS = ("market", "indicators", "risk", "news")
DECIMALS = 2
PATIENCE_S = 60.0
"""Nobody waits for these rounds; a loaded machine may be slow."""
KEY = b"a committee of one process"


class Books(RecordedSource):
    """Stored candles, with the generated book of a synthetic market at each close."""

    def __init__(self, market: Market) -> None:
        self._market = market

    async def book_at(self, symbol: str, bar: Candles, levels: int) -> Book:
        """Of a recorded market none is known."""
        if self._market.source != "synthetic":
            return await super().book_at(symbol, bar, levels)
        return synthetic_book(0, symbol, bar, DECIMALS, levels)

    async def pressure_at(self, symbol: str, bar: Candles, as_of: datetime) -> Pressure:
        """The book's own."""
        return pressure_of(await self.book_at(symbol, bar, LEVELS))


class Peeking(Connection):
    """A planted leak: the server's round is said to end later than it does."""

    def __init__(self, name: str, target: FloorServer, ahead: timedelta) -> None:
        super().__init__(name, target)
        self._ahead = ahead
        self.claims: RoundClaims | None = None

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        """The answer of a later moment."""
        if self.claims is not None:
            round_token = signed(self.claims.model_copy(update={"as_of": self.claims.as_of + self._ahead}))
        return await super().call(tool, arguments, round_token=round_token, timeout_s=timeout_s)


def signed(claims: RoundClaims) -> str:
    """A round's token for every server here."""
    return sign_round({name: derive_key(KEY, name) for name in SERVERS}, claims)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round saw, heard and decided."""

    seen: Seen
    ballots: tuple[Ballot, ...]
    decision: Decision

    @property
    def snapshot(self) -> Snapshot:
        """The view all shared."""
        return self.seen.snapshot

    def plain(self) -> dict[str, Any]:
        """As data, for comparing."""
        return {
            "snapshot": self.snapshot.model_dump(mode="json"),
            "features": self.seen.features,
            "ballots": {
                one.agent: one.model_dump(mode="json", exclude={"mind": {"latency_ms"}})
                for one in self.ballots
            },
            "decision": self.decision.model_dump(mode="json"),
        }

    @property
    def digest(self) -> str:
        """Digest of all of it: decision, ballots with every tool's answer, snapshot and features."""
        return digest(self.plain())


@dataclass
class Sitting:
    """A committee at a market."""

    market: Market
    settings: Settings
    servers: Mapping[str, Connection]
    agents: Mapping[str, Askable]
    book: KeptBook
    seats: tuple[Seat, ...]
    _seen: dict[datetime, Seen] = field(default_factory=dict)

    def token(self, seq: int, as_of: datetime) -> str:
        """The round's token, which says up to when anything may be seen."""
        market = self.market
        claims = RoundClaims(
            session_id=str(SESSION),
            org_id=DEFAULT_ORG,
            seq=seq,
            as_of=as_of,
            source=market.source,
            timeframe=market.timeframe,
            symbols=tuple(s for s in (market.symbol, market.hedge_symbol) if s),
        )
        for server in self.servers.values():
            if isinstance(server, Peeking):
                server.claims = claims
        return signed(claims)

    async def look(self, seq: int, as_of: datetime) -> Seen:
        """The round's snapshot and features, from the servers."""
        market = self.market
        subject = Subject(market.symbol, market.hedge_symbol, market.timeframe, market.source)
        return await look(
            self.servers["market"],
            self.servers["indicators"],
            subject,
            seq=seq,
            as_of=as_of,
            round_token=self.token(seq, as_of),
        )

    async def ask(self, snapshot: Snapshot, names: tuple[str, ...]) -> tuple[Ballot, ...]:
        """The ballots of these agents."""
        asked = {name: self.agents[name] for name in names}
        token = self.token(snapshot.seq, snapshot.as_of)
        return (await poll(asked, snapshot, token, PATIENCE_S)).ballots

    async def decide(self, seq: int, as_of: datetime) -> Round:
        """One whole round."""
        seen = await self.look(seq, as_of)
        ballots = await self.ask(seen.snapshot, tuple(self.agents))
        return Round(seen, ballots, tally(seen.snapshot, ballots, self.seats, self.settings))


@contextlib.asynccontextmanager
async def seated(
    home: Path,
    market: Market,
    settings: Settings,
    *,
    ahead: timedelta | None = None,
    tape: Tape | None = None,
    vendor_keys: Mapping[str, str] | None = None,
    purse: Purse | None = None,
    news: NewsSource | None = None,
) -> AsyncIterator[Sitting]:
    """Open everything over a home that holds the market. ``ahead`` plants a leak: the indicators answer from that much later.

    Models are asked with ``vendor_keys``, through ``tape``, and paid from ``purse``. ``news`` replaces the configured feeds.
    """
    patient = settings.model_copy(
        update={"voting": settings.voting.model_copy(update={"deadline_s": PATIENCE_S})}
    )
    book = KeptBook(market, settings, opening("USDT", Decimal(settings.trading.initial_capital)))
    async with contextlib.AsyncExitStack() as stack:
        servers: dict[str, Connection] = {}
        for name, server in _servers(home, market, settings, book, news).items():
            peeks = ahead is not None and name == "indicators"
            servers[name] = Peeking(name, server, ahead) if peeks and ahead else Connection(name, server)
            stack.push_async_callback(servers[name].close)
        voices = seats(settings, tuple(_names(settings)))
        agents: dict[str, Askable] = {}
        for seat in voices:
            config = ProcessConfig(
                name=f"agent-{seat.agent}",
                home=home,
                database_url=None,
                run=RunSpec(market=market.source, exchange=market.exchange, timeframe=market.timeframe),
                settings=patient,
                endpoints={},
                key=derive_key(KEY, f"agent-{seat.agent}"),
                vendor_keys=dict(vendor_keys or {}),
            )
            hosted = await stack.enter_async_context(
                agent_opened(config, None, servers=servers, tape=tape, purse=purse)
            )
            connection = Connection(config.name, hosted)
            stack.push_async_callback(connection.close)
            agents[seat.agent] = connection
        yield Sitting(market, settings, servers, agents, book, voices)


def _names(settings: Settings) -> list[str]:
    from agents.registry import discover

    return [seat.agent for seat in discover().seats(settings)]


def _servers(
    home: Path, market: Market, settings: Settings, book: KeptBook, news: NewsSource | None
) -> dict[str, FloorServer]:
    reader, last = CandleReader(home), market.closes_at(len(market.spot) - 1)

    async def present() -> Present:
        return Present(last, market.source)

    def host(name: str, deps: Any) -> Hosting[Any]:
        scopes = {**READ_SCOPES, **OPTIONAL_SCOPES}[name]
        return Hosting(deps, present, derive_key(KEY, name), scopes, org_id=DEFAULT_ORG)

    indicators = IndicatorsDeps(reader, market.exchange, load_trading_defaults(home), settings=settings)
    return {
        "market": build_market(
            host("market", MarketDeps(reader, Books(market), market.exchange, market.timeframe))
        ),
        "indicators": build_indicators(host("indicators", indicators)),
        "risk": build_risk(host("risk", RiskDeps(book, reader, market.exchange, settings))),
        "news": build_news(host("news", NewsDeps(news or FeedNews(settings.news, home), settings.news))),
    }
