"""One prediction: the floor's decision and the forecasts beside it. Nothing here depends on the price of the moment."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from openoutcry.forecast.assessment import Assessment, Trade, assess
from openoutcry.forecast.calibration import Calibrated
from openoutcry.forecast.climate import Climate
from openoutcry.forecast.forecast import MODEL, Forecast
from openoutcry.forecast.validation import Validation, together
from openoutcry.ledger.outcomes import judging
from openoutcry.regime.names import Regime
from openoutcry.risk.levels import levels
from openoutcry.settings import Settings
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Source

Signal = Literal["buy", "sell", "hold"]
SIGNALS: Mapping[str, Signal] = {"BUY": "buy", "SELL": "sell", "HOLD": "hold"}
FINEST = Decimal("0.00000001")
"""Levels of a price nobody's tick is known of."""
LEAST_CONFIDENCE = 0.55
"""Of a forecast that is to be followed."""


class Decided(Frozen):
    """The floor's decision as it is stored; levels are None where no voter named any."""

    id: str
    as_of: datetime
    source: Source
    action: Literal["BUY", "SELL", "HOLD"]
    confidence: float
    reasoning: str
    minds: str
    price: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    size_factor: float
    blocked: str | None


class Prediction(Frozen):
    """What is answered until the floor decides again. ``price`` is that of the decision; levels are None for a hold."""

    decided: Decided
    signal: Signal
    regime: Regime
    regime_basis: Literal["model", "rule"]
    confidence: Calibrated
    price: float
    entry: float | None
    target: float | None
    stop: float | None
    risk: Assessment
    forecasts: dict[str, Forecast]
    signals: dict[str, Signal]
    validation: Validation
    model_version: str


def predict(
    decided: Decided,
    forecasts: Mapping[str, Forecast],
    climate: Climate,
    confidence: Calibrated,
    regime: Regime | None,
    settings: Settings,
) -> Prediction:
    """Put them together; ``forecasts`` by timeframe, shortest first; ``regime`` is the model's, None where it has none."""
    first = next(iter(forecasts.values()))
    price = decided.price if decided.price is not None else Decimal(repr(first.price))
    signal, cost_pct = SIGNALS[decided.action], float(judging(settings).cost) * 100
    entry, target, stop = _levels(signal, price, decided, settings)
    signals = {name: _signal(one, cost_pct) for name, one in forecasts.items()}
    validation = together([one.validation for one in forecasts.values()])
    trade = Trade(
        entry=entry,
        stop=stop,
        raw_confidence=decided.confidence,
        size_factor=decided.size_factor,
        blocked=decided.blocked,
        round_trip_pct=cost_pct,
    )
    mood: Regime = regime or climate.regime
    return Prediction(
        decided=decided,
        signal=signal,
        regime=mood,
        regime_basis="rule" if regime is None else "model",
        confidence=confidence,
        price=float(price),
        entry=entry,
        target=target,
        stop=stop,
        risk=assess(
            trade,
            confidence.confidence,
            mood,
            climate,
            settings.risk,
            _doubts(signal, signals, validation, confidence),
        ),
        forecasts=dict(forecasts),
        signals=signals,
        validation=validation,
        model_version=f"floor:{decided.minds}/{MODEL}",
    )


def _levels(
    signal: Signal, price: Decimal, decided: Decided, settings: Settings
) -> tuple[float | None, float | None, float | None]:
    """Entry, target and stop: the vote's own where they are on the right side of the price, else the default shares."""
    if signal == "hold":
        return None, None, None
    side: Literal["LONG", "SHORT"] = "LONG" if signal == "buy" else "SHORT"
    found = levels(
        side, price, FINEST, settings.risk, stop_loss=decided.stop_loss, take_profit=decided.take_profit
    )
    if found is None:
        return float(price), None, None
    return float(price), float(found.take_profit), float(found.stop_loss)


def _signal(one: Forecast, cost_pct: float) -> Signal:
    """A move that pays for a round trip and is more likely than not; else hold."""
    if (
        one.direction == "flat"
        or one.confidence < LEAST_CONFIDENCE
        or abs(one.predicted_change_pct) <= cost_pct
    ):
        return "hold"
    return "buy" if one.direction == "up" else "sell"


def _doubts(
    signal: Signal, signals: Mapping[str, Signal], validation: Validation, confidence: Calibrated
) -> tuple[str, ...]:
    found = []
    against = [name for name, other in signals.items() if {signal, other} == {"buy", "sell"}]
    if against:
        found.append(f"the forecast for {', '.join(against)} points the other way")
    if not validation.passed:
        found.append("the forecasts have not beaten a naive one on past data")
    if confidence.method == "none":
        found.append(
            f"confidence is not calibrated: {confidence.outcomes} outcomes of such decisions are known"
        )
    return tuple(found)
