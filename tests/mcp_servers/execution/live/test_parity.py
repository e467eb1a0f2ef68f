"""Paper and live are one path: the same orders over the same market give the same fills, fees and ledger.

The settings that make both equal: the paper venue walks the exchange's own book (a market that is not recorded as bars)
with no slippage of its own, the exchange's fee rates, and the fee of a spot buy taken in what it buys (``fees_in_base``).
The market is one whose prices a test sets, and recorded candles as ``outcry sandbox --market recorded`` plays them, over
an instant of funding, and for orders that rest. Its time is the tests' own: what is charged must not hang on the hour at
which they run.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mcp_servers.execution.venues.paper import PaperVenue
from openoutcry.market.book import Book, Level
from openoutcry.sim.engine import Ticket
from openoutcry.sim.rules import VenueRules
from openoutcry.types.amounts import cents
from openoutcry.types.orders import Fill, OrderRequest
from openoutcry.types.timeframes import millis
from outcry.recorded_feeds import recorded_feeds
from sandbox.clock import SetClock
from sandbox.exchange import FUNDING_PPM
from sandbox.feeds import HOUR_MS
from tests.mcp_servers.execution.live.rig import ItsTime, Rig, rigged
from tests.mcp_servers.execution.venue import PERP, SPOT, cid, open_venue, order, store_bars, store_funding

ONE = Decimal(10**8)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
FUNDING = NOON + timedelta(hours=4)
MINUTE_MS = 60_000
CLOSES = (16_542, 16_529, 16_551, 16_568, 16_553, 16_533)
"""BTC/USDT, the first hours of 2023."""
ORDERS = (
    (order("entry", "BUY", "MARKET", "1.5"), order("hedge", "SELL", "MARKET", "40", symbol=PERP)),
    (order("manual", "BUY", "LIMIT", "0.25", price="20000"), order("hedge", "BUY", "MARKET", "12.345", symbol=PERP)),
    (order("manual", "BUY", "LIMIT", "900", price="16552", time_in_force="FOK"),),
    (order("exit", "SELL", "LIMIT", "1", price="16000", time_in_force="IOC"),),
    (order("exit", "SELL", "MARKET", "0.5", reduce_only=True),),
    (order("hedge", "BUY", "LIMIT", "27.655", symbol=PERP, price="17000", reduce_only=True),),
)  # fmt: skip


class ItsBook:
    """The exchange's book as it stands."""

    def __init__(self, rig: Rig) -> None:
        self._exchange = rig.running.exchange

    async def book(self, symbol: str, at: datetime) -> Book | None:
        venue = self._exchange.perp if symbol == PERP else self._exchange.spot
        book = venue.market("BTCUSDT").book
        bids, asks = (
            tuple(Level(Decimal(p) / ONE, Decimal(q) / ONE) for p, q in book.ranked(side, 50))  # type: ignore[arg-type]
            for side in ("BUY", "SELL")
        )
        return Book(bids=bids, asks=asks)


def moved(rig: Rig, price: int) -> None:
    for venue in (rig.running.exchange.spot, rig.running.exchange.perp):
        venue.market("BTCUSDT").tape.held = price * 10**8
    rig.running.exchange.tick()


def told(fill: Fill) -> tuple[object, ...]:
    return (
        fill.order_seq,
        fill.leg,
        fill.symbol,
        fill.side,
        fill.price,
        fill.quantity,
        fill.fee,
        fill.liquidity,
    )


async def on_both(rig: Rig, paper: PaperVenue, request: OrderRequest, seq: int) -> None:
    """Paper first: it looks at the book that the exchange's order then changes."""
    await paper.place(Ticket(cid(seq, request.leg), seq, request, rig.clock.now()))
    await rig.place(request, seq)


def rules(spot_bps: str) -> VenueRules:
    return VenueRules(
        seed=7, timeframe="1h", maker_fee_bps=Decimal(spot_bps), taker_fee_bps=Decimal(spot_bps), fees_in_base=True,
        perp_maker_fee_bps=Decimal(2), perp_taker_fee_bps=Decimal(5), half_spread_bps=Decimal(0), slippage_bps=Decimal(0),
        latency_ms=0, initial_margin=Decimal("0.01"), maintenance_margin=Decimal("0.004"),
    )  # fmt: skip


def charging(rig: Rig, spot_ppm: int) -> None:
    rig.user.spot_maker_ppm = rig.user.spot_taker_ppm = spot_ppm
    rig.user.perp_maker_ppm, rig.user.perp_taker_ppm = 200, 500


def compared(rig: Rig, paper: PaperVenue) -> tuple[tuple[object, ...], ...]:
    """Fills, fees, orders, positions and every unit of money are the same; returns the fills."""
    real, simulated = rig.venue.before(99, 0), paper.before(99, 0)
    fills = tuple(told(fill) for fill in real.fills)
    assert fills == tuple(told(fill) for fill in simulated.fills)
    assert {(o.order_seq, o.leg, o.status, o.executed_quantity) for o in real.orders} == {
        (o.order_seq, o.leg, o.status, o.executed_quantity) for o in simulated.orders
    }
    assert rig.venue.positions() == paper.positions()
    cash = next(one.total for one in paper.balances() if one.asset == "USDT") - 150_000
    moved_there = rig.held("USDT") + rig.running.exchange.margin.wallet(rig.user) - 150_000 * int(ONE)
    assert cents(cash) * ONE == moved_there
    spot = sum((p.quantity for p in paper.positions() if p.symbol == SPOT), Decimal(0))
    assert spot * ONE == rig.held("BTC") - 2 * int(ONE)  # what the account was opened with
    return fills


