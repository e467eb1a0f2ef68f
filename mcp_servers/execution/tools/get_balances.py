"""Cash and assets at the venue."""

from typing import Annotated

from pydantic import WithJsonSchema

from mcp_servers.execution.answers import BARE, head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.wishes import SessionArg
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen


class AssetBalance(Frozen):
    """``total`` is ``free`` plus ``locked``; resting buys lock their cash."""

    asset: str
    total: Amount
    free: Amount
    locked: Amount


class BalancesAnswer(ToolResult):
    """The account's assets by the venue's own ledger."""

    session_id: str
    balances: Annotated[tuple[AssetBalance, ...], WithJsonSchema(BARE)]


@tool(scope="order:read", read_only=True)
async def get_balances(call: Call[ExecutionDeps], session_id: SessionArg = None) -> BalancesAnswer:
    """Cash and spot assets of a session, by the venue's own ledger. Of a live account ``as_of`` is when the exchange told them,
    and they are the whole account's.
    """
    facts = (await call.deps.sessions.meant(session_id, call.caller.org_id)).facts
    async with call.deps.desk.account(facts) as venue:
        as_of = await venue.told_at() or call.as_of
        balances = tuple(
            AssetBalance(asset=b.asset, total=b.total, free=b.total - b.locked, locked=b.locked)
            for b in venue.balances()
        )
    return BalancesAnswer(
        **{**head(call), "as_of": as_of}, session_id=str(facts.session_id), balances=balances
    )
