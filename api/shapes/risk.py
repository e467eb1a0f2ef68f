"""What the risk routes answer that other packages make whole: described here, checked by the tests."""

from datetime import datetime
from typing import TypedDict


class Rolling(TypedDict):
    """One pair's correlation over time, a value a window; null where one of the two did not move."""

    symbol1: str
    symbol2: str
    window_days: int
    correlations: list[float | None]
    current_correlation: float | None
    average_correlation: float | None
    min_correlation: float | None
    max_correlation: float | None


class AlikePair(TypedDict):
    """Two assets that move alike, or opposite, below zero."""

    first: str
    second: str
    correlation: float


class Concentration(TypedDict):
    """How many independent risks there are."""

    concentration_score: float | None
    effective_assets: float | None
    high_correlation_pairs: list[AlikePair]
    diversification_ratio: float | None
    risk_contributions: dict[str, float]


class _Perhaps(TypedDict, total=False):
    """A part of the report; ``unavailable`` says why it is not there."""

    unavailable: str


class ReportFigures(_Perhaps, total=False):
    """Figures of a year of 365 days."""

    volatility: float | None
    var_95: float | None
    cvar_95: float | None
    max_drawdown: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None


class ReportLimits(_Perhaps, total=False):
    """What the gate enforces, in money."""

    position_limits: dict[str, float]
    margin_limits: dict[str, float]
    exposure_limits: dict[str, float]
    drawdown_limits: dict[str, float]


class ReportConcentration(_Perhaps, total=False):
    """How many independent risks there are."""

    concentration_score: float | None
    effective_assets: float | None
    high_correlation_pairs: list[AlikePair]
    diversification_ratio: float | None
    risk_contributions: dict[str, float]


class Use(TypedDict):
    """How much of a limit is used."""

    value: float
    limit: float
    used: float | None
    breached: bool


class _Line(TypedDict):
    symbol: str
    quantity: float
    value_usd: float
    avg_entry_price: float


class SpotLine(_Line):
    """What is held of one asset."""


class FutureLine(_Line):
    """A perpetual; negative when short."""

    leverage: float


class HedgeLine(TypedDict):
    """Spot and perpetual of an asset."""

    symbol: str
    spot_value: float
    spot_qty: float
    futures_value: float
    futures_qty: float
    net_exposure: float
    hedge_ratio: float | None


class StressLine(TypedDict):
    """What a scenario would do to the account."""

    name: str
    note: str
    move_pct: float
    moves_pct: dict[str, float]
    basis_pct: float
    pnl: float
    pnl_pct: float | None
    equity: float
    drawdown: float | None


class RiskReport(TypedDict):
    """Account, positions, exposure, figures, limits, concentration and stress tests at one time."""

    as_of: datetime
    source: str
    stale: bool
    equity: float
    cash: float
    exposure: dict[str, float | str]
    metrics: ReportFigures
    limits: ReportLimits
    used: dict[str, dict[str, Use]]
    spot: list[SpotLine]
    futures: list[FutureLine]
    hedges: list[HedgeLine]
    concentration: ReportConcentration
    stress: list[StressLine]
