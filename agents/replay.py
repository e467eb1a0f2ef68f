"""Casting a recorded ballot again: the recording is the only source, and a miss is an error."""

from agents.declare import Agent
from agents.handing import Handing
from agents.llm.recorded import RecordedAnswer, RecordedMind, asked_again
from agents.llm.rules import RulesMind
from agents.recorded import RecordedToolbox
from openoutcry.ports import Model
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Abstain, Ballot

RULES = "rules"


async def recast(agent: Agent, snapshot: Snapshot, ballot: Ballot) -> Ballot:
    """What the agent says today to what it saw then; equal to ``ballot`` when nothing changed.

    Rules think again; a language model's answer is taken from the recording. An abstention stands as it is:
    it tells of a process that failed, and no recording brings that back.
    Raises ReplayDiverged naming what differs.
    """
    if isinstance(ballot.answer, Abstain):
        return ballot
    if (debate := ballot.debate) is not None:
        counted = await recast(agent, snapshot, ballot.model_copy(update={"debate": None}))
        other = await recast(agent, snapshot, debate.other)
        return counted.model_copy(update={"debate": debate.model_copy(update={"other": other})})
    tools = RecordedToolbox(ballot)
    by_rules = ballot.mind.model == RULES
    mind: Model = RulesMind() if by_rules else _recording(snapshot, ballot)
    reply = await agent.think(snapshot, tools, Handing(mind, tools))
    if by_rules:
        await asked_again(ballot, tools)
    tools.finish()
    # Rules that voted instead of a model cannot know again what the model failed with: that is in the recording alone.
    told = ballot.mind if by_rules and ballot.mind.response else reply.mind
    return Ballot(agent=agent.name, answer=reply.answer, tool_uses=tools.uses, mind=told)


def _recording(snapshot: Snapshot, ballot: Ballot) -> Model:
    return RecordedMind([RecordedAnswer(seq=snapshot.seq, ballot=ballot)])
