"""What became of an agent's own word: each vote judged alone by how the price moved until its horizon.

The floor's decision has an outcome (openoutcry/ledger/outcomes.py); an agent that was outvoted has one too. BUY is right
if the price rose by more than a round trip costs, SELL if it fell by more, HOLD if it moved by no more than ``calm``.
Causal: a vote is judged at the first price at or after its horizon, and by nothing later; before that it is pending.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from openoutcry.learning.climate import Climate
from openoutcry.types.market import Source

Word = Literal["BUY", "SELL", "HOLD"]


class Said(NamedTuple):
    """One directional vote: when, at which price (None: none was known), and until when the thesis was meant to hold."""

    agent: str
    session: UUID
    at: datetime
    action: Word
    confidence: float
    price: float | None
    bar: timedelta
    horizon_bars: int
    cost: float
    calm: float
    market: Climate = "unknown"
    mind: str = "rules"
    source: Source = "recorded"


class Judged(NamedTuple):
    """A vote whose end is known. ``move`` is the price's, ``gain`` what following the word would have brought net."""

    agent: str
    session: UUID
    at: datetime
    known_at: datetime
    action: Word
    confidence: float
    right: bool
    move: float
    gain: float
    market: Climate = "unknown"
    horizon_bars: int = 24
    mind: str = "rules"
    source: Source = "recorded"


def judge(
    votes: Iterable[Said], prices: Mapping[UUID, Sequence[tuple[datetime, float]]]
) -> tuple[list[Judged], int]:
    """The votes that have ended, oldest end first, and how many are pending or had no price.

    ``prices`` are each session's own, oldest first; what is not in there is not known.
    """
    judged: list[Judged] = []
    pending = 0
    stamps = {session: [at for at, _ in line] for session, line in prices.items()}
    for vote in votes:
        line, times = prices.get(vote.session, ()), stamps.get(vote.session, [])
        found = bisect_left(times, vote.at + vote.bar * vote.horizon_bars)
        if vote.price is None or found >= len(line):
            pending += 1
            continue
        known_at, price = line[found]
        judged.append(_judged(vote, known_at, price / vote.price - 1))
    return sorted(judged, key=lambda one: (one.known_at, one.at, one.agent)), pending


def _judged(vote: Said, known_at: datetime, move: float) -> Judged:
    if vote.action == "HOLD":
        right, gain = abs(move) <= vote.calm, 0.0
    else:
        toward = move if vote.action == "BUY" else -move
        right, gain = toward > vote.cost, toward - vote.cost
    return Judged(
        vote.agent, vote.session, vote.at, known_at, vote.action, vote.confidence, right, move, gain,
        vote.market, vote.horizon_bars, vote.mind, vote.source,
    )  # fmt: skip
