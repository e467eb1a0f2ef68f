"""An agent as clients see it."""

from datetime import datetime
from typing import Literal, TypedDict

from api.shapes.base import Shape
from openoutcry.minds.budget import Level

AgentStatus = Literal["active", "inactive", "error"]


class About(TypedDict, total=False):
    """What an agent said of itself."""

    version: str
    type: str
    signals_generated: int
    last_signal_at: datetime | None
    model: str
    abstained: str


class Agent(Shape, frozen=True, kw_only=True):
    """An agent, when it was last heard, and in ``metadata`` its version, type, signals and last vote."""

    name: str
    status: AgentStatus
    last_seen_at: datetime
    is_healthy: bool
    healthy: bool
    metadata: About


class AgentList(Shape, frozen=True, kw_only=True):
    """Every agent that ever took a seat, and the step that language models' money has reached today."""

    agents: list[Agent]
    count: int
    models_level: Level


class OneAgent(Shape, frozen=True, kw_only=True):
    """One agent."""

    agent: Agent


class AgentHealth(Shape, frozen=True, kw_only=True):
    """The short form."""

    name: str
    status: AgentStatus
    last_seen_at: datetime
    healthy: bool
    is_healthy: bool
