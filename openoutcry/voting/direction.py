"""The directional vote: strength per action, quorum, consensus, confidence; a tie is no trade."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from openoutcry.settings import VotingSettings
from openoutcry.voting.roll import Heard

Action = Literal["BUY", "SELL", "HOLD"]
Rule = Literal["quorum", "no_direction", "tie", "min_consensus", "min_confidence", "majority"]
DIGITS = 12


@dataclass(frozen=True, slots=True)
class Direction:
    """What the analysts' votes add up to. ``scores`` are shares of the counted weight; ``rule`` decided."""

    action: Action
    confidence: float
    consensus: float
    scores: dict[str, float]
    voters: int
    rule: Rule
    why: str


def weigh(votes: Sequence[Heard], settings: VotingSettings) -> Direction:
    """Count directional votes of positive weight, given sorted by agent.

    ``scores[a]`` = sum(weight x confidence of a) / sum(weight of all, HOLD included), so a HOLD dilutes.
    ``consensus`` = the stronger of BUY and SELL over both. HOLD wins whenever a bar is missed.
    """
    counted = [v for v in votes if v.weight > 0]
    scores = _scores(counted)
    buy, sell = scores["BUY"], scores["SELL"]
    winner: Action = "BUY" if buy > sell else "SELL"
    strongest = max(buy, sell)
    consensus = round(strongest / (buy + sell), DIGITS) if strongest > 0 else 0.0
    rule, why = _rule(len(counted), buy, sell, consensus, settings)
    action: Action = winner if rule == "majority" else "HOLD"
    return Direction(action, min(1.0, scores[action]), consensus, scores, len(counted), rule, why)


def _scores(counted: Sequence[Heard]) -> dict[str, float]:
    total = math.fsum(v.weight for v in counted)
    sums = {a: math.fsum(v.strength for v in counted if v.vote.action == a) for a in ("BUY", "SELL", "HOLD")}
    return {action: round(value / total, DIGITS) if total > 0 else 0.0 for action, value in sums.items()}


def _rule(
    voters: int, buy: float, sell: float, consensus: float, settings: VotingSettings
) -> tuple[Rule, str]:
    strongest = max(buy, sell)
    if voters < settings.quorum:
        return "quorum", f"no quorum: {voters} of {settings.quorum} directional votes"
    if strongest <= 0:
        return "no_direction", "nobody calls a direction"
    if buy == sell:
        return "tie", f"BUY and SELL are tied at {buy:.2f}"
    if consensus < settings.min_consensus:
        return "min_consensus", f"consensus {consensus:.2f} is below {settings.min_consensus:.2f}"
    if strongest < settings.min_confidence:
        return "min_confidence", f"confidence {strongest:.2f} is below {settings.min_confidence:.2f}"
    return "majority", (
        f"consensus {consensus:.2f} (needs {settings.min_consensus:.2f}), "
        f"confidence {strongest:.2f} (needs {settings.min_confidence:.2f})"
    )
