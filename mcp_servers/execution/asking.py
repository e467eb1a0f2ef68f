"""What callers outside a round may ask for goes through the orchestrator: nothing bypasses its gate."""

from typing import Any
from uuid import UUID

import asyncpg

from db.commands import LASTS_S, submit, wait
from mcp_servers.execution.answers import OrderAnswer, SessionAnswer, head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.toolkit import Call
from openoutcry.errors import BadInput, ToolFailed
from openoutcry.types.commands import CancelOrder, Command, PlaceOrder, StartSession, StopSession

NOT_YET = (
    f"the floor has not come to it yet; what trades is begun within {LASTS_S} s of being asked for or never"
)
STANDING = "SELECT status, refusal, error_message FROM orders WHERE id = $1 AND org_id = $2"


async def ask(call: Call[ExecutionDeps], command: Command) -> dict[str, Any] | None:
    """The orchestrator's answer to a command; None when it did not come in time.

    Raises BadInput when the command cannot be done as asked, ToolFailed with its own code otherwise.
    """
    pool = call.deps.pool
    number = await submit(pool, UUID(call.caller.org_id), command, f"mcp:{call.caller.client_id}")
    answered = await wait(pool, number, call.deps.patience_s)
    if answered is None:
        return None
    result: dict[str, Any] = answered["result"] or {}
    if answered["state"] == "DONE":
        return result
    if result.get("status") == 400:
        raise BadInput(str(result.get("error")), field=result.get("field"))
    raise ToolFailed(command.kind, str(result.get("code") or "FAILED"), str(result.get("error")))


async def ask_for_order(call: Call[ExecutionDeps], command: PlaceOrder | CancelOrder) -> OrderAnswer:
    """Have an order placed or cancelled, and say where it stands then."""
    answered = await ask(call, command)
    if answered is None:
        return OrderAnswer(
            **head(call), status="QUEUED", order_id=getattr(command, "order_id", None), error=NOT_YET
        )
    return await order_answer(call, str(answered["order_id"]))


async def order_answer(call: Call[ExecutionDeps], order_id: str) -> OrderAnswer:
    """Where a stored order stands. Raises BadInput for an id that is none."""
    row = await _row(call.deps.pool, order_id, call.caller.org_id)
    return OrderAnswer(
        **head(call),
        status=row["status"],
        order_id=order_id,
        error=row["error_message"],
        refusal=row["refusal"],
    )


async def ask_for_session(call: Call[ExecutionDeps], command: StartSession | StopSession) -> SessionAnswer:
    """Have a session started or stopped."""
    answered = await ask(call, command)
    known = getattr(command, "session_id", None)
    if answered is None:
        return SessionAnswer(**head(call), session_id=known, status="QUEUED")
    status = "RUNNING" if isinstance(command, StartSession) else "STOPPED"
    return SessionAnswer(
        **head(call), session_id=answered.get("session_id", known), status=status, detail=answered
    )


async def _row(pool: asyncpg.Pool, order_id: str, org_id: str) -> asyncpg.Record:
    try:
        row = await pool.fetchrow(STANDING, UUID(order_id), UUID(org_id))
    except ValueError as error:
        raise BadInput("order_id: not an order id", field="order_id") from error
    if row is None:
        raise BadInput(f"order_id: there is no order {order_id}", field="order_id")
    return row
