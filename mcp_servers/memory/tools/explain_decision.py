"""Why a decision was taken and no other."""

from db.explanation import explanation
from db.reads import decisions as reads
from mcp_servers.memory.answers import IdArg, Untrusted, untrusted
from mcp_servers.memory.deps import GONE, MemoryDeps, org_of, pool_of, read_id
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.explain import Case, Ended, Step
from openoutcry.falsified import Thesis
from openoutcry.minds.contamination import Mark
from openoutcry.recount import Flip, Without
from openoutcry.types.frozen import Frozen


class Heard(Frozen):
    """What one agent said, and what it weighed. ``read``: whether its model may have read in training what came of it."""

    agent: str
    said: str
    confidence: float | None
    weight: float
    counted: bool
    mind: str
    read: Mark
    reasoning: Untrusted


class Explained(ToolResult):
    """``without`` is the decision without each agent, ``flip`` the smallest change of one voice that turns it, ``thesis`` the
    prices at which it is proved wrong.
    """

    decision_id: str
    symbol: str
    timeframe: str
    decision: str
    target: str
    confidence: float
    blocked: str | None
    voices: tuple[Heard, ...]
    count: tuple[Step, ...]
    rules: tuple[str, ...]
    without: tuple[Without, ...]
    flip: Flip | None
    thesis: Thesis | None
    ended: Ended
    similar: tuple[Case, ...]
    record_hash: str


@tool(scope="mem:read", read_only=True)
async def explain_decision(call: Call[MemoryDeps], decision_id: IdArg) -> Explained:
    """The votes and the count, what would have turned it, the price that proves it wrong, and how alike cases ended."""
    pool = pool_of(call)
    try:
        row = await reads.get_decision(pool, org_of(call), read_id(decision_id, "decision_id"))
        told = None
        if row is not None and row["created_at"] <= call.as_of:
            told = await explanation(pool, row["session_id"], row["seq"], call.deps.cutoffs)
    except GONE as error:
        raise DataUnavailable("the floor's database does not answer") from error
    if told is None or row is None:
        raise BadInput(f"decision_id: there is no decision {decision_id}", field="decision_id")
    known = told.ended.known_at is not None and told.ended.known_at <= call.as_of
    return Explained(
        as_of=call.as_of,
        source=call.source,
        decision_id=str(row["decision_id"]),
        symbol=told.symbol,
        timeframe=told.timeframe,
        decision=told.decision,
        target=told.target,
        confidence=told.confidence,
        blocked=told.blocked,
        voices=tuple(
            Heard(
                agent=one.agent,
                said=one.said,
                confidence=one.confidence,
                weight=one.weight,
                counted=one.counted,
                mind=one.mind,
                read=one.read,
                reasoning=untrusted(one.reasoning),
            )
            for one in told.voices
        ),
        count=told.count,
        rules=told.rules,
        without=told.without,
        flip=told.flip,
        thesis=told.thesis,
        ended=told.ended if known else Ended(outcome="PENDING"),
        similar=told.similar,
        record_hash=told.record_hash,
    )
