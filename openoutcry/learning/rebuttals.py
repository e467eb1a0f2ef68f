"""What debates did: votes before anybody had heard the others, beside what counted afterwards, in the same rounds.

Each vote of an agent that was asked again is a pair; one that stood is a pair without a change, for its rebuttal was paid for.
The floor's own word is one more pair of its round: its decision, and what the same count makes of the first ballots. Both of a
pair are judged by the price at their own horizon, and compared once both ends are known.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from openoutcry.learning.blocks import interval
from openoutcry.ledger.outcomes import Judging
from openoutcry.recount import as_counted, believed_in, seats_of
from openoutcry.settings import Settings
from openoutcry.types.record import CycleRecord, Decision
from openoutcry.types.votes import Ballot, MindUse, Vote
from openoutcry.voting.hindsight import Judged, Said, judge
from openoutcry.voting.tally import tally

FLOOR = "the floor"
ALL = "all agents"


class Pair(NamedTuple):
    """One voice in a debated round. ``stood``: no model voted again. Dollars are what each of its two votes cost."""

    before: Said
    after: Said
    stood: bool
    first_usd: Decimal
    rebuttal_usd: Decimal


@dataclass(frozen=True, slots=True)
class Effect:
    """What debates did to one voice's Brier score. ``turned`` said another word afterwards; ``change`` is the score afterwards
    less the score before (below 0 is better), with its 95 % interval; figures are None without a case.
    """

    agent: str
    rounds: int
    stood: int
    turned: int
    judged: int
    brier_before: float | None
    brier_after: float | None
    change: float | None
    low: float | None
    high: float | None
    first_usd: Decimal
    rebuttal_usd: Decimal


def pairs_of(
    record: CycleRecord, session: UUID, bar: timedelta, judging: Judging, settings: Settings
) -> tuple[Pair, ...]:
    """The pairs of a round, the floor's last; none where there was no debate. ``settings`` are those in force then."""
    decision, snapshot = record.decision, record.snapshot
    if decision is None or snapshot is None or all(ballot.debate is None for ballot in record.ballots):
        return ()
    price = None if snapshot.quote is None else float(snapshot.quote.price)

    def said(agent: str, word: Vote | Decision) -> Said:
        return Said(
            agent, session, record.as_of, word.action, word.confidence, price, bar, word.horizon_bars,  # type: ignore[arg-type]
            float(judging.cost), float(judging.calm),
        )  # fmt: skip

    found = [
        Pair(
            said(ballot.agent, first.answer),
            said(ballot.agent, ballot.answer),
            ballot.debate.stood,
            first.mind.cost_usd,
            rebuttal_of(ballot).cost_usd,
        )
        for ballot in record.ballots
        if ballot.debate is not None
        and isinstance((first := ballot.first).answer, Vote)
        and isinstance(ballot.answer, Vote)
    ]
    without = tally(
        snapshot,
        [ballot.first for ballot in record.ballots],
        seats_of(record),
        as_counted(settings, decision),
        believed_in(record),
    )
    costs = [
        sum((getattr(pair, name) for pair in found), Decimal(0)) for name in ("first_usd", "rebuttal_usd")
    ]
    floor = Pair(said(FLOOR, without), said(FLOOR, decision), False, *costs)
    return (*found, floor)


def rebuttal_of(ballot: Ballot) -> MindUse:
    """What an agent's mind used when it was asked again."""
    assert ballot.debate is not None
    return ballot.debate.other.mind if ballot.debate.stood else ballot.mind


def effects(
    pairs: Iterable[Pair], prices: Mapping[UUID, Sequence[tuple[datetime, float]]]
) -> tuple[Effect, ...]:
    """Per agent by name, then all agents together, then the floor; nothing without a debate."""
    every = sorted(pairs, key=lambda pair: (pair.before.session, pair.before.at, pair.before.agent))
    before = _by_word(judge((pair.before for pair in every), prices)[0])
    after = _by_word(judge((pair.after for pair in every), prices)[0])
    voices = [pair for pair in every if pair.before.agent != FLOOR]
    groups = {
        name: [p for p in voices if p.before.agent == name]
        for name in sorted({p.before.agent for p in voices})
    }
    groups |= {ALL: voices, FLOOR: [pair for pair in every if pair.before.agent == FLOOR]}
    return tuple(_effect(name, group, before, after) for name, group in groups.items()) if every else ()


Key = tuple[UUID, datetime, str]


def _by_word(judged: Iterable[Judged]) -> dict[Key, float]:
    """The squared error of each word."""
    return {(one.session, one.at, one.agent): (one.confidence - one.right) ** 2 for one in judged}


def _effect(
    name: str, pairs: Sequence[Pair], before: Mapping[Key, float], after: Mapping[Key, float]
) -> Effect:
    keys = [(pair.before.session, pair.before.at, pair.before.agent) for pair in pairs]
    known = [key for key in keys if key in before and key in after]
    rounds: dict[tuple[UUID, datetime], list[float]] = {}
    for key in known:
        rounds.setdefault(key[:2], []).append(after[key] - before[key])
    low, high = interval(list(rounds.values())) or (None, None)
    first, last = (_mean([scores[key] for key in known]) for scores in (before, after))
    return Effect(
        agent=name,
        rounds=len({key[:2] for key in keys}),
        stood=sum(pair.stood for pair in pairs),
        turned=sum(pair.before.action != pair.after.action for pair in pairs),
        judged=len(known),
        brier_before=first,
        brier_after=last,
        change=None if first is None or last is None else last - first,
        low=low,
        high=high,
        first_usd=sum((pair.first_usd for pair in pairs), Decimal(0)),
        rebuttal_usd=sum((pair.rebuttal_usd for pair in pairs), Decimal(0)),
    )


def _mean(scores: Sequence[float]) -> float | None:
    return math.fsum(scores) / len(scores) if scores else None
