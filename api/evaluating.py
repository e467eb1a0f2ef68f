"""A strategy at the last closed bar of the stored candles: what its rules say, and the orders it would ask for."""

from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from typing import Any, Literal, NamedTuple
from uuid import UUID

from api.floor import Floor
from api.market import apart, home_of, missing
from api.shapes.execution import Evaluation, Held, OrderHistory, ProposedOrder
from api.shapes.strategies import account_state
from db.candles import CandleReader, Series
from openoutcry.canonical import derived_id
from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.strategy.account import ExecutionState
from openoutcry.strategy.moment import Moment, at_moment, bars_needed
from openoutcry.strategy.proposal import Account, Declined, Proposal, propose
from openoutcry.strategy.rules import RuleStrategy
from openoutcry.types.timeframes import SECONDS, from_millis
from wire.clock import WallClock

DAY = "1d"


class Subject(NamedTuple):
    """A strategy to be evaluated, with its account and what it holds. ``id`` and ``version`` of a registered one."""

    strategy: RuleStrategy
    name: str
    state: ExecutionState
    open: Sequence[Held] = ()
    open_count: int = 0
    id: UUID | None = None
    version: str = ""


async def evaluated(
    floor: Floor, subject: Subject, stored: Sequence[Series], at: datetime, *, persisted: bool
) -> Evaluation:
    """Evaluate on what is closed at ``at``. Raises Failure 404 where no candles of its symbol are stored."""
    began = perf_counter()
    symbol = str(subject.strategy.symbol)
    series = next((one for one in stored if one.symbol == symbol), None)
    if series is None:
        raise missing(f"no candles of {symbol} are stored", symbol=symbol)
    base = subject.strategy.timeframe
    frames = await apart(lambda: _frames(floor, subject.strategy, series, at))
    bars = frames[base]
    if not len(bars):
        raise missing(f"no {base} bars of {symbol} are stored or can be made of stored ones", symbol=symbol)
    try:
        moment, error = await apart(lambda: at_moment(subject.strategy, frames, base)), None
    except DataUnavailable as fault:
        moment, error = Moment(False, False, ()), str(fault)
    orders, declined = _orders(subject, moment, bars, frames[DAY])
    return Evaluation(
        success=error is None,
        strategy_id=subject.id,
        strategy_name=subject.name,
        asset=subject.strategy.asset,
        current_price=float(bars.close[-1]),
        timestamp=from_millis(int(bars.timestamp[-1]) + SECONDS[base] * 1000),
        timeframe=base,
        entry_signal=moment.entry,
        exit_signal=moment.exit,
        execution_state=account_state(subject.state),
        new_orders=orders,
        open_positions=list(subject.open),
        declined=None if declined is None else {"rule": declined.rule, "message": declined.message},
        persisted=persisted and error is None,
        execution_time_seconds=round(perf_counter() - began, 6),
        error=error,
    )


def _frames(floor: Floor, strategy: RuleStrategy, series: Series, at: datetime) -> dict[str, Candles]:
    """The closed bars of every timeframe the rules and the stop look at."""
    reader, config = CandleReader(home_of(floor)), strategy.execution_config
    wanted = {**bars_needed(strategy), DAY: 10 * config.atr_period}
    wanted[strategy.timeframe] = max(wanted[strategy.timeframe], 10 * config.atr_period)
    return {
        timeframe: reader.window(Series(series.exchange, series.symbol, timeframe), at, bars + 1)
        for timeframe, bars in wanted.items()
    }


def _orders(
    subject: Subject, moment: Moment, bars: Candles, days: Candles
) -> tuple[list[ProposedOrder], Declined | None]:
    if moment.exit and subject.open:
        return [_exit(subject, bars, position) for position in subject.open], None
    if not moment.entry:
        return [], None
    state = subject.state
    count = max(len(subject.open), subject.open_count)
    account = Account(float(state.account_value), float(state.cash_balance), count)
    found = propose(subject.strategy, bars, days, account)
    return ([], found) if isinstance(found, Declined) else (_entry(subject, bars, found), None)


def _entry(subject: Subject, bars: Candles, found: Proposal) -> list[ProposedOrder]:
    """The market order that enters, and the two that protect it."""
    side = subject.strategy.side
    levels = (("take_profit", found.target), ("stop_loss", found.stop))
    enter: Literal["entry_long", "entry_short"] = "entry_long" if side == "long" else "entry_short"
    leave: Literal["exit_long", "exit_short"] = "exit_long" if side == "long" else "exit_short"
    orders = [_order(subject, bars, enter, "market", found.price, found.size)]
    orders += [
        _order(subject, bars, leave, kind, price, found.size) for kind, price in levels if price is not None
    ]
    return orders


def _exit(subject: Subject, bars: Candles, position: Held) -> ProposedOrder:
    price, size = float(bars.close[-1]), float(position.position_size)
    return _order(subject, bars, f"exit_{position.side}", "market", price, size, position.id)


def _order(
    subject: Subject,
    bars: Candles,
    side: Any,
    kind: Any,
    price: float,
    size: float,
    position_id: UUID | None = None,
) -> ProposedOrder:
    """An order whose id follows from the strategy and the bar: asked again, it is the same proposal."""
    bar = int(bars.timestamp[-1])
    owner = subject.id or derived_id(NOBODY, subject.strategy.content_hash)
    created = OrderHistory(created=WallClock().now(), activated=None, filled=None, cancelled=None)
    return ProposedOrder(
        order_id=derived_id(owner, "proposal", bar, side, kind, position_id),
        asset=subject.strategy.asset,
        side=side,
        order_type=kind,
        status="pending",
        price=price,
        position_size=size,
        position_id=position_id,
        history=created,
    )


NOBODY = UUID(int=0)
