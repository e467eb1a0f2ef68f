"""What can be read of memory by address: one decision, and where each chain of the ledger ends."""

import json
from uuid import UUID

from db.reads.heads import heads
from mcp_servers.memory.deps import GONE, MemoryDeps, org_of, pool_of
from mcp_servers.memory.tools.get_decision import get_decision
from mcp_servers.toolkit import Hosting, answer, call_of
from openoutcry.errors import DataUnavailable
from wire.server import FloorServer, reading

SCOPE = "mem:read"
JSON = "application/json"


def publish(server: FloorServer, hosting: Hosting[MemoryDeps]) -> None:
    """Add the resources to the server. They are cut at ``as_of`` and want the scope of its tools."""

    @server.resource("decision://{id}", name="decision", mime_type=JSON)
    async def decision(id: str) -> str:
        """A past decision with its votes, evidence and orders, as `get_decision` tells it."""
        call = await call_of("memory", "decision://{id}", SCOPE, hosting, reading())
        found = await get_decision.fn(call, id)
        return json.dumps(answer("memory.get_decision", {"decision_id": id}, found).structured_content)

    @server.resource("ledger://head", name="ledger_head", mime_type=JSON)
    async def head() -> str:
        """Of every session its newest record by `as_of`: number, time and hash. A chain that ends in this hash is unaltered."""
        call = await call_of("memory", "ledger://head", SCOPE, hosting, reading())
        org: UUID = org_of(call)
        try:
            rows = await heads(pool_of(call), org, call.as_of)
        except GONE as error:
            raise DataUnavailable("the floor's database does not answer") from error
        told = [
            {**row, "session_id": str(row["session_id"]), "as_of": row["as_of"].isoformat()} for row in rows
        ]
        return json.dumps({"as_of": call.as_of.isoformat(), "source": call.source, "sessions": told})
