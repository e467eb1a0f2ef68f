"""Portfolios, orders and gate inputs for the tests of risk."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from openoutcry.portfolio import opening
from openoutcry.risk.case import GateInput
from openoutcry.settings import Settings
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.market import Instrument
from openoutcry.types.orders import OrderRequest, OrderState, WorkingOrder
from openoutcry.types.symbols import parse_symbol

SPOT, PERP, ETH = "BTC/USDT", "BTC/USDT:USDT", "ETH/USDT"
AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
PRICES = {SPOT: Decimal(100), PERP: Decimal(100), ETH: Decimal(10)}
FREE = {"taker_fee_bps": 0, "perp_taker_fee_bps": 0, "half_spread_bps": 0, "slippage_bps": 0}


def dec(value: Any) -> Decimal:
    return Decimal(str(value))


def instrument(symbol: str, **over: Any) -> Instrument:
    rules = {"price_tick": "0.01", "quantity_step": "0.00001", "min_notional": "5", **over}
    return Instrument(symbol=symbol, kind=parse_symbol(symbol).kind, **rules)


INSTRUMENTS = {symbol: instrument(symbol) for symbol in PRICES}


def position(symbol: str, side: str, quantity: Any, price: Any = 100, **over: Any) -> Position:
    known = {"ordinal": 1, "entry_time": AT, "opened_seq": 1, "role": "trade", **over}
    size = dec(quantity)
    return Position(
        symbol=symbol, side=side, quantity=size, entry_quantity=size, entry_price=dec(price), **known
    )


def holding(*positions: Position, capital: Any = 10_000, **over: Any) -> Portfolio:
    """A portfolio whose cash paid for its spot positions at their entry prices."""
    spent = sum((p.quantity * p.entry_price for p in positions if ":" not in p.symbol), Decimal(0))
    numbered = tuple(p.model_copy(update={"ordinal": n}) for n, p in enumerate(positions, 1))
    update = {"positions": numbered, "cash": dec(capital) - spent, "next_ordinal": len(numbered) + 1, **over}
    return opening("USDT", dec(capital)).model_copy(update=update)


def request(
    leg: str, symbol: str, side: str, quantity: Any, kind: str = "MARKET", **over: Any
) -> OrderRequest:
    return OrderRequest(leg=leg, symbol=symbol, side=side, type=kind, quantity=dec(quantity), **over)


def working(order: OrderRequest, seq: int = 1, executed: Any = 0) -> WorkingOrder:
    state = OrderState(order_seq=seq, leg=order.leg, status="NEW", executed_quantity=dec(executed))
    return WorkingOrder(request=order, state=state)


def gate_input(portfolio: Portfolio | None = None, **over: Any) -> GateInput:
    known = {"portfolio": portfolio or holding(), "prices": PRICES, "instruments": INSTRUMENTS, **over}
    return GateInput(**known)


def settings(**sections: Any) -> Settings:
    return Settings.model_validate(sections)
