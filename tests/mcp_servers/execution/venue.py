"""A paper venue on a temporary home: builders for the market it sees, and the steps of a session."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from db.candles import CandleReader, CandleStore, FundingSeries, Series
from mcp_servers.execution.venues.feed import Books, StoredFeed
from mcp_servers.execution.venues.paper import PaperVenue
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.orders import client_order_id
from openoutcry.sim.engine import Ticket
from openoutcry.sim.events import Opened
from openoutcry.sim.rules import VenueRules
from openoutcry.types.market import Source
from openoutcry.types.orders import OrderRequest, OrderState
from openoutcry.types.timeframes import millis

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
T0 = datetime(2023, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SESSION = "6b1c2f1e-4a43-5d4b-8a53-0d3a7c9a1f10"
RULES = VenueRules(seed=7, timeframe="1h", half_spread_bps=Decimal(0), slippage_bps=Decimal(0))
Prices = tuple[float, float, float, float]


def store_bars(
    home: Path, symbol: str, bars: Sequence[Prices], first: datetime = T0, volume: float = 1000.0
) -> None:
    """Append hourly bars (open, high, low, close) to the candle store, the first opening at ``first``."""
    stamps = [millis(first + n * HOUR) for n in range(len(bars))]
    opens, highs, lows, closes = (list(column) for column in zip(*bars, strict=True))
    candles = Candles.of(stamps, opens, highs, lows, closes, [volume] * len(bars))
    CandleStore(home).merge(Series("binance", symbol, "1h"), candles)


def store_funding(home: Path, rates: dict[datetime, float]) -> None:
    """Store funding rates of the perpetual."""
    times, values = [millis(at) for at in rates], list(rates.values())
    CandleStore(home).merge_funding(FundingSeries("binance", PERP), FundingRates.of(times, values))


def open_venue(
    home: Path,
    *,
    source: Source = "recorded",
    books: Books | None = None,
    rules: VenueRules = RULES,
    session: str = SESSION,
    capital: Decimal = Decimal(10_000),
) -> PaperVenue:
    """Open (or reopen) the session's account."""
    feed = StoredFeed(CandleReader(home), "binance", rules.timeframe, source, books)
    opening = Opened(at=T0, account=session, quote_asset="USDT", capital=capital, rules=rules)
    return PaperVenue(home / "venue" / f"{session}.jsonl", feed, (SPOT, PERP), opening)


def order(leg: str, side: str, kind: str, quantity: str, **more: Any) -> OrderRequest:
    base = {"leg": leg, "symbol": SPOT, "side": side, "type": kind, "quantity": quantity}
    return OrderRequest.model_validate(base | more)


def cid(seq: int, leg: str) -> str:
    return client_order_id(SESSION, seq, leg)


async def place(venue: PaperVenue, request: OrderRequest, *, seq: int, hour: float) -> OrderState:
    return await venue.place(Ticket(cid(seq, request.leg), seq, request, T0 + hour * HOUR))
