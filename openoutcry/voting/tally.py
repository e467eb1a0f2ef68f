"""The tally: one round's ballots in, one decision out."""

from collections.abc import Iterable, Sequence

from openoutcry.settings import Settings
from openoutcry.types.market import Snapshot
from openoutcry.types.record import AgentWeight, Decision, Tally
from openoutcry.types.record import Direction as Target
from openoutcry.types.votes import Ballot
from openoutcry.voting import levels, words
from openoutcry.voting.caution import listen
from openoutcry.voting.direction import Action, Direction, weigh
from openoutcry.voting.roll import Believe, Roll, call_roll
from openoutcry.voting.seats import Seat


def tally(
    snapshot: Snapshot,
    ballots: Iterable[Ballot],
    seats: Sequence[Seat],
    settings: Settings,
    believe: Believe | None = None,
) -> Decision:
    """The floor's word on ``snapshot``. Ballots may come in any order; the same set gives the same decision.

    A ballot for another agent or symbol, without a seat or out of its voice, counts as an abstention.
    ``believe`` is what the floor has learned of its voices: votes then count with the chance that they are right.
    ``entries_blocked`` stops entries only: the action stands, so that exits stay possible.
    Raises BadInput when an agent has two ballots or two seats.
    """
    roll = call_roll(snapshot, ballots, seats, believe)
    direction = weigh(roll.analysis, settings.voting)
    caution = listen(roll.risk, required=settings.voting.require_risk_voice)
    target = target_of(direction.action, snapshot, settings)
    blocked = "; ".join(reason for reason in (*_faults(snapshot, target), caution.blocked) if reason) or None
    agreeing = [v for v in roll.analysis if v.vote.action == direction.action and v.strength > 0]
    price = snapshot.quote.price if snapshot.quote is not None and direction.action != "HOLD" else None
    hedge = (
        levels.hedge_ratio(roll.hedging, settings.hedging.max_ratio)
        if _hedgeable(snapshot, settings)
        else None
    )
    return Decision(
        action=direction.action,
        target=target,
        confidence=direction.confidence,
        reasoning=words.spoken(roll, direction, caution.size_factor, hedge, blocked),
        size_factor=caution.size_factor,
        hedge_ratio=hedge,
        stop_loss=levels.stop_loss(agreeing, direction.action, price) if price else None,
        take_profit=levels.take_profit(agreeing, direction.action, price) if price else None,
        horizon_bars=levels.horizon(agreeing),
        entries_blocked=blocked,
        tally=_count(roll, direction, caution.vetoed_by, settings),
    )


def target_of(action: Action, snapshot: Snapshot, settings: Settings) -> Target:
    """BUY wants LONG; SELL wants SHORT where a perpetual is traded and shorts are allowed, else FLAT."""
    if action == "HOLD":
        return "KEEP"
    if action == "BUY":
        return "LONG"
    return "SHORT" if snapshot.hedge_symbol is not None and settings.trading.allow_short else "FLAT"


def _hedgeable(snapshot: Snapshot, settings: Settings) -> bool:
    faulty = any(fault.symbol == snapshot.hedge_symbol for fault in snapshot.faults)
    return settings.hedging.enabled and snapshot.hedge is not None and not faulty


def _faults(snapshot: Snapshot, target: Target) -> list[str]:
    """Why the data forbids entries: the primary series, and the perpetual when that is what SELL enters."""
    watched = {snapshot.symbol, snapshot.hedge_symbol} if target == "SHORT" else {snapshot.symbol}
    reasons = [
        f"{fault.symbol} {fault.kind}: {fault.detail}" for fault in snapshot.faults if fault.symbol in watched
    ]
    if snapshot.quote is None and not reasons:
        reasons.append(f"{snapshot.symbol} missing: no usable price")
    if target == "SHORT" and snapshot.hedge is None and not reasons:
        reasons.append(f"{snapshot.hedge_symbol} missing: no usable price")
    return reasons


def _count(roll: Roll, direction: Direction, vetoed_by: tuple[str, ...], settings: Settings) -> Tally:
    weights = [
        *(
            AgentWeight(
                agent=v.vote.agent,
                weight=v.weight,
                counted=v.weight > 0,
                note=words.note(v.vote),
                believed=v.believed,
            )
            for v in roll.analysis
        ),
        *(
            AgentWeight(agent=v.vote.agent, weight=0.0, counted=True, note=words.note(v.vote))
            for v in roll.risk
        ),
        *(
            AgentWeight(agent=v.vote.agent, weight=0.0, counted=v.weight > 0, note=words.note(v.vote))
            for v in roll.hedging
        ),
        *(AgentWeight(agent=a.agent, weight=0.0, counted=False, note=words.note(a)) for a in roll.silent),
    ]
    return Tally(
        scores=direction.scores,
        weights=tuple(sorted(weights, key=lambda w: w.agent)),
        voters=direction.voters,
        quorum=settings.voting.quorum,
        consensus=direction.consensus,
        min_consensus=settings.voting.min_consensus,
        vetoed_by=vetoed_by,
        rule=direction.rule,
    )
