"""What needs no mind: the entrants that anybody has to beat. Each sees the closes up to its decision and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from openoutcry.market.candles import Floats
from openoutcry.voting.hindsight import Word

MOMENTUM_BARS, AVERAGE_BARS = 72, 200


@dataclass(frozen=True, slots=True)
class Baseline:
    """``says`` takes the closes so far (n,), the newest last, and a generator of its own."""

    description: str
    says: Callable[[Floats, np.random.Generator], Word]


def momentum(closes: Floats, rng: np.random.Generator) -> Word:
    """Moskowitz, Ooi and Pedersen, Time Series Momentum (2012), in its simplest form."""
    return "BUY" if closes[-1] > closes[-1 - MOMENTUM_BARS] else "SELL"


def average(closes: Floats, rng: np.random.Generator) -> Word:
    """Brock, Lakonishok and LeBaron, Simple Technical Trading Rules (1992): the price against its average."""
    return "BUY" if closes[-1] > np.mean(closes[-AVERAGE_BARS:]) else "SELL"


CASH, BUY_AND_HOLD = "cash", "buy_and_hold"
BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        CASH: Baseline("never trades", lambda closes, rng: "HOLD"),
        BUY_AND_HOLD: Baseline("buys at the first decision and holds", lambda closes, rng: "BUY"),
        "momentum": Baseline(f"long while the price is above that of {MOMENTUM_BARS} bars ago", momentum),
        "moving_average": Baseline(
            f"long while the price is above its average of {AVERAGE_BARS} bars", average
        ),
        "coin": Baseline(
            "long or flat by the toss of a coin", lambda closes, rng: "BUY" if rng.random() < 0.5 else "SELL"
        ),
    }
)
ORACLE = "oracle"
"""Reads a synthetic world's true drift: what could be earned by one who knew the truth. It has no rank."""


def oracle(drift: float) -> Word:
    """The word of one who knows the next bar's true drift."""
    return "BUY" if drift > 0 else "SELL"
