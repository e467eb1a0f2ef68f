"""One agent, one round, one ballot: whatever happens inside, out comes a vote or a reasoned abstention."""

import asyncio
from typing import Protocol

import structlog

from agents.declare import Agent
from agents.handing import Handing
from agents.pins import ToolsChanged
from agents.toolbox import OutOfBudget
from openoutcry.errors import DataUnavailable, OpenOutcryError, ReplayDiverged, ToolFailed
from openoutcry.ports import Model, Reply, Toolbox
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Abstain, AbstainReason, Argument, Ballot, MindUse, ToolUse

log = structlog.get_logger()
TOOL_FAULTS: dict[str, AbstainReason] = {"DEADLINE": "deadline", "UNREACHABLE": "unreachable"}


class RememberingToolbox(Toolbox, Protocol):
    """A toolbox that can say what it answered."""

    @property
    def uses(self) -> tuple[ToolUse, ...]:
        """Every answer so far."""
        ...


async def cast(
    agent: Agent,
    snapshot: Snapshot,
    tools: RememberingToolbox,
    mind: Model,
    *,
    deadline_s: float,
    heard: tuple[Argument, ...] = (),
) -> Ballot:
    """The agent's ballot within the deadline. Raises ReplayDiverged only, for that must be heard."""
    try:
        async with asyncio.timeout(deadline_s):
            reply = await agent.think(snapshot, tools, Handing(mind, tools, heard))
        return _ballot(agent, snapshot, tools, reply)
    except Exception as error:  # whatever breaks in an agent must not reach the round
        cause = _cause(error)
        if isinstance(cause, ReplayDiverged):
            raise cause from None
        reason, detail = _why(cause, deadline_s)
        if not isinstance(cause, OpenOutcryError | TimeoutError):
            log.exception("agent_failed", agent=agent.name, seq=snapshot.seq)
        return abstention(agent.name, snapshot, reason, detail, tools.uses)


def _cause(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _why(error: Exception, deadline_s: float) -> tuple[AbstainReason, str]:
    if isinstance(error, TimeoutError):
        return "deadline", f"no answer within {deadline_s:g} s"
    if isinstance(error, DataUnavailable):
        return "data_unavailable", str(error)
    if isinstance(error, OutOfBudget):
        return "out_of_budget", str(error)
    if isinstance(error, ToolFailed):
        return TOOL_FAULTS.get(error.code, "error"), str(error)
    if isinstance(error, ToolsChanged):
        return "error", f"{error.code}: {error}"
    return "error", f"{type(error).__name__}: {error}"


def abstention(
    name: str, snapshot: Snapshot, reason: AbstainReason, detail: str, uses: tuple[ToolUse, ...] = ()
) -> Ballot:
    """A ballot without an opinion."""
    answer = Abstain(agent=name, symbol=snapshot.symbol, reason=reason, detail=detail[:2000])
    return Ballot(agent=name, answer=answer, tool_uses=uses)


def _ballot(agent: Agent, snapshot: Snapshot, tools: RememberingToolbox, reply: Reply) -> Ballot:
    answer, uses = reply.answer, tools.uses
    if answer.agent != agent.name or answer.symbol != snapshot.symbol:
        detail = f"answered as {answer.agent} for {answer.symbol}"
        return _refused(agent, snapshot, "wrong_agent", detail, uses, reply.mind)
    seen = {use.result_id for use in uses}
    if not isinstance(answer, Abstain) and (invented := [e for e in answer.evidence if e not in seen]):
        detail = f"cites {invented[0]}, which no tool answered in this round"
        return _refused(agent, snapshot, "unparsable", detail, uses, reply.mind)
    return Ballot(agent=agent.name, answer=answer, tool_uses=uses, mind=reply.mind)


def _refused(
    agent: Agent,
    snapshot: Snapshot,
    reason: AbstainReason,
    detail: str,
    uses: tuple[ToolUse, ...],
    mind: MindUse,
) -> Ballot:
    return abstention(agent.name, snapshot, reason, detail, uses).model_copy(update={"mind": mind})
