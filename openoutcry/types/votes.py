"""What an agent may call out: a vote with its evidence, or an abstention with its reason."""

import operator
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from openoutcry.types.amounts import Amount, PositiveAmount
from openoutcry.types.frozen import Frozen

Action = Literal["BUY", "SELL", "HOLD", "APPROVE", "REDUCE", "VETO", "HEDGE"]
"""BUY, SELL and HOLD are directional; APPROVE, REDUCE and VETO are the risk agent's; HEDGE is the hedging agent's."""
DIRECTIONAL: frozenset[str] = frozenset({"BUY", "SELL", "HOLD"})
AbstainReason = Literal[
    "deadline",
    "unreachable",
    "error",
    "unparsable",
    "wrong_agent",
    "data_unavailable",
    "out_of_budget",
    "disabled",
]
AgentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Unit = Annotated[float, Field(ge=0.0, le=1.0)]


class ToolUse(Frozen):
    """One tool call of a round, with its whole answer: what a vote cites, and what a replay feeds back.

    ``tool`` is ``server.tool``; ``result_id`` is the digest of tool, arguments and result.
    """

    result_id: str
    tool: str
    arguments: dict[str, Any]
    result: dict[str, Any]


class Vote(Frozen):
    """An opinion on one symbol. ``evidence`` holds the result ids it relies on.

    ``size_factor`` (risk) shrinks, never raises, the position; ``hedge_ratio`` (hedging) is the wanted short over
    spot exposure, 1.0 = fully hedged. ``horizon_bars`` is how long the thesis is meant to hold.
    """

    kind: Literal["vote"] = "vote"
    agent: AgentName
    symbol: str
    action: Action
    confidence: Unit
    reasoning: Annotated[str, Field(min_length=1, max_length=4000)]
    evidence: Annotated[tuple[str, ...], Field(max_length=64)] = ()
    stop_loss: PositiveAmount | None = None
    take_profit: PositiveAmount | None = None
    horizon_bars: Annotated[int, Field(ge=1, le=10_000)] = 24
    size_factor: Unit | None = None
    hedge_ratio: Unit | None = None


class Abstain(Frozen):
    """No opinion, and why. Late, broken, unparsable or out of budget is this, never HOLD."""

    kind: Literal["abstain"] = "abstain"
    agent: AgentName
    symbol: str
    reason: AbstainReason
    detail: Annotated[str, Field(max_length=2000)] = ""


INSTEAD = "instead of a model: "
"""How the response of rules begins that voted because no model could."""


class MindUse(Frozen):
    """Which mind answered, what it was asked and what that cost. ``prompt_hash`` and ``params`` are of the last call; tokens,
    dollars and ``latency_ms`` are summed over all. ``cached_tokens`` are what the vendor read from its cache; ``cache`` is the
    floor's own, when it answered in the model's place.
    """

    model: str = "rules"
    prompt: str = ""
    response: str = ""
    prompt_tokens: Annotated[int, Field(ge=0)] = 0
    completion_tokens: Annotated[int, Field(ge=0)] = 0
    cost_usd: Amount = Decimal(0)
    asked: Annotated[tuple[str, ...], Field(max_length=64, exclude_if=operator.not_)] = ()
    """Results that the mind asked for itself, in order; the others were given to it. Left out when there are none."""
    cached_tokens: Annotated[int, Field(ge=0, exclude_if=operator.not_)] = 0
    latency_ms: Annotated[float, Field(ge=0.0, exclude_if=operator.not_)] = 0.0
    calls: Annotated[int, Field(ge=0, exclude_if=operator.not_)] = 0
    cache: Annotated[Literal["", "exact", "semantic"], Field(exclude_if=operator.not_)] = ""
    prompt_hash: Annotated[str, Field(exclude_if=operator.not_)] = ""
    params: dict[str, Any] = Field(default_factory=dict, exclude_if=operator.not_)

    @property
    def instead(self) -> str:
        """What each model of the chain failed with, where the rules voted in their place."""
        return self.response.removeprefix(INSTEAD) if self.response.startswith(INSTEAD) else ""

    @property
    def named(self) -> str:
        """Who answered, for people to read."""
        return f"{self.model} ({self.cache} cache)" if self.cache else self.model


Stand = Literal["price_rises", "price_falls", "no_edge"]
"""What a directional vote claims, as one of three words."""


class Point(Frozen):
    """A result that a voice cites in a debate: the tool that gave it, and numbers of it by JSON pointer."""

    result_id: Annotated[str, Field(min_length=1, max_length=100)]
    tool: Annotated[str, Field(min_length=1, max_length=100)]
    figures: Annotated[dict[str, float], Field(max_length=12)] = Field(default_factory=dict)


class Argument(Frozen):
    """What one agent tells the others in a debate: typed, no text of its own."""

    agent: AgentName
    claims: Stand
    confidence: Unit
    cites: Annotated[tuple[Point, ...], Field(max_length=4)] = ()


class Debated(Frozen):
    """A rebuttal: what the agent heard, and its ballot that does not count. ``stood``: that one is the rebuttal, for no model
    voted in it; else it is the first ballot, and the rebuttal counts.
    """

    heard: tuple[Argument, ...]
    other: "Ballot"
    stood: bool


class Ballot(Frozen):
    """One agent's answer in one round with everything needed to recompute it."""

    agent: AgentName
    answer: Annotated[Vote | Abstain, Field(discriminator="kind")]
    tool_uses: tuple[ToolUse, ...] = ()
    mind: MindUse = MindUse()
    debate: Debated | None = Field(default=None, exclude_if=operator.not_)
    """The floor's to fill in, never an agent's own."""

    @property
    def first(self) -> "Ballot":
        """What was said before anybody had heard the others."""
        if self.debate is None or self.debate.stood:
            return self.model_copy(update={"debate": None})
        return self.debate.other

    @property
    def minds(self) -> tuple[MindUse, ...]:
        """Every use of a mind that was paid for."""
        return (self.mind,) if self.debate is None else (self.mind, self.debate.other.mind)
