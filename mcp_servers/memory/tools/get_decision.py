"""One decision with its votes and orders."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from db.reads import decisions as reads
from mcp_servers.memory.answers import Brief, IdArg, Untrusted, brief, untrusted
from mcp_servers.memory.deps import GONE, MemoryDeps, org_of, pool_of, read_id
from mcp_servers.memory.lessons import Lesson, lessons
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.minds.contamination import Mark, day_of, mark
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen


class VoteTold(Frozen):
    """One agent's word; ``confidence`` is null of an abstention. ``read``: whether its model may have read in training what
    came of it.
    """

    agent: str
    action: str
    confidence: float | None
    weight: float
    counted: bool
    model: str
    read: Mark
    stop_loss: Amount | None
    take_profit: Amount | None
    reasoning: Untrusted
    evidence: Annotated[tuple[str, ...], Field(max_length=64)]


class OrderTold(Frozen):
    """One order of the round: its last state known to the floor, within a round only that it was asked for."""

    leg: str
    symbol: str
    side: str
    type: str
    quantity: Amount
    price: Amount | None
    status: str | None


class DecisionTold(ToolResult):
    """A decision, who said what, what was ordered, and what was learned from its end (null before that)."""

    decision: Brief
    session_id: str
    seq: int
    votes: tuple[VoteTold, ...]
    orders: tuple[OrderTold, ...]
    lesson: Lesson | None


@tool(scope="mem:read", read_only=True)
async def get_decision(call: Call[MemoryDeps], decision_id: IdArg) -> DecisionTold:
    """A past decision with its votes, evidence and orders."""
    pool, org_id = pool_of(call), org_of(call)
    try:
        row = await reads.get_decision(pool, org_id, read_id(decision_id, "decision_id"))
        if row is None or row["created_at"] > call.as_of:
            raise BadInput(f"decision_id: there is no decision {decision_id}", field="decision_id")
        known = await lessons(pool, org_id, [row["decision_id"]], call.as_of)
    except GONE as error:
        raise DataUnavailable("the floor's database does not answer") from error
    return DecisionTold(
        as_of=call.as_of,
        source=call.source,
        decision=brief({**row, "id": row["decision_id"]}, call.as_of),
        session_id=str(row["session_id"]),
        seq=row["seq"],
        votes=tuple(
            VoteTold(
                agent=vote["agent_name"],
                action=vote["action"],
                confidence=vote["confidence"],
                weight=vote["weight"],
                counted=vote["counted"],
                model=vote["model"],
                read=mark(vote["model"], day_of(row["created_at"]), row["source"], call.deps.cutoffs),
                stop_loss=vote["stop_loss"],
                take_profit=vote["take_profit"],
                reasoning=untrusted(vote["reasoning"]),
                evidence=tuple(vote["evidence"]),
            )
            for vote in row["votes"]
        ),
        orders=tuple(
            OrderTold(
                leg=order["leg"],
                symbol=order["symbol"],
                side=order["side"],
                type=order["type"],
                quantity=Decimal(order["quantity"]),
                price=order["price"],
                status=order["status"] if call.round is None else None,
            )
            for order in row["orders"]
        ),
        lesson=known.get(row["decision_id"]),
    )
