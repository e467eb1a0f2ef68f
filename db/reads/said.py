"""What was said in rounds, as one shape: the floor's decisions, and single agents' votes read as decisions.

Without filters by agent or type a decision is the floor's. ``agent_name`` of an agent, or a ``decision_type`` of
vote, risk_approval or hedge, reads that agent's word in each round, with the outcome of the floor's decision.
"""

from db.seen import SEEN, in_sight
from openoutcry.ledger.voiced import FLOOR

FLOORS = "signal"
DECISION = f"""
SELECT {SEEN}, d.id, d.org_id, d.session_id, d.seq, d.agent_name, d.symbol, d.decision_type, d.decision, d.target,
       d.confidence, d.reasoning, d.context, d.prompt, d.response, d.model, d.prompt_tokens, d.completion_tokens,
       d.cost_usd, d.source, d.outcome, d.actual_pnl, d.outcome_reason, d.outcome_known_at, d.created_at,
       d.id AS decision_id, (c.timings->>'round_s')::float8 * 1000 AS latency_ms
FROM decisions d LEFT JOIN cycles c USING (session_id, seq)
"""
VOTE = f"""
SELECT {SEEN}, v.id, v.org_id, v.session_id, v.seq, v.agent_name, v.symbol, v.decision_type, v.action AS decision,
       d.target, coalesce(v.confidence, 0) AS confidence, v.reasoning, d.context,
       coalesce(nullif(v.prompt, ''), d.prompt) AS prompt, coalesce(nullif(v.response, ''), v.reasoning) AS response,
       v.model, v.prompt_tokens, v.completion_tokens, v.cost_usd, d.source, d.outcome, d.actual_pnl,
       d.outcome_reason, d.outcome_known_at, v.created_at, d.id AS decision_id,
       (c.timings->'poll_s'->>v.agent_name)::float8 * 1000 AS latency_ms
FROM votes v JOIN decisions d ON d.id = v.decision_id
    LEFT JOIN cycles c ON c.session_id = v.session_id AND c.seq = v.seq
"""
FILTER = """
{t}.org_id = $1 AND ($2::text IS NULL OR {t}.symbol = $2) AND ($3::text IS NULL OR {t}.decision_type = $3)
    AND ($4::text IS NULL OR d.outcome = $4) AND ($5::text IS NULL OR {t}.model = $5)
    AND ($6::text IS NULL OR {t}.agent_name = $6) AND ($7::uuid IS NULL OR {t}.session_id = $7)
    AND ($8::timestamptz IS NULL OR {t}.created_at >= $8) AND ($9::timestamptz IS NULL OR {t}.created_at <= $9)
"""
SIGHT = in_sight("{t}.born", 12)
PAGE = f"AND {SIGHT} " + "ORDER BY {t}.created_at DESC, {t}.seq DESC, {t}.id LIMIT $10 OFFSET $11"
OF_FLOOR, OF_AGENTS = FILTER.format(t="d"), FILTER.format(t="v")


def of_agents(agent_name: str | None, decision_type: str | None) -> bool:
    """True when filters ask for single agents' words, not the floor's."""
    return agent_name not in (None, FLOOR) or decision_type not in (None, FLOORS)
