"""What no stream of approved orders can do, whoever asks for what."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
from hypothesis import given
from hypothesis import settings as effort

from openoutcry.episodes import Booking
from openoutcry.portfolio import apply, mark
from openoutcry.risk.case import GateInput
from openoutcry.risk.gate import review
from openoutcry.risk.standing import standings
from openoutcry.settings import Settings
from openoutcry.types.amounts import cents
from openoutcry.types.market import DataFault
from openoutcry.types.orders import Fill, OrderRequest, Refused, WorkingOrder
from openoutcry.types.symbols import parse_symbol
from tests.openoutcry.risk.books import (
    ETH,
    FREE,
    PERP,
    PRICES,
    SPOT,
    gate_input,
    holding,
    position,
    request,
    settings,
)

COSTLESS = settings(venue=FREE, risk={"max_position_size": 0.2, "max_gross_exposure": 0.3, "cash_buffer": 0})
COSTLY = settings(risk={"max_position_size": 1.0, "max_gross_exposure": 9.0})  # only cash holds here
SIDES = st.sampled_from(["BUY", "SELL"])


@st.composite
def orders(draw: Any, leg: str, sizes: tuple[int, ...]) -> OrderRequest:
    symbol, side = draw(st.sampled_from([SPOT, PERP, ETH])), draw(SIDES)
    kind = draw(st.sampled_from(["MARKET", "LIMIT", "STOP_LOSS"]))
    price = round(PRICES[symbol] * draw(st.decimals("0.9", "1.1", places=2)), 2)
    prices = {"MARKET": {}, "LIMIT": {"price": price}, "STOP_LOSS": {"stop_price": price}}[kind]
    quantity = draw(st.sampled_from(sizes)) * (10 if symbol == ETH else 1)
    return request(leg, symbol, side, quantity, kind, reduce_only=draw(st.booleans()), **prices)


@dataclass
class Floor:
    """A book that executes what the gate approved, at the market or better."""

    told: Settings
    book: GateInput = field(default_factory=gate_input)
    trades: int = 0

    def ask(self, order: OrderRequest) -> None:
        verdict = review(order, self.book, self.told)
        if isinstance(verdict, Refused):
            assert verdict.rule and verdict.value and verdict.limit, verdict
            return
        self.book = replace(self.book.after(order, seq=self.trades), placed=())
        if order.side == "SELL" and order.symbol != PERP and not order.reduce_only:
            # Not after executions: a stop that fills leaves a sale open that was asked for beside it, as it should.
            standing = standings(self.book.portfolio, self.book.working)[order.symbol]
            assert standing.sells <= standing.net

    def execute(self, index: int, share: Decimal) -> None:
        """Fill a share of a working order; the venue clips what is reduce-only or sells spot."""
        order = self.book.working[index % len(self.book.working)]
        asked, done = order.request, order.state.executed_quantity
        quantity = round((asked.quantity - done) * share, 5)
        net = standings(self.book.portfolio, ())[asked.symbol].net if self._held(asked.symbol) else Decimal(0)
        if asked.reduce_only or (asked.side == "SELL" and asked.symbol != PERP):
            against = net if asked.side == "SELL" else -net
            quantity = min(quantity, max(Decimal(0), against))
        if quantity <= 0:
            return
        self.trades += 1
        market = PRICES[asked.symbol]
        better = min if asked.side == "BUY" else max
        price = better(asked.price, market) if asked.price else market
        perp = parse_symbol(asked.symbol).kind == "perp"
        bps = self.told.venue.perp_taker_fee_bps if perp else self.told.venue.taker_fee_bps
        fill = Fill(
            trade_id=f"t{self.trades}",
            order_seq=order.state.order_seq,
            leg="manual-1",
            symbol=asked.symbol,
            side=asked.side,
            price=price,
            quantity=quantity,
            fee=cents(price * quantity * bps / 10_000),
            executed_at=self.book.portfolio.positions[0].entry_time if self.book.portfolio.positions else _AT,
        )
        portfolio, _ = apply(self.book.portfolio, fill, Booking(seq=self.trades))
        state = order.state.model_copy(update={"executed_quantity": done + quantity})
        left = [other for other in self.book.working if other is not order]
        if done + quantity < asked.quantity:
            left.append(WorkingOrder(request=asked, state=state))
        self.book = replace(self.book, portfolio=portfolio, working=tuple(left))

    def cancel(self, index: int) -> None:
        gone = self.book.working[index % len(self.book.working)]
        self.book = replace(self.book, working=tuple(o for o in self.book.working if o is not gone))

    def _held(self, symbol: str) -> bool:
        return any(p.symbol == symbol for p in self.book.portfolio.positions)


_AT = position(SPOT, "LONG", 1).entry_time


def steps(*sizes: int) -> st.SearchStrategy[list[Any]]:
    """Orders of these sizes (BTC), executions and cancellations, mixed."""
    execute = st.tuples(st.just("execute"), st.integers(0, 9), st.sampled_from([Decimal(1), Decimal("0.37")]))
    cancel = st.tuples(st.just("cancel"), st.integers(0, 9))
    order = orders("manual-1", sizes)
    return st.lists(st.one_of(order, order, execute, cancel), min_size=8, max_size=40)


def run(told: Settings, stream: list[Any], check: Any) -> None:
    floor = Floor(told)
    for step in stream:
        if isinstance(step, OrderRequest):
            floor.ask(step)
        elif floor.book.working and step[0] == "execute":
            floor.execute(*step[1:])
        elif floor.book.working:
            floor.cancel(step[1])
        check(floor.book)


@given(steps(1, 5, 10, 15, 20, 25))
@effort(max_examples=250, deadline=None)
def test_no_stream_of_approved_orders_exceeds_position_or_exposure(stream: list[Any]) -> None:
    def check(book: GateInput) -> None:
        marked = mark(book.portfolio, PRICES)
        assert marked.gross <= Decimal("0.3") * marked.equity
        for symbol, standing in standings(book.portfolio, ()).items():
            assert abs(standing.net) * PRICES[symbol] <= Decimal("0.2") * marked.equity

    run(COSTLESS, stream, check)


@given(steps(5, 20, 40, 60, 90))
@effort(max_examples=250, deadline=None)
def test_no_stream_of_approved_orders_overdraws_cash_or_sells_what_is_not_held(stream: list[Any]) -> None:
    def check(book: GateInput) -> None:
        marked = mark(book.portfolio, PRICES)
        perps = sum(
            (p.quantity * PRICES[PERP] for p in book.portfolio.positions if p.symbol == PERP), Decimal(0)
        )
        assert marked.equity - (marked.gross - perps) >= perps  # what is not spot covers the margin
        assert all(p.side == "LONG" for p in book.portfolio.positions if p.symbol != PERP)

    run(COSTLY, stream, check)


@given(
    symbol=st.sampled_from([SPOT, PERP]),
    held=st.decimals("0.00001", "1000", places=5),
    share=st.decimals("0.01", "1", places=2),
    kind=st.sampled_from(["MARKET", "STOP_LOSS", "TAKE_PROFIT"]),
    stop=st.decimals("0.01", "10000", places=2),
    short=st.booleans(),
    reduce=st.booleans(),
    fault=st.sampled_from(["stale", "gap", "spike", "missing"]),
    priced=st.booleans(),
)
@effort(max_examples=200, deadline=None)
def test_exits_pass_when_halted(
    symbol: str,
    held: Decimal,
    share: Decimal,
    kind: str,
    stop: Decimal,
    short: bool,
    reduce: bool,
    fault: Any,
    priced: bool,
) -> None:
    side = "SHORT" if short and symbol == PERP else "LONG"
    quantity = max(Decimal("0.00001"), (held * share).quantize(Decimal("0.00001"), rounding="ROUND_DOWN"))
    extra = {} if kind == "MARKET" else {"stop_price": stop}
    leave = "SELL" if side == "LONG" else "BUY"
    order = request("exit", symbol, leave, quantity, kind, reduce_only=reduce, **extra)
    book = gate_input(
        holding(position(symbol, side, held), peak_equity=Decimal(10**9), day_start_equity=Decimal(10**9)),
        halted=True,
        paused=True,
        prices=PRICES if priced else {},
        faults=(DataFault(symbol=symbol, kind=fault, detail="x"),),
    )
    assert review(order, book, COSTLY).kind == "approved"


@given(order=orders("entry", (1, 10)), seed=st.lists(orders("manual-1", (1, 10)), max_size=6))
@effort(max_examples=150, deadline=None)
def test_the_gate_is_a_function(order: OrderRequest, seed: list[OrderRequest]) -> None:
    book = gate_input()
    for earlier in seed:
        if review(earlier, book, COSTLY).kind == "approved":
            book = replace(book.after(earlier, 0), placed=())
    assert review(order, book, COSTLY) == review(order, replace(book, working=book.working[::-1]), COSTLY)
