"""Weights by fixed-share Hedge: each agent's weight falls with its losses, and a small part of all is shared out again each
round, so that who was wrong for a year can be heard when the market turns.

Losses are squared errors of stated confidence, in [0, 1]. An agent that said nothing in a round neither loses nor gains
weight in it: the others share what they had between them.

Sources: Y. Freund, R. Schapire (1997); M. Herbster, M. Warmuth, Tracking the best expert (1998); Y. Freund et al., Using and
combining predictors that specialize (1997).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ALPHA = 0.001
"""The part of all weight that is shared out evenly after each round."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Where the weights ended, and what it cost to follow them. ``weights`` add up to 1; ``history`` has those before each
    round and after the last. ``regret`` is against each agent, over the rounds it spoke in, and never above ``bound``;
    ``equal_loss`` is what equal weights would have lost.
    """

    weights: Mapping[str, float]
    history: tuple[Mapping[str, float], ...]
    rounds: int
    loss: float
    equal_loss: float
    agent_losses: Mapping[str, float]
    regret: Mapping[str, float]
    eta: float
    alpha: float
    bound: float

    @property
    def best(self) -> str | None:
        """The agent with the least mean loss over the rounds it spoke in; None without a round."""
        return min(self.regret, key=lambda name: (-self.regret[name], name), default=None)


def learning_rate(agents: int, rounds: int) -> float:
    """The rate that makes the bound least: sqrt(8 (ln N + T ln 1/(1 - alpha)) / T)."""
    if rounds == 0 or agents < 2:
        return 1.0
    return math.sqrt(8 * _cost(agents, rounds, ALPHA) / rounds)


def share(losses: Sequence[Mapping[str, float]], agents: Sequence[str], *, alpha: float = ALPHA) -> Shared:
    """Run the rule over the rounds, oldest first: each maps who spoke to its loss. The same rounds, the same weights."""
    names = sorted(agents)
    count, rounds = len(names), len(losses)
    eta = learning_rate(count, rounds)
    weights = dict.fromkeys(names, 1.0 / count) if count else {}
    history = [dict(weights)]
    total = equal = 0.0
    own, against = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    for spoken in losses:
        awake = [name for name in names if name in spoken]
        held = math.fsum(weights[name] for name in awake)
        if awake:
            mixed = math.fsum(weights[name] * spoken[name] for name in awake) / held
            total += mixed
            equal += math.fsum(spoken[name] for name in awake) / len(awake)
            for name in awake:
                own[name] += spoken[name]
                against[name] += mixed - spoken[name]
            weights = _moved(weights, spoken, awake, held, eta, alpha)
        history.append(dict(weights))
    return Shared(
        weights=weights, history=tuple(history), rounds=rounds, loss=total, equal_loss=equal, agent_losses=own,
        regret=against, eta=eta, alpha=alpha, bound=_bound(count, rounds, eta, alpha),
    )  # fmt: skip


def _moved(
    weights: Mapping[str, float],
    spoken: Mapping[str, float],
    awake: Sequence[str],
    held: float,
    eta: float,
    alpha: float,
) -> dict[str, float]:
    least = min(spoken[name] for name in awake)
    raised = {name: weights[name] * math.exp(-eta * (spoken[name] - least)) for name in awake}
    whole = math.fsum(raised.values())
    moved = {**weights, **{name: held * value / whole for name, value in raised.items()}}
    return {name: (1 - alpha) * value + alpha / len(moved) for name, value in moved.items()}


def _cost(agents: int, rounds: int, alpha: float) -> float:
    return math.log(max(1, agents)) + rounds * math.log(1 / (1 - alpha))


def _bound(agents: int, rounds: int, eta: float, alpha: float) -> float:
    """Against any one agent: (ln N + T ln 1/(1 - alpha)) / eta + eta T / 8."""
    return _cost(agents, rounds, alpha) / eta + eta * rounds / 8
