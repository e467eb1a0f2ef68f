"""The roll: which ballots are heard, and why the others are not."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from openoutcry.errors import BadInput
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Abstain, Ballot, Vote
from openoutcry.voting.seats import WORDS, Seat, Voice

Believe = Callable[[Vote], float]
"""The chance that a vote is right."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A vote that counts, with its seat's weight."""

    vote: Vote
    weight: float
    believed: float | None = None

    @property
    def confidence(self) -> float:
        """What it counts with: ``believed`` where the floor has learned it, else what the vote states."""
        return self.vote.confidence if self.believed is None else self.believed

    @property
    def strength(self) -> float:
        """Weight x confidence."""
        return self.weight * self.confidence


@dataclass(frozen=True, slots=True)
class Roll:
    """Every ballot of the round, sorted by agent: the heard ones by voice, the silent ones as abstentions."""

    analysis: tuple[Heard, ...]
    risk: tuple[Heard, ...]
    hedging: tuple[Heard, ...]
    silent: tuple[Abstain, ...]


def call_roll(
    snapshot: Snapshot, ballots: Iterable[Ballot], seats: Sequence[Seat], believe: Believe | None = None
) -> Roll:
    """Sort the ballots; ``believe`` says how far to trust an analyst's vote.

    Raises BadInput when an agent has two ballots or two seats.
    """
    by_agent = {seat.agent: seat for seat in seats}
    if len(by_agent) != len(seats):
        raise BadInput("seats: an agent has more than one seat", field="seats")
    heard: dict[Voice, list[Heard]] = {"analysis": [], "risk": [], "hedging": []}
    silent: list[Abstain] = []
    previous = ""
    for ballot in sorted(ballots, key=lambda b: b.agent):
        if ballot.agent == previous:
            raise BadInput(f"ballots: {ballot.agent} has more than one ballot in this round", field="ballots")
        previous = ballot.agent
        seat = by_agent.get(ballot.agent)
        answer = admit(snapshot, ballot, seat)
        if isinstance(answer, Vote) and seat is not None:
            learned = believe(answer) if believe is not None and seat.voice == "analysis" else None
            heard[seat.voice].append(Heard(answer, seat.weight, learned))
        elif isinstance(answer, Abstain):
            silent.append(answer)
    return Roll(tuple(heard["analysis"]), tuple(heard["risk"]), tuple(heard["hedging"]), tuple(silent))


def admit(snapshot: Snapshot, ballot: Ballot, seat: Seat | None) -> Vote | Abstain:
    """The ballot's answer when it is heard; otherwise an abstention that says why it is not."""
    answer = ballot.answer
    if answer.agent != ballot.agent:
        return _silence(snapshot, ballot, f"answered as {answer.agent}")
    if answer.symbol != snapshot.symbol:
        return _silence(snapshot, ballot, f"answered for {answer.symbol}")
    if isinstance(answer, Abstain):
        return answer
    if seat is None:
        return _silence(snapshot, ballot, "has no seat on this floor")
    if answer.action not in WORDS[seat.voice]:
        return _silence(snapshot, ballot, f"{answer.action} is not a word of the {seat.voice} voice")
    return answer


def _silence(snapshot: Snapshot, ballot: Ballot, why: str) -> Abstain:
    return Abstain(agent=ballot.agent, symbol=snapshot.symbol, reason="wrong_agent", detail=why)
