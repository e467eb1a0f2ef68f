"""AmpFi's strategy: a prediction as its document has it, with the price of the moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from api.shapes.base import Shape
from openoutcry.forecast.calibration import Calibrated
from openoutcry.forecast.forecast import Forecast
from openoutcry.forecast.prediction import Prediction, Signal
from openoutcry.forecast.staleness import MOST_AGE, reward_to_risk, staleness_of
from openoutcry.forecast.validation import Validation

DIGITS = 8
NAMES = {"1h": "1h", "4h": "4h", "1d": "daily"}


class StrategyTarget(Shape, frozen=True, kw_only=True):
    """Where the price may be at the horizon; four ends of five lay between ``low`` and ``high``."""

    low: float
    mid: float
    high: float


class ValidationWindow(Shape, frozen=True, kw_only=True):
    """From the first forecast that was judged to the last bar that judged one."""

    start: datetime
    end: datetime


class StrategyValidation(Shape, frozen=True, kw_only=True):
    """How such forecasts went on bars they had not seen; the naive ones say "no change" and the commoner direction."""

    method: str
    samples: int
    directional_accuracy: float
    naive_accuracy: float
    mae_pct: float
    naive_mae_pct: float
    mape: float
    calibration_error: float
    window: ValidationWindow
    passed: bool


class TimeframeView(Shape, frozen=True, kw_only=True):
    """One timeframe. ``levels_found`` are how many supports and resistances the market has made itself."""

    signal: str
    direction: str
    confidence: float
    predicted_change_pct: float
    price_target: StrategyTarget
    support: list[float]
    resistance: list[float]
    levels_found: list[int]
    horizon_bars: int
    as_of: datetime
    price: float
    validation: StrategyValidation


class StrategyStaleness(Shape, frozen=True, kw_only=True):
    """Whether it may still be followed; ``reason`` is null while it is fresh."""

    is_stale: bool
    age_minutes: float
    max_age_minutes: float
    generated_at: datetime
    price_at_generation: float
    price_drift_pct: float
    reason: str | None


class RiskAssessment(Shape, frozen=True, kw_only=True):
    """``volatility_pct`` is of a day; ``suggested_position_pct`` of the equity."""

    level: str
    score: float
    volatility_pct: float
    max_loss_pct: float
    suggested_position_pct: float
    warnings: list[str]


class StrategyCalibration(Shape, frozen=True, kw_only=True):
    """How ``confidence`` came from the tally's own; ``method`` none: too few outcomes are known, it is the same."""

    method: str
    outcomes: int
    raw_confidence: float


class PublicStrategy(Shape, frozen=True, kw_only=True):
    """The floor's newest decision and the forecasts beside it.

    ``price_basis`` says whose word ``current_price`` is: the caller's (``query``), the market server's at this moment
    (``quote``), or the newest stored close's (``stored_close``). ``price_as_of`` is when it was the price, null for a
    caller's.
    """

    id: str
    signal: str
    regime: str
    regime_basis: str
    confidence: float
    calibration: StrategyCalibration
    entry_price: float | None
    target_price: float | None
    stop_loss: float | None
    risk_reward_ratio: float | None
    reason: str
    current_price: float
    price_source: str
    price_basis: str
    price_as_of: datetime | None
    source: str
    staleness: StrategyStaleness
    generated_at: datetime
    valid_until: datetime
    risk_assessment: RiskAssessment
    timeframes: dict[str, TimeframeView]
    validation: StrategyValidation
    model_version: str


class SymbolStrategy(Shape, frozen=True, kw_only=True):
    """A symbol in exchange form and its strategy."""

    symbol: str
    strategy: PublicStrategy


@dataclass(frozen=True, slots=True)
class PriceNow:
    """The price that an answer goes by; ``as_of`` is None for one that the caller gave."""

    price: float
    basis: Literal["query", "quote", "stored_close"]
    as_of: datetime | None = None


def told(symbol: str, prediction: Prediction, now: datetime, price: PriceNow) -> SymbolStrategy:
    """The answer at ``now`` with the market at ``price``."""
    decided, ratio = prediction.decided, reward_to_risk(prediction)
    strategy = PublicStrategy(
        id=decided.id,
        signal=prediction.signal,
        regime=prediction.regime,
        regime_basis=prediction.regime_basis,
        confidence=_short(prediction.confidence.confidence),
        calibration=_calibration(prediction.confidence),
        entry_price=prediction.entry,
        target_price=prediction.target,
        stop_loss=prediction.stop,
        risk_reward_ratio=None if ratio is None else _short(ratio),
        reason=decided.reasoning,
        current_price=price.price,
        price_source="query" if price.basis == "query" else "exchange",
        price_basis=price.basis,
        price_as_of=price.as_of,
        source=decided.source,
        staleness=_staleness(prediction, now, price.price),
        generated_at=decided.as_of,
        valid_until=decided.as_of + MOST_AGE,
        risk_assessment=_risk(prediction),
        timeframes={
            NAMES[name]: _view(one, prediction.signals[name]) for name, one in prediction.forecasts.items()
        },
        validation=_validation(prediction.validation),
        model_version=prediction.model_version,
    )
    return SymbolStrategy(symbol=symbol, strategy=strategy)


def _staleness(prediction: Prediction, now: datetime, price: float) -> StrategyStaleness:
    found = staleness_of(prediction, now, price)
    return StrategyStaleness(
        is_stale=found.reason is not None,
        age_minutes=_short(found.age.total_seconds() / 60),
        max_age_minutes=MOST_AGE.total_seconds() / 60,
        generated_at=prediction.decided.as_of,
        price_at_generation=prediction.price,
        price_drift_pct=_short(found.drift_pct),
        reason=found.reason,
    )


def _risk(prediction: Prediction) -> RiskAssessment:
    risk = prediction.risk
    return RiskAssessment(
        level=risk.level,
        score=_short(risk.score),
        volatility_pct=_short(risk.volatility_pct),
        max_loss_pct=_short(risk.max_loss_pct),
        suggested_position_pct=_short(risk.suggested_position_pct),
        warnings=list(risk.warnings),
    )


def _view(one: Forecast, signal: Signal) -> TimeframeView:
    target = one.price_target
    return TimeframeView(
        signal=signal,
        direction=one.direction,
        confidence=_short(one.confidence),
        predicted_change_pct=_short(one.predicted_change_pct),
        price_target=StrategyTarget(low=_short(target.low), mid=_short(target.mid), high=_short(target.high)),
        support=[_short(level) for level in one.support],
        resistance=[_short(level) for level in one.resistance],
        levels_found=[one.supports_found, one.resistances_found],
        horizon_bars=one.horizon_bars,
        as_of=one.as_of,
        price=one.price,
        validation=_validation(one.validation),
    )


def _validation(found: Validation) -> StrategyValidation:
    return StrategyValidation(
        method=found.method,
        samples=found.samples,
        directional_accuracy=_short(found.directional_accuracy),
        naive_accuracy=_short(found.naive_accuracy),
        mae_pct=_short(found.mae_pct),
        naive_mae_pct=_short(found.naive_mae_pct),
        mape=_short(found.mape),
        calibration_error=_short(found.calibration_error),
        window=ValidationWindow(start=found.window.start, end=found.window.end),
        passed=found.passed,
    )


def _calibration(found: Calibrated) -> StrategyCalibration:
    return StrategyCalibration(method=found.method, outcomes=found.outcomes, raw_confidence=_short(found.raw))


def _short(value: float) -> float:
    """Without the noise of floating point; small prices keep their digits."""
    return float(f"{value:.{DIGITS + 2}g}")
