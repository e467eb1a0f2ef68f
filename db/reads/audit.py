"""The audit trail: one view over what is already kept, by wall time, newest first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.seen import SEEN, in_sight

Category = Literal["security", "trading", "risk", "compliance"]
KINDS: Mapping[str, tuple[Category, str]] = {
    "login": ("security", "a person logged in"),
    "login_ended": ("security", "a login was ended, or its refresh token was used twice"),
    "user_created": ("security", "a person was added"),
    "user_disabled": ("security", "a person was disabled"),
    "api_key_created": ("security", "an API key was made"),
    "api_key_revoked": ("security", "an API key was revoked"),
    "credential_created": ("security", "credentials of an exchange were kept"),
    "credential_rotated": ("security", "credentials of an exchange were replaced"),
    "credential_deleted": ("security", "credentials of an exchange were forgotten"),
    "command": ("trading", "a person or program asked the floor for something"),
    "order": ("trading", "an order was made"),
    "fill": ("trading", "an order was executed"),
    "order_refused": ("risk", "the risk gate refused an order"),
    "alert": ("risk", "an alert was raised"),
    "risk_budget": ("risk", "the risk budget was looked at for a rebalancing"),
    "record": ("compliance", "the ledger got a record"),
    "strategy": ("compliance", "a strategy of the registry was changed"),
    "model": ("compliance", "a model of the registry was registered or moved"),
}
"""Every type of event: its category, and what it says."""
BRANCHES: Mapping[str, str] = {
    "login": """SELECT min(t.issued_at), u.username, t.family::text, 'info', jsonb_build_object('role', u.role),
        (array_agg(t.born ORDER BY t.issued_at))[1]
        FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.org_id = $1 GROUP BY t.family, u.username, u.role""",
    "login_ended": """SELECT min(t.revoked_at), u.username, t.family::text, 'warning', jsonb_build_object('role', u.role),
        (array_agg(t.ended_in ORDER BY t.revoked_at))[1]
        FROM refresh_tokens t JOIN users u ON u.id = t.user_id
        WHERE t.org_id = $1 AND t.revoked_at IS NOT NULL GROUP BY t.family, u.username, u.role""",
    "user_created": """SELECT created_at, 'operator', username, 'info', jsonb_build_object('role', role), born
        FROM users WHERE org_id = $1""",
    "user_disabled": """SELECT disabled_at, 'operator', username, 'warning', jsonb_build_object('role', role), ended_in
        FROM users WHERE org_id = $1 AND disabled_at IS NOT NULL""",
    "api_key_created": """SELECT created_at, 'admin', name, 'info', jsonb_build_object('prefix', prefix, 'role', role), born
        FROM api_keys WHERE org_id = $1""",
    "api_key_revoked": """SELECT revoked_at, 'admin', name, 'info', jsonb_build_object('prefix', prefix, 'role', role), ended_in
        FROM api_keys WHERE org_id = $1 AND revoked_at IS NOT NULL""",
    "credential": "SELECT at, actor, subject, 'info', details, born, event_type FROM audit_events WHERE org_id = $1",
    "command": """SELECT created_at, requested_by, body->>'kind',
        CASE WHEN state IN ('FAILED', 'EXPIRED') THEN 'warning' ELSE 'info' END,
        jsonb_build_object('state', state, 'body', body, 'result', result), born FROM commands WHERE org_id = $1""",
    "order": """SELECT c.committed_at, 'floor', o.symbol, 'info', jsonb_build_object('order_id', o.id, 'side', o.side,
        'type', o.type, 'status', o.status, 'quantity', o.quantity, 'reason', o.reason, 'market_time', o.created_at), c.born
        FROM orders o JOIN cycles c USING (session_id, seq) WHERE o.org_id = $1 AND o.refusal IS NULL""",
    "fill": """SELECT c.committed_at, 'venue', f.symbol, 'info', jsonb_build_object('order_id', f.order_id, 'side', f.side,
        'price', f.price, 'quantity', f.quantity, 'fee', f.fee, 'kind', f.kind, 'market_time', f.executed_at), c.born
        FROM fills f JOIN cycles c USING (session_id, seq) WHERE f.org_id = $1""",
    "order_refused": """SELECT c.committed_at, 'risk gate', o.symbol, 'warning', jsonb_build_object('order_id', o.id,
        'side', o.side, 'quantity', o.quantity, 'refusal', o.refusal, 'market_time', o.created_at), c.born
        FROM orders o JOIN cycles c USING (session_id, seq) WHERE o.org_id = $1 AND o.refusal IS NOT NULL""",
    "alert": """SELECT created_at, 'alerts', source, severity, jsonb_build_object('title', title, 'message', message,
        'acknowledged_by', acknowledged_by), born FROM alerts WHERE org_id = $1""",
    "risk_budget": """SELECT created_at, requested_by, 'risk budget', 'info',
        jsonb_build_object('adopted', adopted, 'forced', forced, 'reason', reason, 'market_time', as_of), born
        FROM risk_budgets WHERE org_id = $1""",
    "record": """SELECT committed_at, 'orchestrator', session_id::text, CASE kind WHEN 'ABORTED' THEN 'warning' ELSE 'info' END,
        jsonb_build_object('kind', kind, 'seq', seq, 'hash', hash, 'market_time', as_of), born FROM cycles WHERE org_id = $1""",
    "strategy": """SELECT h.at, h.who, s.name, CASE WHEN h.forced THEN 'warning' ELSE 'info' END,
        jsonb_build_object('what', h.what, 'version', h.version, 'reason', h.reason, 'forced', h.forced), h.born
        FROM strategy_history h JOIN strategies s ON s.id = h.strategy_id WHERE h.org_id = $1""",
    "model": """SELECT h.at, h.who, m.name, 'info', jsonb_build_object('what', h.what, 'version', h.version,
        'before', h.before, 'after', h.after, 'reason', h.reason), h.born
        FROM model_history h JOIN models m ON m.id = h.model_id WHERE h.org_id = $1""",
}


def _branch(kind: str, query: str) -> str:
    columns = "at, actor, subject, severity, details, born"
    named = columns if kind != "credential" else f"{columns}, event_type"
    shown = "event_type" if kind == "credential" else f"'{kind}'"
    return f"SELECT {shown} AS event_type, {columns} FROM ({query}) q({named}) WHERE at >= $2 AND at <= $3"


TRAIL = " UNION ALL ".join(_branch(kind, query) for kind, query in BRANCHES.items())
WANTED = (
    f"({TRAIL}) trail WHERE ($4::text[] IS NULL OR event_type = ANY($4)) AND ($5::text IS NULL OR actor = $5)"
    f" AND {in_sight('born', 6)}"
)
LOGS = (
    f"SELECT *, {SEEN} FROM {WANTED} ORDER BY at DESC, event_type, subject, details::text LIMIT $7 OFFSET $8"
)
COUNT = f"SELECT count(*) FROM {WANTED}"
HOURS = f"""
SELECT event_type, date_trunc('hour', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour, actor, severity, count(*) AS events
FROM {WANTED} GROUP BY 1, 2, 3, 4
"""
REUSED = """
SELECT u.username, t.family::text AS family, min(t.revoked_at) AS at FROM refresh_tokens t JOIN users u ON u.id = t.user_id
WHERE t.org_id = $1 AND t.used_at IS NOT NULL AND t.revoked_at >= $2 AND t.revoked_at <= $3 GROUP BY 1, 2 ORDER BY 3 DESC
"""
CHECKS = """
SELECT
  (SELECT count(*) FROM cycles WHERE org_id = $1 AND committed_at BETWEEN $2 AND $3) AS records,
  (SELECT count(*) FROM cycles WHERE org_id = $1 AND kind = 'ROUND' AND committed_at BETWEEN $2 AND $3) AS rounds,
  (SELECT count(*) FROM decisions d JOIN cycles c USING (session_id, seq)
   WHERE d.org_id = $1 AND c.committed_at BETWEEN $2 AND $3) AS decisions,
  (SELECT count(*) FROM decisions d JOIN cycles c USING (session_id, seq)
   WHERE d.org_id = $1 AND c.committed_at BETWEEN $2 AND $3 AND d.reasoning <> ''
     AND EXISTS (SELECT FROM votes v WHERE v.decision_id = d.id)) AS explained,
  (SELECT count(*) FROM orders o JOIN cycles c USING (session_id, seq) WHERE o.org_id = $1
     AND c.committed_at BETWEEN $2 AND $3 AND o.placed_at IS NOT NULL AND o.refusal IS NULL) AS sent,
  (SELECT count(*) FROM orders o JOIN cycles c USING (session_id, seq) WHERE o.org_id = $1
     AND c.committed_at BETWEEN $2 AND $3 AND o.placed_at IS NOT NULL AND o.refusal IS NULL
     AND NOT EXISTS (SELECT FROM approvals a WHERE a.session_id = o.session_id AND a.seq = o.seq AND a.leg = o.leg)) AS unapproved
"""


async def logs(
    pool: asyncpg.Pool,
    org_id: UUID,
    since: datetime,
    until: datetime,
    kinds: Sequence[str] | None,
    actor: str | None,
    limit: int,
    offset: int = 0,
    snapshot: str | None = None,
) -> list[Row]:
    """Events of a stretch of wall time: ``event_type``, ``at``, ``actor``, ``subject``, ``severity``, ``details``."""
    wanted = None if kinds is None else list(kinds)
    return await fetch(pool, LOGS, org_id, since, until, wanted, actor, snapshot, limit, offset)


async def count(
    pool: asyncpg.Pool,
    org_id: UUID,
    since: datetime,
    until: datetime,
    kinds: Sequence[str] | None,
    actor: str | None,
    snapshot: str | None = None,
) -> int:
    """How many there are."""
    found: int = await pool.fetchval(
        COUNT, org_id, since, until, None if kinds is None else list(kinds), actor, snapshot
    )
    return found


async def by_hour(
    pool: asyncpg.Pool, org_id: UUID, since: datetime, until: datetime, kinds: Sequence[str] | None = None
) -> list[Row]:
    """``events`` by ``event_type``, ``hour``, ``actor`` and ``severity``."""
    return await fetch(pool, HOURS, org_id, since, until, None if kinds is None else list(kinds), None, None)


async def reused(pool: asyncpg.Pool, org_id: UUID, since: datetime, until: datetime) -> list[Row]:
    """Logins whose tokens were used up and which were ended all the same: logged out, or a token came twice."""
    return await fetch(pool, REUSED, org_id, since, until)


async def checks(pool: asyncpg.Pool, org_id: UUID, since: datetime, until: datetime) -> dict[str, Any]:
    """What must add up: records, rounds, decisions and those explained, orders sent and those without an approval."""
    (row,) = await fetch(pool, CHECKS, org_id, since, until)
    return dict(row)
