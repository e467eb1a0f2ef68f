"""What an entrant said at one moment, and the position that follows from all it said."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from openoutcry.market.candles import Floats
from openoutcry.minds.contamination import Mark
from openoutcry.voting.hindsight import Word


@dataclass(frozen=True, slots=True)
class Call:
    """A word at the close of the window's bar ``bar``; ``word`` is None for an abstention, which ``reason`` explains.

    ``confidence`` is None where none is stated, ``horizon_bars`` None where the word stands until another is said. ``usd`` is
    what its model cost.
    """

    bar: int
    word: Word | None
    confidence: float | None = None
    horizon_bars: int | None = None
    usd: Decimal = Decimal(0)
    mark: Mark = "none"
    reason: str = ""


def wanted(calls: Sequence[Call], bars: int) -> Floats:
    """The position wanted at each bar's close: 1 is all of the account, 0 none.

    BUY holds until its horizon is over or SELL is said, whichever comes first; another BUY renews it. HOLD and abstentions
    change nothing. Calls come in the order of their bars.
    """
    held = np.zeros(bars)
    for call in calls:
        if call.word in ("BUY", "SELL"):
            held[call.bar :] = 0.0
        if call.word == "BUY":
            until = bars if call.horizon_bars is None else call.bar + call.horizon_bars
            held[call.bar : until] = 1.0
    return held
