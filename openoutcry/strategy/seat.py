"""A strategy's seat on the floor: the agent it votes as, and the version it votes by."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from openoutcry.canonical import digest
from openoutcry.strategy.naming import slug
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.votes import AgentName

MOST_AGENT_NAME = 40
LETTER_FIRST = "s_"
"""Before a name that begins with a digit, as an agent's may not."""

SEATED = "strategies"
"""Key of a record's detail: agent → Seated."""


class Seated(Frozen):
    """A seat as each round's record carries it: which strategy and version sat there. ``hash`` is the definition's."""

    id: UUID
    version: str
    hash: str
    weight: float


class StrategySeat(Frozen):
    """A seat with the definition that is voted by: the canonical mapping of a rules strategy."""

    agent: AgentName
    weight: Annotated[float, Field(ge=0.0, le=100.0)]
    id: UUID
    name: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[str, Field(max_length=40)]
    asset: Annotated[str, Field(max_length=40)]
    definition: dict[str, Any]

    @property
    def hash(self) -> str:
        """Digest of the definition."""
        return digest(self.definition)

    def seated(self) -> Seated:
        """What a record says of it every round."""
        return Seated(id=self.id, version=self.version, hash=self.hash, weight=self.weight)

    def trades(self, symbol: str) -> bool:
        """Whether it votes on this symbol: one of its asset, or of the pair it names, spot or perpetual."""
        there = parse_symbol(symbol)
        return (
            parse_symbol(self.asset).spot() == there.spot() if "/" in self.asset else there.base == self.asset
        )


def sat(detail: Mapping[str, Any]) -> dict[str, Seated]:
    """Which strategies sat in the round of a record with this detail, by agent name."""
    return {agent: Seated.model_validate(one) for agent, one in detail.get(SEATED, {}).items()}


def agent_name(name: str, *, field: str = "name") -> str:
    """The agent a strategy votes as: ``BTC RSI Strategy`` is ``btc_rsi_strategy``, cut at 40 characters.

    Raises BadInput of a name without a letter or digit.
    """
    plain = slug(name, field=field)
    made = plain if plain[0].isalpha() else f"{LETTER_FIRST}{plain}"
    return made[:MOST_AGENT_NAME].rstrip("_")
