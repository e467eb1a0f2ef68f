"""Who sits at the table, with which voice and weight."""

from typing import Annotated, Literal

from pydantic import Field

from openoutcry.types.frozen import Frozen
from openoutcry.types.votes import AgentName

Voice = Literal["analysis", "risk", "hedging"]
WORDS: dict[Voice, frozenset[str]] = {
    "analysis": frozenset({"BUY", "SELL", "HOLD"}),
    "risk": frozenset({"APPROVE", "REDUCE", "VETO"}),
    "hedging": frozenset({"HEDGE"}),
}
"""What each voice may call out: an analyst cannot veto, the risk agent cannot trade."""


class Seat(Frozen):
    """One agent's place in the tally. ``weight`` is for analysis and hedging; risk is heard at any weight."""

    agent: AgentName
    voice: Voice = "analysis"
    weight: Annotated[float, Field(ge=0.0, le=100.0)] = 1.0
