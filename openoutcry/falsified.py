"""At which price a decision is proved wrong.

The rule. A BUY claims a rise and a SELL a fall, by more than a round trip costs; a HOLD claims that what was held does not
lose that much, or, with nothing held, that no move larger than the default stop's distance is missed. This is how outcomes
are judged (ledger/outcomes.py), with the same costs.

- ``stop``: the floor's own stop of the position that the decision opened, else the one it decided on. Counts at any time.
- ``voices``: each agreeing vote names a stop, where its own case ends. As the price moves against the decision, the voices
  whose stop is passed fall silent, and the rest is counted again; this is the first price at which the rest no longer
  decides the same. Counts at any time.
- ``horizon``: at the horizon, the price at which the claim does not hold. For a BUY it lies above the price, by the costs:
  that is the break-even, and reaching it before is not needed.

``falsified_at`` is the nearest of the first two.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Literal

from openoutcry.ledger.outcomes import Judging
from openoutcry.recount import believed_in, seats_of
from openoutcry.settings import Settings
from openoutcry.types.amounts import Amount, PositiveAmount, cents
from openoutcry.types.frozen import Frozen
from openoutcry.types.record import CycleRecord, Decision
from openoutcry.types.timeframes import bar_length
from openoutcry.types.votes import Ballot, Vote
from openoutcry.voting.tally import tally

Side = Literal["at_or_below", "at_or_above"]
Claim = Literal["rise", "fall", "no_loss_long", "no_loss_short", "calm"]
AGAINST: dict[str, Side] = {"rise": "at_or_below", "fall": "at_or_above"}


class Level(Frozen):
    """A price at which the claim ends; ``distance`` is a signed fraction of the decision's price, ``agents`` fell silent."""

    kind: Literal["stop", "voices", "horizon"]
    price: PositiveAmount
    side: Side
    distance: float
    agents: tuple[str, ...] = ()


class Thesis(Frozen):
    """What a decision claims, and where that is wrong."""

    claim: Claim
    price: PositiveAmount
    break_even: Amount | None
    horizon_at: datetime
    falsified_at: Amount | None
    levels: tuple[Level, ...]


def thesis(record: CycleRecord, settings: Settings, judging: Judging) -> Thesis | None:
    """The thesis of a round's decision, None for a record without one or without a price.

    ``settings`` are those it was counted by, ``judging`` the yardstick of its session.
    """
    decision, snapshot = record.decision, record.snapshot
    if decision is None or snapshot is None or snapshot.quote is None:
        return None
    price, claim = snapshot.quote.price, _claim(record, decision)
    levels = [*_stop(record, decision, price, claim), *_voices(record, settings, price, claim)]
    anytime = min(levels, key=lambda level: abs(level.distance), default=None)
    horizon = tuple(_horizon(price, claim, judging))
    return Thesis(
        claim=claim,
        price=price,
        break_even=horizon[0].price if claim in AGAINST else None,
        horizon_at=record.as_of + bar_length(snapshot.timeframe) * decision.horizon_bars,
        falsified_at=None if anytime is None else anytime.price,
        levels=(*levels, *horizon),
    )


def _claim(record: CycleRecord, decision: Decision) -> Claim:
    if decision.action != "HOLD":
        return "rise" if decision.action == "BUY" else "fall"
    held = next((p for p in record.portfolio_before.positions if p.role == "trade"), None)
    return "calm" if held is None else "no_loss_long" if held.side == "LONG" else "no_loss_short"


def _stop(record: CycleRecord, decision: Decision, price: Decimal, claim: Claim) -> Iterator[Level]:
    if claim not in AGAINST:
        return
    held = (*record.portfolio_after.positions, *record.closed)
    mine = [p.stop_loss for p in held if p.opened_seq == record.seq and p.role == "trade" and p.stop_loss]
    if (at := next(iter(mine), decision.stop_loss)) is not None:
        yield _level("stop", at, AGAINST[claim], price)


def _voices(record: CycleRecord, settings: Settings, price: Decimal, claim: Claim) -> Iterator[Level]:
    """The first of the agreeing votes' stops, nearest first, past which the others decide otherwise."""
    assert record.decision is not None and record.snapshot is not None
    if claim not in AGAINST:
        return
    below, seats = claim == "rise", seats_of(record)
    stops = {
        b.agent: b.answer.stop_loss
        for b in record.ballots
        if isinstance(b.answer, Vote) and b.answer.action == record.decision.action and b.answer.stop_loss
    }
    sane = {agent: at for agent, at in stops.items() if (at < price if below else at > price)}
    silent: set[str] = set()
    for at in sorted(set(sane.values()), reverse=below):
        gone = {agent for agent, level in sane.items() if level == at}
        silent |= gone
        rest: list[Ballot] = [b for b in record.ballots if b.agent not in silent]
        present = [seat for seat in seats if seat.agent not in silent]
        left = tally(record.snapshot, rest, present, settings, believed_in(record))
        if left.action != record.decision.action or left.target != record.decision.target:
            yield _level("voices", at, AGAINST[claim], price, tuple(sorted(silent)))
            return


def _horizon(price: Decimal, claim: Claim, judging: Judging) -> Iterator[Level]:
    up, down = cents(price * (1 + judging.cost)), cents(price * (1 - judging.cost))
    if claim in ("rise", "no_loss_short"):
        yield _level("horizon", up, "at_or_below" if claim == "rise" else "at_or_above", price)
    elif claim in ("fall", "no_loss_long"):
        yield _level("horizon", down, "at_or_above" if claim == "fall" else "at_or_below", price)
    else:
        yield _level("horizon", cents(price * (1 - judging.calm)), "at_or_below", price)
        yield _level("horizon", cents(price * (1 + judging.calm)), "at_or_above", price)


def _level(
    kind: Literal["stop", "voices", "horizon"],
    at: Decimal,
    side: Side,
    price: Decimal,
    agents: tuple[str, ...] = (),
) -> Level:
    return Level(kind=kind, price=at, side=side, distance=round(float(at / price - 1), 6), agents=agents)
