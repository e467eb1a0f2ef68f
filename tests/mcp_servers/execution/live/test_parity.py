"""Paper and live are one path: the same orders over the same market give the same fills, fees and ledger.

The settings that make both equal: the paper venue walks the exchange's own book (a market that is not recorded as bars)
with no slippage of its own and the exchange's fee rates. Fees are compared on perpetuals, whose fees are in quote at both;
spot is compared without fees, because the exchange takes a buyer's fee in the asset bought.
"""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

from mcp_servers.execution.venues.paper import PaperVenue
from openoutcry.market.book import Book, Level
from openoutcry.sim.engine import Ticket
from openoutcry.sim.rules import VenueRules
from openoutcry.types.amounts import cents
from openoutcry.types.orders import Fill, OrderRequest
from sandbox.clock import SetClock
from tests.mcp_servers.execution.live.rig import Rig, rigged
from tests.mcp_servers.execution.venue import PERP, SPOT, cid, open_venue, order, store_bars
from wire.clock import WallClock

ONE = Decimal(10**8)
CLOSES = (16_542, 16_529, 16_551, 16_568, 16_553, 16_533)
"""BTC/USDT, the first hours of 2023."""
ORDERS = (
    (order("entry", "BUY", "MARKET", "1.5"), order("hedge", "SELL", "MARKET", "40", symbol=PERP)),
    (order("manual", "BUY", "LIMIT", "0.25", price="20000"), order("hedge", "BUY", "MARKET", "12.345", symbol=PERP)),
    (order("manual", "BUY", "LIMIT", "900", price="16552", time_in_force="FOK"),),
    (order("exit", "SELL", "LIMIT", "1", price="16000", time_in_force="IOC"),),
    (order("exit", "SELL", "MARKET", "0.75", reduce_only=True),),
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
    at = WallClock().now()
    await paper.place(Ticket(cid(seq, request.leg), seq, request, at))
    await rig.place(request, seq)


async def test_the_same_orders_give_the_same_fills_fees_and_ledger(
    tmp_path: Path, fresh_database: str
) -> None:
    rules = VenueRules(
        seed=7, timeframe="1h", maker_fee_bps=Decimal(0), taker_fee_bps=Decimal(0), perp_maker_fee_bps=Decimal(2),
        perp_taker_fee_bps=Decimal(5), half_spread_bps=Decimal(0), slippage_bps=Decimal(0), latency_ms=0,
        initial_margin=Decimal("0.01"), maintenance_margin=Decimal("0.004"),
    )  # fmt: skip
    store_bars(tmp_path, SPOT, [(CLOSES[0],) * 4])
    store_bars(tmp_path, PERP, [(CLOSES[0],) * 4])
    now = int(WallClock().now().timestamp() * 1000)
    async with rigged(tmp_path, fresh_database, deadline_s=5.0, clock=SetClock(now)) as rig:
        rig.user.spot_maker_ppm = rig.user.spot_taker_ppm = 0
        rig.user.perp_maker_ppm, rig.user.perp_taker_ppm = 200, 500
        paper = open_venue(tmp_path, source="live", books=ItsBook(rig), rules=rules, capital=Decimal(150_000))
        for seq, (price, asked) in enumerate(zip(CLOSES, ORDERS, strict=True), start=1):
            moved(rig, price)
            for request in asked:
                await on_both(rig, paper, request, seq)
        real, simulated = rig.venue.before(99, 0), paper.before(99, 0)
        assert [told(fill) for fill in real.fills] == [told(fill) for fill in simulated.fills]
        assert len({fill.price for fill in real.fills}) > len(real.orders) and any(f.fee for f in real.fills)
        assert {(o.order_seq, o.leg, o.status, o.executed_quantity) for o in real.orders} == {
            (o.order_seq, o.leg, o.status, o.executed_quantity) for o in simulated.orders
        }
        assert rig.venue.positions() == paper.positions() == ()
        cash = next(one.total for one in paper.balances() if one.asset == "USDT") - 150_000
        moved_there = rig.held("USDT") + rig.running.exchange.margin.wallet(rig.user) - 150_000 * int(ONE)
        assert cents(cash) * ONE == moved_there
        paper.close()
