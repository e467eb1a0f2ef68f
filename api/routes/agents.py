"""``/api/v1/agents``: who sits on the floor."""

from collections.abc import Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath

from api.access import caller_of
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.pulse import fresh
from api.requests import AnyRequest
from api.shapes.agents import Agent, AgentHealth, AgentList, OneAgent
from api.shapes.base import shaped
from db.reads import agents as reads
from wire.clock import WallClock

SUFFIX = "-agent"


@get("/api/v1/agents", tags=["agents"])
async def list_agents(request: AnyRequest, floor: TheFloor) -> AgentList:
    """Status of all registered trading agents."""
    rows, level = await reads.staff(floor.pool, caller_of(request).org_id)
    agents = [_agent(row, floor) for row in rows]
    return AgentList(agents=agents, count=len(agents), models_level=level)


@get("/api/v1/agents/{name:str}", tags=["agents"])
async def get_agent(request: AnyRequest, floor: TheFloor, name: FromPath[str]) -> OneAgent:
    """One agent with everything known of it; `technical-agent` finds `technical`."""
    return OneAgent(agent=await _find(request, floor, name))


@get("/api/v1/agents/{name:str}/status", tags=["agents"])
async def get_agent_status(request: AnyRequest, floor: TheFloor, name: FromPath[str]) -> AgentHealth:
    """The lightweight form."""
    agent = await _find(request, floor, name)
    return AgentHealth(
        name=agent.name,
        status=agent.status,
        last_seen_at=agent.last_seen_at,
        healthy=agent.is_healthy,
        is_healthy=agent.is_healthy,
    )


async def _find(request: AnyRequest, floor: Floor, name: str) -> Agent:
    org_id = caller_of(request).org_id
    row = await reads.get_agent(floor.pool, org_id, name)
    if row is None and name.endswith(SUFFIX):
        row = await reads.get_agent(floor.pool, org_id, name.removesuffix(SUFFIX).replace("-", "_"))
    if row is None:
        raise Failure(404, "agent not found", name=name)
    return _agent(row, floor)


def _agent(row: Mapping[str, Any], floor: Floor) -> Agent:
    """An agent not heard of for longer than is normal is inactive, whatever its last word was."""
    heard = fresh(row["last_seen_at"], WallClock().now(), floor.run)
    status = row["status"] if heard or row["status"] != "active" else "inactive"
    healthy = status == "active"
    return shaped(row, Agent, status=status, healthy=healthy, is_healthy=healthy)


HANDLERS = [list_agents, get_agent, get_agent_status]
