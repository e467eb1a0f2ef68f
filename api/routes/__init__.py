"""The routes, one file per resource; each offers its ``HANDLERS``."""

from litestar.types import ControllerRouterHandler

from api.routes import (
    agents,
    configuration,
    decisions,
    explain,
    feedback,
    keys,
    ledger,
    live,
    metrics,
    orders,
    positions,
    root,
    search,
    sessions,
    system,
    token,
    trade,
    trades,
)

ROUTES: list[ControllerRouterHandler] = [
    *root.HANDLERS,
    *system.HANDLERS,
    *agents.HANDLERS,
    *positions.HANDLERS,
    *orders.HANDLERS,
    *trades.HANDLERS,
    *trade.HANDLERS,
    *configuration.HANDLERS,
    *decisions.HANDLERS,
    *search.HANDLERS,
    *explain.HANDLERS,
    *feedback.HANDLERS,
    *sessions.HANDLERS,
    *ledger.HANDLERS,
    *keys.HANDLERS,
    *token.HANDLERS,
    *metrics.HANDLERS,
    *live.HANDLERS,
]
