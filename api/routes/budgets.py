"""``/api/v1/budgets``: what language models may cost and have cost."""

from litestar import get

from api.access import caller_of
from api.floor import TheFloor
from api.requests import AnyRequest
from api.shapes.minds import AgentDay, Budget, Budgets, models_of
from db.minds import budgets


@get("/api/v1/budgets", tags=["system"])
async def get_budgets(request: AnyRequest, floor: TheFloor) -> Budgets:
    """The org's limits, what is spent and reserved of them, the ladder's level, and each model's calls.

    They are set with `outcry budgets set`.
    """
    org_id = caller_of(request).org_id
    now = await budgets.standing(floor.pool, org_id, floor.settings.llm.budget)
    counted = {str(kind): used for kind, used in now.used.items()}
    told = {}
    for name, limit in now.limits:
        used = counted.get(name)
        told[name] = Budget(
            limit=limit, spent=used.spent if used else None, reserved=used.reserved if used else None
        )
    return Budgets(
        level=now.level,
        budgets=told,
        agents=[
            AgentDay(agent=agent, spent=used.spent, reserved=used.reserved)
            for agent, used in now.agents.items()
        ],
        models=models_of(await budgets.of_decisions(floor.pool, org_id)),
        updated_by=now.updated_by,
    )


HANDLERS = [get_budgets]
