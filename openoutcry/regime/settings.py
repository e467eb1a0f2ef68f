"""Settings of regime detection, and what each regime means for whoever sizes positions."""

from typing import Annotated, Literal

from pydantic import Field

from openoutcry.regime.names import Named
from openoutcry.types.frozen import Frozen

Share = Annotated[float, Field(gt=0.0, le=1.0)]
Multiplier = Annotated[float, Field(gt=0.0, le=10.0)]
Preference = Literal[
    "trend_following", "mean_reversion", "range_trading", "defensive", "momentum", "balanced"
]


class RegimeParameters(Frozen):
    """What a regime means for trading."""

    volatility_threshold: Annotated[float, Field(gt=0.0, le=10.0)]
    """Annualised volatility above which the market is unusually rough for this regime."""
    leverage_multiplier: Multiplier
    position_limit: Share
    """Largest position, as a fraction of equity."""
    position_size_multiplier: Multiplier
    stop_loss_multiplier: Multiplier
    """Multiplies the distance to the stop."""
    volatility_target_multiplier: Multiplier | None
    strategy_preference: Preference


def _row(
    threshold: float, leverage: float, limit: float, size: float, stop: float, target: float | None,
    preference: Preference,
) -> RegimeParameters:  # fmt: skip
    return RegimeParameters(
        volatility_threshold=threshold,
        leverage_multiplier=leverage,
        position_limit=limit,
        position_size_multiplier=size,
        stop_loss_multiplier=stop,
        volatility_target_multiplier=target,
        strategy_preference=preference,
    )


class RegimeTable(Frozen):
    """The parameters of each regime, and of not knowing."""

    bull: RegimeParameters = _row(0.20, 1.5, 0.15, 1.2, 1.5, 1.2, "trend_following")
    bear: RegimeParameters = _row(0.30, 0.5, 0.08, 0.7, 0.8, 0.7, "mean_reversion")
    sideways: RegimeParameters = _row(0.15, 1.0, 0.10, 1.0, 1.0, 1.0, "range_trading")
    crisis: RegimeParameters = _row(0.50, 0.2, 0.05, 0.3, 0.5, 0.4, "defensive")
    recovery: RegimeParameters = _row(0.25, 1.2, 0.10, 1.1, 1.2, 0.8, "momentum")
    unknown: RegimeParameters = _row(0.20, 0.8, 0.10, 0.8, 0.9, None, "balanced")

    def of(self, regime: Named | None) -> RegimeParameters:
        """The row of a regime; of ``unknown`` for None."""
        found: RegimeParameters = getattr(self, regime or "unknown")
        return found


class RegimeSettings(Frozen):
    """When a change of regime is believed, whether the floor trains its own models, and the parameter table."""

    min_confidence: Share = 0.6
    """A bar whose likeliest regime is less probable than this votes for none."""
    confirm_window: Annotated[int, Field(ge=1, le=100)] = 5
    """Bars whose votes are counted."""
    confirm_share: Share = 0.8
    """A change is confirmed once this share of the window agrees on it."""
    discard_share: Share = 0.2
    """A change that this share of the window no longer asks for is dropped."""
    stability_window: Annotated[int, Field(ge=1, le=1000)] = 20
    """Bars over which stability is measured."""
    train: bool = True
    """A running floor has a worker train a model for a market that has none."""
    train_bars: Annotated[int, Field(ge=1000, le=1_000_000)] = 12_000
    """Newest bars a model is trained and measured on, unless a time is given to begin at."""
    parameters: RegimeTable = RegimeTable()
