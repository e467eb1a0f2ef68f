"""Each agent's part in a vote: Shapley values (1953) of the signed strength, counted over all orders of speaking."""

import math
from collections.abc import Sequence
from itertools import combinations

SIGN = {"BUY": 1.0, "SELL": -1.0, "HOLD": 0.0}
MOST = 12
"""Up to so many voters every group is counted; beyond, each one's part of the whole sum stands for it."""
Voter = tuple[str, str, float, float]
"""Agent, action, confidence, weight."""


def strength(group: Sequence[Voter]) -> float:
    """BUY minus SELL as the tally scores them: weight x confidence over the weight of those who spoke, HOLD included."""
    total = math.fsum(weight for *_, weight in group)
    if total <= 0:
        return 0.0
    return math.fsum(SIGN[action] * confidence * weight for _, action, confidence, weight in group) / total


def credit(voters: Sequence[Voter]) -> dict[str, float]:
    """By agent; they add up to the strength of all."""
    if len(voters) > MOST:
        total = math.fsum(weight for *_, weight in voters)
        return {
            agent: SIGN[action] * confidence * weight / total if total > 0 else 0.0
            for agent, action, confidence, weight in voters
        }
    return {voter[0]: _value(voter, [one for one in voters if one is not voter]) for voter in voters}


def _value(voter: Voter, others: Sequence[Voter]) -> float:
    parts = []
    for size in range(len(others) + 1):
        share = 1.0 / ((len(others) + 1) * math.comb(len(others), size))
        for group in combinations(others, size):
            parts.append(share * (strength([*group, voter]) - strength(group)))
    return math.fsum(parts)
