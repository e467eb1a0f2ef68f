"""The application: routes, guards, error handlers, the hub's life, and the shell around it all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler, WebsocketRouteHandler
from litestar.types import ASGIApp

from api.access import authorise
from api.alerting.delivery import Delivery
from api.alerting.watch import Watch
from api.assets import Asset
from api.auth.hosts import Hosts
from api.dialects import Dialect
from api.encoding import Answer, encode
from api.failures import HANDLERS as FAILURES
from api.floor import Floor, floor_of
from api.haste import STANDARD, Limits, shared, unhurried
from api.hung_up import unless_gone
from api.notifiers.base import Notifier
from api.predicting import Predictions
from api.quoting import Quotes
from api.requests import AnyRequest
from api.routes import ROUTES
from api.routes.system import OK
from api.shell import Shell

BODY_LIMIT = 64 * 1024
CORS_S = 86_400
"""How long a page may remember what it may call."""


@dataclass(frozen=True)
class Alerting:
    """How often the alert rules are looked at (None: never), and who is told."""

    every_s: float | None = None
    notifiers: Mapping[str, Notifier] = field(default_factory=dict)


QUIET = Alerting()


def build(
    floor: Floor,
    assets: dict[str, Asset],
    limits: Limits = STANDARD,
    origins: tuple[str, ...] = (),
    compat: Mapping[int, Dialect] | None = None,
    alerting: Alerting = QUIET,
    hosts: Hosts = frozenset(),
    routed: Litestar | None = None,
) -> ASGIApp:
    """The ASGI app of a floor; ``origins`` are other sites whose pages may call it, ``compat`` ports of one product,
    ``hosts`` its names beside the loopback's, ``routed`` routes that served another floor of these origins and no longer do.
    """
    inner = routes_for(origins) if routed is None else routed
    inner.state.clear()
    inner.state.update(
        {
            "floor": floor,
            "assets": assets,
            "routes": ROUTES,
            "alerting": alerting,
            "origins": origins,
            "predictions": Predictions(floor),
            "quotes": Quotes(floor),
        }
    )
    return Shell(
        app=inner,
        keys=floor.keys,
        per_key=shared(floor.doorman.pool, limits.per_key),
        per_address=shared(floor.doorman.pool, limits.per_address),
        proxies=limits.proxies,
        traffic=floor.traffic,
        anyone=floor.doorman.anyone,
        hosts=hosts,
        origins=origins,
        ports=compat or {},
        plain={} if origins else dict.fromkeys(("/health", "/health/"), encode(OK)),
    )


def routes_for(origins: tuple[str, ...] = ()) -> Litestar:
    """Every route, for the floor that ``build`` puts into the state; most of a second's work."""
    _sockets_let_in_themselves()
    made = Litestar(
        route_handlers=ROUTES,
        before_request=_admitted,
        dependencies={"floor": Provide(lambda: made.state["floor"], sync_to_thread=False)},
        exception_handlers=FAILURES,
        response_class=Answer,
        lifespan=[_following, _watching, _tracking, _reaching],
        request_max_body_size=BODY_LIMIT,
        cors_config=_cors(origins) if origins else None,
        openapi_config=None,
        logging_config=None,
    )
    return made


async def _admitted(request: AnyRequest) -> None:
    """Before every handler: may this caller ask for this, and so often? No guard, for Litestar copies the handler for each."""
    handler: BaseRouteHandler = request.scope["route_handler"]
    unless_gone(request)
    authorise(request, handler)
    await unhurried(request, handler)


def _sockets_let_in_themselves() -> None:
    """What stands before handlers stands before those of HTTP. Raises AssertionError."""
    for route in ROUTES:
        if isinstance(route, WebsocketRouteHandler):
            assert route.opt.get("public"), f"{route.paths}: nobody is asked who they are"


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


@asynccontextmanager
async def _watching(app: Litestar) -> AsyncIterator[None]:
    """Watch the figures while the app runs."""
    alerting: Alerting = app.state["alerting"]
    if alerting.every_s is None:
        yield
        return
    floor = floor_of(app)
    delivery = Delivery(floor.pool, alerting.notifiers)
    task = asyncio.create_task(Watch(floor, delivery, alerting.every_s).run(), name="alerts")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await delivery.stop()


@asynccontextmanager
async def _tracking(app: Litestar) -> AsyncIterator[None]:
    """Let go of the connections to the tracking server at the end."""
    try:
        yield
    finally:
        await floor_of(app).tracking.close()


@asynccontextmanager
async def _reaching(app: Litestar) -> AsyncIterator[None]:
    """Keep the connections to the MCP servers while the app runs."""
    try:
        yield
    finally:
        await floor_of(app).mcp.close()


def _cors(origins: tuple[str, ...]) -> CORSConfig:
    return CORSConfig(
        allow_origins=list(origins),
        max_age=CORS_S,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=[
            "Authorization",
            "X-API-Key",
            "Content-Type",
            "Idempotency-Key",
            "X-Correlation-ID",
            "X-API-Dialect",
            "X-Amz-Date",
            "Mcp-Session-Id",
            "Mcp-Protocol-Version",
            "Mcp-Method",
            "Mcp-Name",
            "Last-Event-ID",
        ],
        expose_headers=[
            "X-Correlation-ID",
            "X-Page-Anchor",
            "Link",
            "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset",
            "Retry-After",
            "Mcp-Session-Id",
        ],
    )
