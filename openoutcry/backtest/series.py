"""The bars a backtest runs on: candles that were looked through once, so that everything after may trust them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openoutcry.backtest.kernel.bars import Bars, sealed
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import SECONDS, parse_timeframe

MOST_BARS = 20_000_000
HIGHEST_PRICE = 1e15
LOWEST_PRICE = 1e-15
HIGHEST_VOLUME = 1e24
LAST_MS = 9_214_646_400_000
"""2262-01-01, where nanoseconds end."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Checked candles of one bar length: at least two, ascending, aligned, with sane prices and some volume."""

    candles: Candles
    timeframe: str
    regular: bool
    """True when no bar is missing between the first and the last."""

    @property
    def bars(self) -> Bars:
        """The columns as the compiled loops take them."""
        return bars_of(self.candles)

    @property
    def bar_ms(self) -> int:
        """Length of a bar in milliseconds."""
        return SECONDS[self.timeframe] * 1000

    def __len__(self) -> int:
        return len(self.candles)

    @classmethod
    def of(cls, candles: "Candles | Series", timeframe: str) -> "Series":
        """Look through candles once. Raises BadInput naming ``timeframe`` or ``candles.<column>`` and the first bad bar."""
        name = parse_timeframe(timeframe)
        if isinstance(candles, Series):
            if candles.timeframe != name:
                raise BadInput(
                    f"timeframe: the series has {candles.timeframe} bars, not {name}", field="timeframe"
                )
            return candles
        return cls(candles, name, _looked_through(candles, name))


def bars_of(candles: Candles) -> Bars:
    """The columns of candles as the compiled loops take them."""
    columns = candles.timestamp, candles.open, candles.high, candles.low, candles.close
    return Bars._make(sealed(column) for column in columns)


def _looked_through(candles: Candles, timeframe: str) -> bool:
    count, bar_ms = len(candles), SECONDS[timeframe] * 1000
    if count < 2:
        raise BadInput(f"candles: a backtest needs at least 2 bars, not {count}", field="candles")
    if count > MOST_BARS:
        raise BadInput(f"candles: at most {MOST_BARS:,} bars, not {count:,}", field="candles")
    from openoutcry.backtest.kernel.checks import fine  # loads the compiler

    bars, stamps = bars_of(candles), candles.timestamp
    bounds = LOWEST_PRICE, HIGHEST_PRICE, HIGHEST_VOLUME
    good, regular = fine(bars, sealed(candles.volume), bar_ms, *bounds)
    if not good or stamps[0] < 0 or stamps[-1] >= LAST_MS or stamps[0] % bar_ms:
        raise _fault(candles, timeframe)
    return regular


def _fault(candles: Candles, timeframe: str) -> BadInput:
    """The first thing that is wrong, by column."""
    stamps, bar_ms = candles.timestamp, SECONDS[timeframe] * 1000
    steps = np.diff(stamps)
    after = np.concatenate(([False], steps <= 0))
    again = np.concatenate(([False], steps == 0))
    prices = {"open": candles.open, "high": candles.high, "low": candles.low, "close": candles.close}
    every: dict[str, NDArray[Any]] = {**prices, "volume": candles.volume}
    checks: list[tuple[str, NDArray[np.bool_], str]] = [
        ("timestamp", (stamps < 0) | (stamps >= LAST_MS), "is not a time in milliseconds"),
        ("timestamp", again, "is there twice"),
        ("timestamp", after, "is not after the one before"),
        ("timestamp", stamps % bar_ms != 0, f"is not where a {timeframe} bar opens"),
        *((name, ~np.isfinite(column), "is no finite number") for name, column in every.items()),
        *((name, column <= 0, "is not above zero") for name, column in prices.items()),
        *(
            (name, (column > HIGHEST_PRICE) | (column < LOWEST_PRICE), "is no price")
            for name, column in prices.items()
        ),
        ("volume", candles.volume < 0, "is negative"),
        ("volume", candles.volume > HIGHEST_VOLUME, "is no volume"),
        ("volume", np.full(len(stamps), not (candles.volume > 0).any()), "is zero, as every other"),
        ("low", candles.low > np.minimum(candles.open, candles.close), "is above the open or the close"),
        ("high", candles.high < np.maximum(candles.open, candles.close), "is below the open or the close"),
    ]
    name, wrong, text = next(check for check in checks if check[1].any())
    row = int(np.argmax(wrong))
    at = np.datetime64(int(stamps[row]), "ms").astype("datetime64[s]")
    value = getattr(candles, name)[row]
    shown = f"{value:g} at {at}Z" if name != "timestamp" else f"{value} ({at}Z)"
    return BadInput(f"candles.{name}: bar {row}: {shown} {text}", field=f"candles.{name}")
