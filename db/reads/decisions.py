"""Decisions: lists, one with everything around it, figures, and those in markets that looked alike."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import msgspec

from db.pool import Row, fetch
from db.reads.figures import stats
from db.reads.orders import orders_of_round
from db.reads.said import DECISION, OF_AGENTS, OF_FLOOR, PAGE, VOTE, of_agents
from db.reads.written import LIST as WRITTEN_LIST
from db.reads.written import Written, real, time
from db.seen import SEEN
from db.similar import similar

__all__ = ["Wanted", "decisions_written", "get_decision", "similar", "stats"]

LISTED = f"""
SELECT {WRITTEN_LIST}, {SEEN} FROM (
    SELECT id, session_id, seq, agent_name, symbol, decision_type, decision, target, {real("confidence")} AS confidence,
           reasoning, context, prompt_tokens, completion_tokens, prompt_tokens + completion_tokens AS tokens_used,
           {real("latency_ms")} AS latency_ms, model, trim_scale(cost_usd) AS cost_usd, source, outcome, outcome_reason,
           trim_scale(actual_pnl) AS actual_pnl, trim_scale(actual_pnl) AS pnl, {time("created_at")} AS created_at
    FROM ({{found}}) found ORDER BY found.created_at DESC, seq DESC, id
) t
"""
PAGE_OF_FLOOR = f"(SELECT d.* FROM decisions d WHERE {OF_FLOOR} {PAGE.format(t='d')}) d"
LIST = LISTED.format(found=DECISION.replace("decisions d", PAGE_OF_FLOOR, 1))
LIST_VOTES = LISTED.format(found=f"{VOTE} WHERE {OF_AGENTS} {PAGE.format(t='v')}")
ONE = f"{DECISION} WHERE d.org_id = $1 AND d.id = $2"
ONE_VOTE = f"{VOTE} WHERE v.org_id = $1 AND v.id = $2"
VECTORS = """
SELECT prompt_embedding, prompt_embedder, context_embedding, context_embedder FROM decisions WHERE id = $1
"""
VOTES = """
SELECT id, agent_name, symbol, decision_type, action, confidence, reasoning, evidence, abstain_reason, stop_loss,
       take_profit, size_factor, hedge_ratio, horizon_bars, weight, counted, model, prompt, response,
       prompt_tokens, completion_tokens, cost_usd, created_at
FROM votes WHERE decision_id = $1 ORDER BY agent_name
"""


class Wanted(Protocol):
    """Filters of a list; None lets everything through."""

    @property
    def symbol(self) -> str | None: ...
    @property
    def decision_type(self) -> str | None: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def model(self) -> str | None: ...
    @property
    def agent_name(self) -> str | None: ...
    @property
    def session_id(self) -> UUID | None: ...
    @property
    def from_date(self) -> datetime | None: ...
    @property
    def to_date(self) -> datetime | None: ...
    @property
    def limit(self) -> int: ...
    @property
    def offset(self) -> int: ...


async def decisions_written(
    pool: asyncpg.Pool, org_id: UUID, wanted: Wanted, snapshot: str | None = None
) -> Written:
    """Decisions, newest first, as the JSON list of ``/api/v1/decisions``; the filters combine."""
    row = await pool.fetchrow(
        LIST_VOTES if of_agents(wanted.agent_name, wanted.decision_type) else LIST,
        org_id,
        wanted.symbol,
        wanted.decision_type,
        wanted.outcome,
        wanted.model,
        wanted.agent_name,
        wanted.session_id,
        wanted.from_date,
        wanted.to_date,
        wanted.limit,
        wanted.offset,
        snapshot,
    )
    assert row is not None
    # What lies in jsonb comes with spaces, which no other answer has.
    return Written(msgspec.json.format(row["written"].encode(), indent=-1), row["shown"], row["seen"])


async def get_decision(pool: asyncpg.Pool, org_id: UUID, decision_id: UUID) -> dict[str, Any] | None:
    """One decision, or one agent's vote as a decision, with everything around it.

    Beside the list's columns: both embeddings, ``votes`` and ``orders`` of the round, and ``risk``, what the risk
    agent and the gate said of them.
    """
    row = next(iter(await fetch(pool, ONE, org_id, decision_id)), None)
    if row is None:
        row = next(iter(await fetch(pool, ONE_VOTE, org_id, decision_id)), None)
    if row is None:
        return None
    (vectors,) = await fetch(pool, VECTORS, row["decision_id"])
    votes = await fetch(pool, VOTES, row["decision_id"])
    orders = await orders_of_round(pool, org_id, row["session_id"], row["seq"])
    return {**row, **vectors, "votes": votes, "orders": orders, "risk": _risk(votes, orders)}


def _risk(votes: list[Row], orders: list[Row]) -> dict[str, Any]:
    """The risk agents' words and the gate's verdict on each order."""
    said = [vote for vote in votes if vote["decision_type"] == "risk_approval"]
    return {
        "votes": [
            {name: vote[name] for name in ("agent_name", "action", "confidence", "size_factor", "reasoning")}
            for vote in said
        ],
        "gate": [
            {
                "leg": order["leg"],
                "verdict": "refused" if order["refusal"] else "approved",
                **(order["refusal"] or {}),
            }
            for order in orders
        ],
    }