@pytest.mark.parametrize(("bps", "ppm"), [("0", 0), ("10", 1_000), ("7.5", 750)])
async def test_the_same_orders_give_the_same_fills_fees_and_ledger(
    tmp_path: Path, fresh_database: str, bps: str, ppm: int
) -> None:
    store_bars(tmp_path, SPOT, [(CLOSES[0],) * 4])
    store_bars(tmp_path, PERP, [(CLOSES[0],) * 4])
    clock = SetClock(millis(NOON))
    async with rigged(tmp_path, fresh_database, deadline_s=5.0, clock=clock, wall=ItsTime(clock)) as rig:
        charging(rig, ppm)
        capital = Decimal(150_000)
        paper = open_venue(tmp_path, source="live", books=ItsBook(rig), rules=rules(bps), capital=capital)
        for seq, (price, asked) in enumerate(zip(CLOSES, ORDERS, strict=True), start=1):
            moved(rig, price)
            for request in asked:
                await on_both(rig, paper, request, seq)
        fills = compared(rig, paper)
        assert len({fill[4] for fill in fills}) > len(rig.venue.orders()) and any(fill[6] for fill in fills)
        left = {p.symbol: p.quantity for p in paper.positions()}
        assert left == {
            SPOT: Decimal("0.25") - Decimal("1.75") * ppm / 1_000_000
        }  # bought less sold less fees
        paper.close()


STEP = timedelta(minutes=37)
RECORDED = (
    (order("entry", "BUY", "MARKET", "0.75"),),
    (order("hedge", "SELL", "MARKET", "0.7", symbol=PERP),),
    (order("manual", "BUY", "LIMIT", "0.4", price="20000", time_in_force="IOC"),),
    (order("exit", "SELL", "MARKET", "0.5", reduce_only=True),),
    (order("hedge", "BUY", "MARKET", "0.7", symbol=PERP, reduce_only=True),),
    (order("manual", "SELL", "LIMIT", "0.2", price="15000", time_in_force="FOK"),),
)  # fmt: skip


async def at(rig: Rig, paper: PaperVenue, clock: SetClock, when: datetime) -> None:
    """Both at that instant, and both told of what happened until then; the exchange's prices move minute by minute."""
    while clock.at_ms < millis(when):
        clock.at_ms = min(clock.at_ms + MINUTE_MS, millis(when))
        rig.running.exchange.tick()
    await rig.venue.advance(when)
    await paper.advance(when)


@asynccontextmanager
async def recorded(home: Path, url: str) -> AsyncIterator[tuple[Rig, PaperVenue, SetClock]]:
    """Both venues over the same recorded candles; the floor's and the exchange's clock stand at the second one's opening."""
    bars = [(c, c * 1.004, c * 0.997, d) for c, d in zip(CLOSES, (*CLOSES[1:], 16_540), strict=True)]
    for symbol in (SPOT, PERP):
        store_bars(home, symbol, bars, first=NOON)
    store_funding(home, {FUNDING: FUNDING_PPM / 1_000_000})
    clock = SetClock(millis(NOON) + HOUR_MS)
    feeds = recorded_feeds(home, "binance", "1h", clock.at_ms, history=1)
    async with rigged(home, url, deadline_s=5.0, clock=clock, wall=ItsTime(clock), feeds=feeds) as rig:
        charging(rig, 1_000)
        capital = Decimal(150_000)
        paper = open_venue(home, source="live", books=ItsBook(rig), rules=rules("10"), capital=capital)
        yield rig, paper, clock
        paper.close()


async def test_on_a_recorded_market_too(tmp_path: Path, fresh_database: str) -> None:
    async with recorded(tmp_path, fresh_database) as (rig, paper, clock):
        prices = set()
        for seq, asked in enumerate(RECORDED, start=1):
            if rig.clock.now() < FUNDING <= rig.clock.now() + STEP:
                await at(rig, paper, clock, FUNDING)
            clock.at_ms = millis(NOON) + HOUR_MS + seq * int(STEP.total_seconds() * 1000)
            rig.running.exchange.tick()
            prices.add(rig.running.exchange.spot.market("BTCUSDT").book.mid)
            for request in asked:
                await on_both(rig, paper, request, seq)
        assert len(prices) == len(RECORDED)
        fills = compared(rig, paper)
        assert {fill[1] for fill in fills} == {"entry", "hedge", "manual", "exit", None}


RESTING = (
    order("manual", "BUY", "LIMIT", "0.5", price="16510"),
    order("hedge", "SELL", "LIMIT", "0.4", symbol=PERP, price="16580"),
    order("entry", "BUY", "LIMIT", "0.3", price="16400"),  # lower than the hour goes
)


async def test_what_rests_is_filled_by_the_same_bar_at_its_own_price(
    tmp_path: Path, fresh_database: str
) -> None:
    async with recorded(tmp_path, fresh_database) as (rig, paper, clock):
        for seq, request in enumerate(RESTING, start=1):
            await on_both(rig, paper, request, seq)
        assert rig.venue.before(99, 0).fills == ()
        await at(rig, paper, clock, NOON + timedelta(hours=2))
        fills = compared(rig, paper)
        assert {(fill[1], fill[4], fill[-1]) for fill in fills} == {
            ("manual", Decimal(16510), "maker"),
            ("hedge", Decimal(16580), "maker"),
        }
