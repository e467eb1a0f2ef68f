"""Markets whose regimes are known because they were made that way, and a model made by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np

from openoutcry.market.candles import Candles
from openoutcry.regime.model import RegimeModel
from openoutcry.regime.names import REGIMES
from openoutcry.types.timeframes import SECONDS, millis

START = datetime(2024, 1, 1, tzinfo=UTC)
MOODS = {
    "bull": (0.25, 0.7),
    "bear": (-0.22, 1.1),
    "sideways": (0.0, 0.45),
    "crisis": (-0.55, 2.6),
    "recovery": (0.35, 1.7),
}
"""Per bar: drift in units of the mood's volatility, and its volatility in units of the usual one."""
USUAL = 0.01


def pronounced(
    bars: int, *, seed: int = 5, length: int = 45, timeframe: str = "1h"
) -> tuple[Candles, list[str]]:
    """Candles that pass from mood to mood in stretches of about ``length`` bars, and the mood of every bar."""
    rng = np.random.default_rng(seed)
    moods: list[str] = []
    while len(moods) < bars:
        others = [name for name in REGIMES if not moods or name != moods[-1]]
        moods += [str(rng.choice(others))] * int(rng.integers(length // 2, length * 3 // 2))
    moods = moods[:bars]
    drift, volatility = np.array([MOODS[name] for name in moods]).T
    moves = USUAL * volatility * (drift + rng.standard_normal(bars))
    close = 100.0 * np.exp(np.cumsum(moves))
    opened = np.concatenate([[100.0], close[:-1]])
    reach = USUAL * volatility * rng.random(bars)
    volume = 50.0 * volatility * np.exp(0.3 * rng.standard_normal(bars))
    stamps = millis(START) + SECONDS[timeframe] * 1000 * np.arange(bars, dtype=np.int64)
    high, low = np.maximum(opened, close) * (1 + reach), np.minimum(opened, close) * (1 - reach)
    return Candles.of(stamps, opened, high, low, close, volume), moods


PLACES = {
    "bull": (0.5, 0.2, -0.5, 0.1),
    "bear": (-0.6, -0.2, 0.1, 0.0),
    "sideways": (0.0, 0.0, -1.2, -0.4),
    "crisis": (-1.3, -0.5, 1.3, 0.6),
    "recovery": (1.3, 0.5, 1.0, 0.6),
}
"""Where a model made by hand has its states: return_20, return_5, volatility_20, volume_5_60, standardised."""


def planted(
    *, timeframe: str = "1h", trained_until: datetime = START, staying: float = 0.92, spread: float = 0.5
) -> RegimeModel:
    """A model made by hand, one state per regime in the order of ``REGIMES``."""
    transitions = np.full((5, 5), (1.0 - staying) / 4)
    np.fill_diagonal(transitions, staying)
    return RegimeModel(
        timeframe=timeframe,
        seed=0,
        start=(0.2,) * 5,
        transitions=tuple(tuple(row) for row in transitions.tolist()),
        means=tuple(PLACES[name] for name in REGIMES),
        covariances=tuple(tuple(tuple(row) for row in (spread * np.eye(4)).tolist()) for _ in REGIMES),
        labels=REGIMES,
        labelling="one_to_one",
        trained_from=trained_until - timedelta(days=30),
        trained_until=trained_until,
    )
