"""What was learned of the floor's voices, as a version of the model registry: how far to believe whom, and who weighs what.

The tally uses the version in production: a vote counts with the chance that it is right, not with the confidence it states.
Each record made under a version carries it whole, so that a replay counts alike.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from openoutcry.learning.beta import Beta
from openoutcry.learning.climate import Climate, Reach, climate, reach
from openoutcry.types.frozen import Frozen
from openoutcry.types.votes import AgentName, Vote
from openoutcry.voting.seats import Seat

LEARNED = "learned"
"""Key of a record's detail, and the name of the model in the registry."""
Word = Literal["entry", "hold"]


def word_of(action: str) -> Word:
    """Entries and HOLDs are judged by other rules, and so learned apart."""
    return "hold" if action == "HOLD" else "entry"


class Cell(Frozen):
    """One agent's map for a word, in a climate and at a reach (None: in all of them)."""

    agent: AgentName
    word: Word
    climate: Climate | None = None
    reach: Reach | None = None
    beta: Beta


class Learned(Frozen):
    """A version: ``cells`` from the outcomes known by ``known_by``; ``weights`` of the agents learned, adding up to 1."""

    version: str
    known_by: datetime
    cells: tuple[Cell, ...] = Field(max_length=2000)
    weights: dict[AgentName, float]

    def believed(self, agent: str, action: str, horizon_bars: int, stated: float, market: Climate) -> float:
        """The chance that a word is right: by the closest cell that was learned, or as stated where there is none."""
        word, ahead = word_of(action), reach(horizon_bars)
        mine = [cell for cell in self.cells if cell.agent == agent and cell.word == word]
        for there, how_far in ((market, ahead), (market, None), (None, ahead), (None, None)):
            for cell in mine:
                if cell.climate == there and cell.reach == how_far:
                    return cell.beta.believed(stated)
        return stated

    def weighed(self, seats: Sequence[Seat]) -> tuple[Seat, ...]:
        """The seats with the learned weights in place of the configured ones, which keep their sum."""
        known = [s for s in seats if s.voice == "analysis" and s.weight > 0 and s.agent in self.weights]
        total, learned = sum(s.weight for s in known), sum(self.weights[s.agent] for s in known)
        if not known or learned <= 0:
            return tuple(seats)
        scale = total / learned
        new = {s.agent: min(100.0, round(self.weights[s.agent] * scale, 9)) for s in known}
        return tuple(s.model_copy(update={"weight": new[s.agent]}) if s.agent in new else s for s in seats)


def belief(learned: Learned | None, features: Mapping[str, float | None]) -> Callable[[Vote], float] | None:
    """The chance that a vote is right, in a round with these features; None while nothing was learned."""
    if learned is None:
        return None
    market = climate(features)
    return lambda vote: learned.believed(vote.agent, vote.action, vote.horizon_bars, vote.confidence, market)


def told(detail: Mapping[str, Any]) -> Learned | None:
    """The version a record was made under."""
    found = detail.get(LEARNED)
    return None if found is None else Learned.model_validate(found)
