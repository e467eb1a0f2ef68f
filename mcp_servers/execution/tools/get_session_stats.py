"""A session's figures."""

from mcp_servers.execution.answers import SessionAnswer, head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.wishes import SessionArg
from mcp_servers.toolkit import Call, tool


@tool(scope="order:read", read_only=True)
async def get_session_stats(call: Call[ExecutionDeps], session_id: SessionArg = None) -> SessionAnswer:
    """Rounds, decisions, orders, fills, fees, profit, drawdown and Sharpe ratio of a session up to its last
    round.
    """
    stored = await call.deps.sessions.meant(session_id, call.caller.org_id)
    facts, stats = stored.facts, stored.head.stats
    opened = facts.model_dump(
        mode="json", include={"symbol", "hedge_symbol", "timeframe", "mode", "initial_capital"}
    )
    shown = stats.model_dump(mode="json", exclude={"returns_count", "returns_mean", "returns_m2"})
    detail = {**opened, **shown, "sharpe": stats.sharpe(facts.timeframe)}
    return SessionAnswer(**head(call), session_id=str(facts.session_id), status=stored.status, detail=detail)
