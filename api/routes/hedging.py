"""``/api/v1/hedging``: how the spot is hedged with its perpetuals, and changing that through the floor's own gate."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.params import QueryParameter

from api.bodies import Body, read_body
from api.books import seen, source
from api.commands import build, carry_out
from api.encoding import Answer
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.params import SessionId, read_session
from api.requests import AnyRequest
from api.shapes.base import Shape
from api.shapes.described import Cost, HedgeRefused, HedgeWorking
from db.reads.hedge_view import hedge_view
from openoutcry.hedging.shapes import analysis_shape
from openoutcry.types.commands import CloseHedges, ExecuteHedges

Ratio = Annotated[
    float | None,
    QueryParameter(
        ge=0, le=1, description="Short over spot, 1 = fully hedged; as configured.", required=False
    ),
]


class Adjustment(Shape, frozen=True, kw_only=True):
    """One thing to change."""

    asset: str
    action: str
    priority: Literal["high", "medium", "low"]


class HedgeFigures(Shape, frozen=True, kw_only=True):
    """``correlation`` of the spot's profit with the short's: -1 for a perfect hedge."""

    hedge_ratio: float | None
    correlation: float | None


class Analysis(Shape, frozen=True, kw_only=True):
    """Exposures are fractions of the spot value: 0 = fully hedged, null without spot."""

    commentary: str
    adjustments: list[Adjustment]
    current_net_exposure: float | None
    target_net_exposure: float | None
    risk_metrics: HedgeFigures
    assets: dict[str, Cost]


class HedgeWish(Body, frozen=True, kw_only=True):
    """All optional: a session, and another ratio than the configured one."""

    session_id: str | None = None
    ratio: float | None = None


class CloseWish(Body, frozen=True, kw_only=True):
    """All optional: a session."""

    session_id: str | None = None


class HedgeTrade(Shape, frozen=True, kw_only=True):
    """A fill; amount and price as text, exactly."""

    asset: str
    side: Literal["buy", "sell"]
    amount: str
    price: str


class Hedged(Shape, frozen=True, kw_only=True):
    """What was done. ``refused`` and ``working`` name what the gate refused and what the venue still works on."""

    status: str
    executed_trades: list[HedgeTrade]
    message: str
    refused: list[HedgeRefused]
    working: list[HedgeWorking]


@get("/api/v1/hedging/analysis", tags=["hedging"], permission="view_portfolio")
async def analysis(
    request: AnyRequest, floor: TheFloor, session_id: SessionId = None, ratio: Ratio = None
) -> Analysis:
    """How the open positions are hedged, what that costs, and what to change."""
    found = await seen(request, floor, session_id)
    view = await asyncio.to_thread(hedge_view, source(floor).reader, found, ratio)
    made = analysis_shape(view.analysis, view.markets, view.costs, view.targets)
    return Analysis(
        **{
            **made,
            "adjustments": [Adjustment(**row) for row in made["adjustments"]],
            "risk_metrics": HedgeFigures(**made["risk_metrics"]),
        }
    )


@post(
    "/api/v1/hedging/execute", tags=["hedging"], role="trader", permission="execute_trades", status_code=200,
    body=HedgeWish, idempotent=True,
)  # fmt: skip
async def execute(request: AnyRequest, floor: TheFloor) -> Answer[Hedged]:
    """Sell or buy back perpetuals until the spot is hedged. Every order passes the risk gate."""
    wish = await read_body(request, HedgeWish)
    read_session(wish.session_id)
    command = build(ExecuteHedges, {"session_id": wish.session_id, "ratio": wish.ratio})
    return await _once(request, floor, command)


@post(
    "/api/v1/hedging/close", tags=["hedging"], role="trader", permission="execute_trades", status_code=200,
    body=CloseWish, idempotent=True,
)  # fmt: skip
async def close(request: AnyRequest, floor: TheFloor) -> Answer[Hedged]:
    """Buy back every hedge."""
    wish = await read_body(request, CloseWish)
    read_session(wish.session_id)
    return await _once(request, floor, build(CloseHedges, {"session_id": wish.session_id}))


async def _once(request: AnyRequest, floor: Floor, command: ExecuteHedges | CloseHedges) -> Answer[Any]:
    async def work(name: str | None) -> Hedged:
        return _hedged(await carry_out(request, floor, command, name))

    return await once(request, floor, command, work)


def _hedged(result: Mapping[str, Any]) -> Hedged:
    trades = [
        HedgeTrade(**{name: row[name] for name in HedgeTrade.__struct_fields__})
        for row in result["executed_trades"]
    ]
    return Hedged(
        status=result["status"],
        executed_trades=trades,
        message=result["message"],
        refused=list(result.get("refused", ())),
        working=list(result.get("working", ())),
    )


HANDLERS = [analysis, execute, close]
