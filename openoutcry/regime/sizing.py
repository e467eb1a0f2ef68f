"""What a regime means for the floor's own limits."""

from openoutcry.regime.settings import RegimeParameters
from openoutcry.settings import RiskSettings

WIDEST_STOP = 0.99


def within(risk: RiskSettings, regime: RegimeParameters) -> RiskSettings:
    """The risk settings in a regime: size, position and exposure are only ever taken down, never above what is configured.

    Risk per trade falls by the size multiplier, the largest position is the smaller of the two limits, gross exposure
    falls by the leverage multiplier. The default stop moves both ways: a wider one lets a trend breathe at less size.
    """
    return risk.model_copy(
        update={
            "risk_per_trade": risk.risk_per_trade * min(regime.position_size_multiplier, 1.0),
            "max_position_size": min(risk.max_position_size, regime.position_limit),
            "max_gross_exposure": risk.max_gross_exposure * min(regime.leverage_multiplier, 1.0),
            "default_stop_loss": min(risk.default_stop_loss * regime.stop_loss_multiplier, WIDEST_STOP),
        }
    )
