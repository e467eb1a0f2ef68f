"""What a decision hung on: recount it without each agent, and find the smallest change of mind that turns it.

Pure: a record in, numbers out. Seats follow from the record itself: the word an agent used names its voice, the
tally its weight.
"""

from collections.abc import Sequence
from typing import Literal

from openoutcry.learning.learned import belief, told
from openoutcry.settings import Settings, VotingSettings
from openoutcry.types.frozen import Frozen
from openoutcry.types.record import CycleRecord, Decision
from openoutcry.types.votes import Ballot, Vote
from openoutcry.voting.direction import weigh
from openoutcry.voting.roll import Believe, Heard
from openoutcry.voting.seats import WORDS, Seat, Voice
from openoutcry.voting.tally import tally

STEPS = 100
Call = Literal["BUY", "SELL", "HOLD"]


class Without(Frozen):
    """The decision as it would have been without one agent."""

    agent: str
    decision: Call
    target: str
    confidence: float
    consensus: float
    entries_blocked: str | None
    changed: bool


class Flip(Frozen):
    """The smallest change of one agent's confidence, in its own direction, that makes another decision."""

    agent: str
    action: str
    confidence: float
    needed: float
    distance: float
    decision: Call


def as_counted(settings: Settings, decision: Decision) -> Settings:
    """``settings`` with the bars that the stored count had to clear."""
    bars = {"quorum": decision.tally.quorum, "min_consensus": decision.tally.min_consensus}
    return settings.model_copy(update={"voting": settings.voting.model_copy(update=bars)})


def seats_of(record: CycleRecord) -> list[Seat]:
    """Who sat where in a round; agents that abstained had no say and need no seat."""
    assert record.decision is not None
    weights = {weight.agent: weight.weight for weight in record.decision.tally.weights}
    voiced = [(ballot.agent, _voice(ballot)) for ballot in record.ballots]
    return [
        Seat(agent=agent, voice=voice, weight=weights.get(agent, 0.0) if voice == "analysis" else 1.0)
        for agent, voice in voiced
        if voice is not None
    ]


def leave_one_out(record: CycleRecord, settings: Settings) -> list[Without]:
    """The recount without each agent that was heard."""
    assert record.decision is not None and record.snapshot is not None
    seats, believe = seats_of(record), believed_in(record)
    out: list[Without] = []
    for seat in seats:
        rest = [ballot for ballot in record.ballots if ballot.agent != seat.agent]
        other = tally(record.snapshot, rest, [s for s in seats if s != seat], settings, believe)
        out.append(
            Without(
                agent=seat.agent,
                decision=other.action,
                target=other.target,
                confidence=other.confidence,
                consensus=other.tally.consensus,
                entries_blocked=other.entries_blocked,
                changed=_wants(other) != _wants(record.decision),
            )
        )
    return out


def _wants(decision: Decision) -> tuple[str, bool]:
    """What would be done: the action, and whether it is kept from entering."""
    return decision.action, decision.action != "HOLD" and decision.entries_blocked is not None


def nearest_flip(record: CycleRecord, settings: Settings) -> Flip | None:
    """The closest call: None when no single agent could have turned the decision by confidence alone."""
    assert record.decision is not None
    heard, believe = heard_in(record), believed_in(record)
    flips = [
        flip
        for index in range(len(heard))
        if (flip := _flip(heard, index, record.decision.action, settings.voting, believe)) is not None
    ]
    return min(flips, key=lambda flip: (flip.distance, flip.agent), default=None)


def _flip(
    heard: Sequence[Heard], index: int, action: str, settings: VotingSettings, believe: Believe | None
) -> Flip | None:
    given = heard[index].vote.confidence
    for level in sorted((step / STEPS for step in range(STEPS + 1)), key=lambda level: abs(level - given)):
        vote = heard[index].vote.model_copy(update={"confidence": level})
        turned = Heard(vote, heard[index].weight, None if believe is None else believe(vote))
        changed = weigh([*heard[:index], turned, *heard[index + 1 :]], settings)
        if changed.action != action:
            return Flip(
                agent=vote.agent,
                action=vote.action,
                confidence=given,
                needed=level,
                distance=round(abs(level - given), 6),
                decision=changed.action,
            )
    return None


def heard_in(record: CycleRecord) -> list[Heard]:
    """The votes with a direction, by agent, with what each weighed."""
    weights = {seat.agent: seat.weight for seat in seats_of(record) if seat.voice == "analysis"}
    votes = [b.answer for b in record.ballots if isinstance(b.answer, Vote) and b.agent in weights]
    believe = believed_in(record)
    return [
        Heard(vote, weights[vote.agent], None if believe is None else believe(vote))
        for vote in sorted(votes, key=lambda vote: vote.agent)
    ]


def believed_in(record: CycleRecord) -> Believe | None:
    """How far the round believed its voices."""
    return belief(told(record.detail), record.features)


def _voice(ballot: Ballot) -> Voice | None:
    if not isinstance(ballot.answer, Vote):
        return None
    return next(voice for voice, words in WORDS.items() if ballot.answer.action in words)
