"""The application: routes, guards, error handlers, the hub's life, and the shell around it all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ASGIApp

from api.access import authorise
from api.assets import Asset
from api.dialects import Dialect
from api.encoding import Answer
from api.failures import HANDLERS as FAILURES
from api.floor import Floor, floor_of
from api.routes import ROUTES
from api.shell import Shell
from api.throttle import Rate, Throttle

BODY_LIMIT = 64 * 1024
PER_KEY = Rate(per_s=100, burst=200)
PER_ADDRESS = Rate(per_s=50, burst=100)


@dataclass(frozen=True)
class Limits:
    """How much one caller may ask."""

    per_key: Rate = PER_KEY
    per_address: Rate = PER_ADDRESS


def build(
    floor: Floor,
    assets: dict[str, Asset],
    limits: Limits = Limits(),
    origins: tuple[str, ...] = (),
    compat: Mapping[int, Dialect] | None = None,
) -> ASGIApp:
    """The ASGI app of a floor; ``origins`` are other sites whose pages may call it, ``compat`` ports of one product."""
    inner = Litestar(
        route_handlers=ROUTES,
        guards=[authorise],
        dependencies={"floor": Provide(lambda: floor, sync_to_thread=False, use_cache=True)},
        exception_handlers=FAILURES,
        response_class=Answer,
        state=State({"floor": floor, "assets": assets, "routes": ROUTES}),
        lifespan=[_following],
        request_max_body_size=BODY_LIMIT,
        cors_config=_cors(origins) if origins else None,
        openapi_config=None,
        logging_config=None,
    )
    return Shell(
        app=inner,
        keys=floor.keys,
        per_key=Throttle(limits.per_key),
        per_address=Throttle(limits.per_address),
        traffic=floor.traffic,
        anyone=floor.doorman.anyone,
        ports=compat or {},
    )


@asynccontextmanager
async def _following(app: Litestar) -> AsyncIterator[None]:
    """Run the hub while the app runs."""
    hub = floor_of(app).hub
    task = asyncio.create_task(hub.run(), name="hub")
    try:
        yield
    finally:
        hub.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _cors(origins: tuple[str, ...]) -> CORSConfig:
    return CORSConfig(
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=[
            "Authorization",
            "X-API-Key",
            "Content-Type",
            "Idempotency-Key",
            "X-Correlation-ID",
            "X-API-Dialect",
            "X-Amz-Date",
        ],
        expose_headers=["X-Correlation-ID", "X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After"],
    )
