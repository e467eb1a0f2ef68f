"""``/api/v1/catalog``: the leaderboard of strategies, and one version held against another."""

from typing import Annotated, Any

from litestar import get
from litestar.params import QueryParameter

from api.floor import TheFloor
from api.listing import Asked, page_of
from api.params import Anchor, one_of
from api.registrar import org_of, shown
from api.requests import AnyRequest
from api.routes.strategies import Name
from api.shapes.base import Shape
from api.shapes.strategies import (
    Catalog,
    StrategyItem,
    StrategyMetrics,
    VersionItem,
    item,
    metrics_of,
    ranked,
    version_item,
)
from db.strategies import finding
from db.strategies.listing import SORTS
from openoutcry.strategy.comparison import Decision
from openoutcry.strategy.comparison import compare as weigh

Text = Annotated[str | None, QueryParameter(required=False)]


class CatalogEntry(StrategyItem, frozen=True, kw_only=True):
    """A strategy and its versions, newest first."""

    versions: list[VersionItem]


class Side(Shape, frozen=True, kw_only=True):
    """One of two versions."""

    version: str
    metrics: StrategyMetrics


class Compared(Shape, frozen=True, kw_only=True):
    """``deltas`` are candidate minus baseline; ``profit_improvement`` is in percent of the baseline's return."""

    name: str
    baseline: Side
    candidate: Side
    deltas: dict[str, float]
    decision: Decision
    confidence: float
    profit_improvement: float | None
    held: dict[str, bool]
    recommendation: str


@get("/api/v1/catalog/strategies", tags=["catalog"], permission="strategy:read")
async def leaderboard(
    request: AnyRequest,
    floor: TheFloor,
    stage: Text = None,
    exchange: Text = None,
    timeframe: Text = None,
    search: Text = None,
    min_sharpe: Annotated[float | None, QueryParameter(required=False)] = None,
    max_drawdown: Annotated[float | None, QueryParameter(required=False)] = None,
    sort_by: Annotated[str | None, one_of(SORTS, "{}; score when left out.")] = None,
    sort_order: Text = None,
    limit: Annotated[int | None, QueryParameter(required=False)] = None,
    skip: Annotated[int | None, QueryParameter(required=False)] = None,
    offset: Annotated[int | None, QueryParameter(required=False)] = None,
    anchor: Anchor = None,
) -> Catalog:
    """Strategies ranked by composite score; the filters are those of `/api/v1/strategies`."""
    asked = Asked(
        stage=stage, exchange=exchange, timeframe=timeframe, search=search, min_sharpe=min_sharpe,
        max_drawdown=max_drawdown, sort_by=sort_by, sort_order=sort_order, limit=limit, skip=skip, offset=offset,
        anchor=anchor,
    )  # fmt: skip
    page, query = await page_of(request, floor, asked, "score")
    return Catalog(
        success=True,
        strategies=[ranked(one) for one in page.items],
        total=page.total,
        limit=query.limit,
        skip=query.offset,
        offset=query.offset,
    )


@get("/api/v1/catalog/strategies/{name:str}", tags=["catalog"], permission="strategy:read")
async def entry(request: AnyRequest, floor: TheFloor, name: Name) -> CatalogEntry:
    """A strategy of the catalog with all its versions."""
    strategy, version, versions = await shown(request, floor, name)
    values: dict[str, Any] = {
        field: getattr(item(strategy, version), field) for field in StrategyItem.__struct_fields__
    }
    return CatalogEntry(**values, versions=[version_item(one) for one in reversed(versions)])


@get("/api/v1/catalog/strategies/{name:str}/compare", tags=["catalog"], permission="strategy:read")
async def compare(
    request: AnyRequest,
    floor: TheFloor,
    name: Name,
    baseline: Annotated[
        str, QueryParameter(description="A version, latest, or a stage.", required=False)
    ] = "prod",
    candidate: Annotated[
        str, QueryParameter(description="A version, latest, or a stage.", required=False)
    ] = "staging",
) -> Compared:
    """The candidate against the baseline: PROMOTE, KEEP or INVESTIGATE, and how sure that is."""
    strategy = await finding.find(floor.pool, org_of(request), name)
    versions = await finding.versions(floor.pool, strategy.id)
    champion, challenger = (finding.pick(strategy, versions, asked) for asked in (baseline, candidate))
    found = weigh(champion.metrics, challenger.metrics)
    deltas = {key: 0.0 - value if key == "max_drawdown" else value for key, value in found.deltas.items()}
    return Compared(
        name=strategy.name,
        baseline=Side(version=champion.version, metrics=metrics_of(champion.metrics)),
        candidate=Side(version=challenger.version, metrics=metrics_of(challenger.metrics)),
        deltas=deltas,
        decision=found.decision,
        confidence=found.confidence,
        profit_improvement=found.profit_improvement,
        held=found.held,
        recommendation=found.recommendation,
    )


HANDLERS = [leaderboard, entry, compare]
