"""How decisions ended: SUCCESS or FAILURE, from records only, so that a restart or a replay judges alike.

- A BUY or SELL that opened a directional position is judged when all it opened is closed: SUCCESS iff the net
  P&L (fees and funding included) is positive; the P&L is the outcome's.
- Any other decision is judged at the first price at or after its horizon, with a P&L of 0, by how the price
  moved since. BUY is right if it rose by more than a round trip costs, SELL if it fell by more. HOLD is right
  if what was held did not lose more than that; holding nothing, if no move larger than ``calm`` was missed.
- Until then it is PENDING. A HOLD is a decision too: sitting out is right or wrong like anything else.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from openoutcry.settings import Settings
from openoutcry.types.amounts import Amount, PositiveAmount, cents, plain
from openoutcry.types.book import Position
from openoutcry.types.frozen import Frozen
from openoutcry.types.record import CycleRecord, Decision, KnownOutcome
from openoutcry.types.timeframes import bar_length

Stance = Literal["LONG", "SHORT", "FLAT"]


class Judging(Frozen):
    """What counts as a move: ``cost`` of a round trip and ``calm`` are fractions of the price."""

    cost: Amount
    calm: Amount


class Case(Frozen):
    """A decision whose end is not known yet. ``holding`` are positions it opened that are still open.

    ``price`` is that of its own round, else the first one after it.
    """

    seq: int
    action: Literal["BUY", "SELL", "HOLD"]
    stance: Stance
    price: PositiveAmount | None
    due_at: datetime
    opened: bool = False
    holding: tuple[int, ...] = ()
    pnl: Amount = Decimal(0)
    ends: tuple[str, ...] = ()


def judging(settings: Settings) -> Judging:
    """The yardstick of a session's settings: taker fees and spread twice, and the default stop's distance."""
    venue = settings.venue
    cost = 2 * (venue.taker_fee_bps + venue.half_spread_bps + venue.slippage_bps / 2) / 10_000
    return Judging(cost=cost, calm=max(cost, Decimal(repr(settings.risk.default_stop_loss))))


def due(
    cases: tuple[Case, ...], record: CycleRecord, judging: Judging
) -> tuple[tuple[Case, ...], tuple[KnownOutcome, ...]]:
    """The cases still open after ``record`` and the outcomes that became known in it, by sequence number.

    ``record`` may be a draft: its own ``outcomes`` are not looked at.
    """
    if record.decision is not None:
        cases = (*cases, _case(record, record.decision))
    price = record.snapshot.quote.price if record.snapshot and record.snapshot.quote else None
    still: list[Case] = []
    known: list[KnownOutcome] = []
    for case in cases:
        followed = _follow(case, record, price)
        outcome = _judge(followed, record, price, judging)
        if outcome is None:
            still.append(followed)
        else:
            known.append(outcome)
    return tuple(still), tuple(known)


def rebuild(records: Iterable[CycleRecord], judging: Judging, pending: frozenset[int]) -> tuple[Case, ...]:
    """The cases of the ``pending`` decisions, from the records since the oldest of them, in order."""
    cases: tuple[Case, ...] = ()
    for record in records:
        cases, _ = due(cases, record, judging)
    return tuple(case for case in cases if case.seq in pending)


def _case(record: CycleRecord, decision: Decision) -> Case:
    bar = bar_length(record.snapshot.timeframe) if record.snapshot else timedelta(0)
    held = next((p for p in record.portfolio_before.positions if p.role == "trade"), None)
    return Case(
        seq=record.seq,
        action=decision.action,
        stance="FLAT" if held is None else held.side,
        price=None,
        due_at=record.as_of + bar * decision.horizon_bars,
    )


def _follow(case: Case, record: CycleRecord, price: Decimal | None) -> Case:
    """The case with its price, and with what became of the positions it opened."""
    if case.price is None and price is not None:
        case = case.model_copy(update={"price": price})
    mine = [p for p in (*record.portfolio_after.positions, *record.closed) if _is_of(p, case)]
    if not mine:
        return case
    ended = [p for p in mine if p.quantity == 0]
    return case.model_copy(
        update={
            "opened": True,
            "holding": tuple(p.ordinal for p in mine if p.quantity != 0),
            "pnl": case.pnl + sum((p.realized_pnl - p.fees for p in ended), Decimal(0)),
            "ends": case.ends + tuple(f"position {p.ordinal} {p.exit_reason or 'closed'}" for p in ended),
        }
    )


def _is_of(position: Position, case: Case) -> bool:
    return position.opened_seq == case.seq and position.role == "trade" and case.action != "HOLD"


def _judge(case: Case, record: CycleRecord, price: Decimal | None, judging: Judging) -> KnownOutcome | None:
    if case.holding:
        return None
    if case.opened:
        pnl = cents(case.pnl)
        reason = f"{', '.join(case.ends)}: net {plain(pnl)}"
        return KnownOutcome(seq=case.seq, outcome="SUCCESS" if pnl > 0 else "FAILURE", pnl=pnl, reason=reason)
    if price is None or case.price is None or record.as_of < case.due_at or record.seq == case.seq:
        return None
    move = price / case.price - 1
    right, needed = _verdict(case, move, judging)
    outcome: Literal["SUCCESS", "FAILURE"] = "SUCCESS" if right else "FAILURE"
    moved = f"price moved {move * 100:+.2f} % by the horizon; {needed}"
    return KnownOutcome(seq=case.seq, outcome=outcome, pnl=Decimal(0), reason=moved)


def _verdict(case: Case, move: Decimal, judging: Judging) -> tuple[bool, str]:
    cost, calm = f"{judging.cost * 100:.2f} %", f"{judging.calm * 100:.2f} %"
    if case.action == "BUY":
        return move > judging.cost, f"a BUY needed more than +{cost}"
    if case.action == "SELL":
        return move < -judging.cost, f"a SELL needed less than -{cost}"
    if case.stance == "LONG":
        return move >= -judging.cost, f"holding LONG needed at least -{cost}"
    if case.stance == "SHORT":
        return move <= judging.cost, f"holding SHORT needed at most +{cost}"
    return abs(move) <= judging.calm, f"holding nothing needed a move within {calm}"
