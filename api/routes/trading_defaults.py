"""``/api/v1/config/*``: what strategies are executed with when they say nothing, by section, flat, and explained."""

from typing import Any

from litestar import get

from api.floor import TheFloor
from api.shapes.defaults import ExecutionFields, Section
from api.shapes.described import ExecutionConfig
from openoutcry.strategy.glossary import schema


@get("/api/v1/config/trading-defaults", public=True, tags=["config"], answers={200: dict[str, Section]})
async def trading_defaults(floor: TheFloor) -> dict[str, Any]:
    """The trading defaults of this floor by section."""
    return floor.trading.read().nested()


@get("/api/v1/config/execution-defaults", public=True, tags=["config"], answers={200: ExecutionConfig})
async def execution_defaults(floor: TheFloor) -> dict[str, Any]:
    """The execution fields among them side by side, as an `execution_config` has them."""
    return floor.trading.read().flat()


@get("/api/v1/config/execution-config-schema", tags=["config"], answers={200: ExecutionFields})
async def execution_config_schema(floor: TheFloor) -> dict[str, Any]:
    """Every execution field explained: what it does, its type and bounds, what switches it on."""
    return schema(floor.trading.read())


HANDLERS = [trading_defaults, execution_defaults, execution_config_schema]
