"""An agent on its seat: its servers, its mind, its deadline, and a count of what it has said."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from agents.cast import abstention, cast
from agents.declare import Agent
from agents.llm.purse import ROUND
from agents.toolbox import RECALL, FloorToolbox, Server
from openoutcry.ports import Model
from openoutcry.settings import AgentSettings
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Abstain, Argument, Ballot
from openoutcry.version import VERSION
from openoutcry.voting.seats import Voice
from wire.cassette import ROUND as SITTING

ANSWERING_SHARE = 0.9
"""How much of the floor's deadline the agent takes for itself; the rest carries the ballot home."""


class Record(Frozen):
    """What an agent has said since its process started."""

    votes: dict[str, int]
    abstentions: dict[str, int]
    last_seq: int | None


class About(Frozen):
    """Who an agent is."""

    name: str
    voice: Voice
    persona: str
    tools: tuple[str, ...]
    model: str
    enabled: bool
    version: str
    record: Record


@dataclass
class SeatedAgent:
    """One hosted agent. Its settings' tools, where given, win over the declared ones."""

    agent: Agent
    servers: Mapping[str, Server]
    mind: Model
    settings: AgentSettings
    deadline_s: float
    _votes: Counter[str] = field(default_factory=Counter)
    _abstentions: Counter[str] = field(default_factory=Counter)
    _last_seq: int | None = None

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools it may call."""
        return allowed_tools(self.agent, self.settings)

    async def vote(
        self, snapshot: Snapshot, round_token: str | None, heard: tuple[Argument, ...] = ()
    ) -> Ballot:
        """One ballot; never raises for what goes wrong inside. ``heard`` is what all claimed, in a debate."""
        if not self.settings.enabled:
            return abstention(self.agent.name, snapshot, "disabled", "disabled by configuration")
        given_s = self.deadline_s * ANSWERING_SHARE
        ROUND.set(round_token)
        SITTING.set(f"{snapshot.symbol}:{snapshot.seq}")
        tools = FloorToolbox(self.servers, self.tools, round_token, monotonic() + given_s)
        others = tuple(one for one in heard if one.agent != self.agent.name)
        ballot = await cast(self.agent, snapshot, tools, self.mind, deadline_s=given_s, heard=others)
        if isinstance(ballot.answer, Abstain):
            self._abstentions[ballot.answer.reason] += 1
        else:
            self._votes[ballot.answer.action] += 1
        self._last_seq = snapshot.seq
        return ballot

    def about(self) -> About:
        """Persona, tools, model and record."""
        return About(
            name=self.agent.name,
            voice=self.agent.voice,
            persona=self.agent.description,
            tools=self.tools,
            model=self.settings.mind,
            enabled=self.settings.enabled,
            version=VERSION,
            record=Record(
                votes=dict(sorted(self._votes.items())),
                abstentions=dict(sorted(self._abstentions.items())),
                last_seq=self._last_seq,
            ),
        )


def allowed_tools(agent: Agent, settings: AgentSettings) -> tuple[str, ...]:
    """The allow-list: the settings' where they name one, else the agent's own; and memory for a seat that recalls."""
    given = settings.tools if settings.tools is not None else agent.tools
    return (*given, RECALL) if settings.recall and RECALL not in given else given
