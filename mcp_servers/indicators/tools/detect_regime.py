"""Which regime a market is in."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import WithJsonSchema

from db.candles import Series
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import GivenTimeframe
from mcp_servers.indicators.window import stored
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, tool
from openoutcry.market.candles import Candles
from openoutcry.regime.detection import BARS, detect, plain
from openoutcry.regime.labels import Labelling
from openoutcry.regime.names import Band
from openoutcry.regime.settings import RegimeParameters
from openoutcry.regime.sizing import within
from openoutcry.settings import Settings
from openoutcry.types.frozen import Frozen

Name = Literal["BULL", "BEAR", "SIDEWAYS", "CRISIS", "RECOVERY"]
Chances = Annotated[dict[Name, float], WithJsonSchema({"type": "object"})]
Figures = Annotated[dict[str, float | None], WithJsonSchema({"type": "object"})]


class PendingRegime(Frozen):
    """A change that is asked for by this share of the newest bars, and not confirmed yet."""

    regime: Name
    share: float


class RiskWithin(Frozen):
    """The floor's own limits, taken down to what the regime allows; fractions of equity."""

    risk_per_trade: float
    max_position_size: float
    max_gross_exposure: float
    default_stop_loss: float


class UsedModel(Frozen):
    """The model that judged; it was trained on bars that closed up to ``trained_until`` and on none later."""

    name: str
    version: str
    trained_until: datetime
    labelling: Labelling


class RegimeReading(ToolResult):
    """``regime`` is the confirmed one, UNKNOWN before any; ``likeliest`` is what the last bar alone says.

    ``confidence`` is the probability of ``regime`` (of ``likeliest`` while unknown), from the bars up to ``closed_at``
    and none later. ``transition_probabilities`` are those of the next bar. ``features`` are in natural units,
    ``standardised`` what the model sees of them. ``parameters`` are the regime's, ``risk`` the floor's limits within it.
    """

    symbol: str
    timeframe: str
    bars: int
    closed_at: datetime
    regime: Literal["BULL", "BEAR", "SIDEWAYS", "CRISIS", "RECOVERY", "UNKNOWN"]
    confidence: float
    likeliest: Name
    pending: PendingRegime | None
    stability: float | None
    band: Band
    probabilities: Chances
    transition_probabilities: Chances
    expected_duration_bars: float | None
    features: Figures
    standardised: Figures
    parameters: RegimeParameters
    risk: RiskWithin
    model: UsedModel


@tool(scope="ind:read", read_only=True)
async def detect_regime(
    call: Call[IndicatorsDeps], symbol: SymbolArg, timeframe: GivenTimeframe = "1h"
) -> RegimeReading:
    """Bull, bear, sideways, crisis or recovery at the last closed bar, with probabilities and what it means for sizing.

    Needs a regime model of the market in production, trained before the bar: see `outcry regime train`.
    """
    window = stored(call, symbol, timeframe, bars=BARS)
    used = await call.deps.models.need(Series(call.deps.exchange, window.symbol, window.timeframe))
    candles = Candles.of(window.timestamps, *window.columns.values())
    settings = call.deps.settings
    found = detect(candles, window.timeframe, used.model, settings.regimes)
    return RegimeReading(
        as_of=call.as_of,
        source=call.source,
        stale=window.stale,
        symbol=window.symbol,
        timeframe=window.timeframe,
        bars=len(window),
        parameters=found.parameters,
        risk=_risk(settings, found.parameters),
        model=UsedModel(
            name=used.version.name,
            version=used.version.version,
            trained_until=used.model.trained_until,
            labelling=used.model.labelling,
        ),
        **plain(found),
    )


def _risk(settings: Settings, parameters: RegimeParameters) -> RiskWithin:
    risk = within(settings.risk, parameters)
    return RiskWithin(**{name: getattr(risk, name) for name in RiskWithin.model_fields})
