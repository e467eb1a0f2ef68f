"""The worlds that the league is played in: stored candles of a market, and made-up markets of which the truth is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np

from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.league.baselines import AVERAGE_BARS
from openoutcry.league.calls import Call
from openoutcry.league.played import Bars
from openoutcry.market.candles import Floats
from openoutcry.market.coin import tossed
from openoutcry.types.timeframes import bar_length, millis
from outcry.committee.market import HISTORY, Market, made_knowing, stored
from workers.provenance import data_hash

Truth = Literal["moods", "nothing"]
"""``moods``: known stretches of drift. ``nothing``: every bar's direction is a coin's; there is nothing to find."""
LATER = 240
"""Bars beyond a window by which words are judged that look so far."""
assert AVERAGE_BARS < HISTORY


@dataclass(frozen=True, slots=True)
class Shape:
    """How many windows of how many bars, and a decision at every so many of them."""

    windows: int
    bars: int
    every: int

    def decisions(self) -> range:
        """The bars of a window at whose close something is said; the last bar's word could not be followed any more."""
        return range(0, self.bars - 1, self.every)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A market and where its windows begin, as bars of its spot series."""

    name: str
    market: Market
    shape: Shape
    firsts: tuple[int, ...]
    truth: Truth | None = None
    seed: int = 0
    drift: Floats | None = None
    given: Mapping[str, Mapping[int, Call]] = field(default_factory=dict)
    """Calls that were made before, by entrant and bar of the only window."""

    def bars(self, window: int) -> Bars:
        """The bars of one window."""
        market, first = self.market, self.firsts[window]
        spot, last = market.spot, first + self.shape.bars
        later = range(last, min(len(spot), last + LATER))
        return Bars(
            world=self.name,
            step=bar_length(market.timeframe),
            stamps=spot.timestamp[first:last],
            opens=spot.open[first:last],
            closes=spot.close[first:last],
            later=tuple((market.closes_at(bar), float(spot.close[bar])) for bar in later),
            drift=None if self.drift is None else self.drift[first:last],
        )

    @property
    def data_digest(self) -> str:
        """Of every bar of spot and perpetual."""
        return data_hash([self.market.spot, self.market.perp])


def synthetic(seed: int, timeframe: str, shape: Shape, truth: Truth) -> World:
    """A made-up world of a seed."""
    market, drift = made_knowing(seed, timeframe, HISTORY + shape.windows * shape.bars + LATER)
    if truth == "nothing":
        spot, perp = tossed(market.spot, market.perp, np.random.default_rng([seed, len(market.spot)]))
        market, drift = replace(market, exchange=f"coin-{seed}", spot=spot, perp=perp), np.zeros(len(drift))
    firsts = tuple(HISTORY + number * shape.bars for number in range(shape.windows))
    return World(market.exchange, market, shape, firsts, truth, seed, drift)


def recorded(
    home: Path,
    exchange: str,
    symbols: Sequence[str],
    timeframe: str,
    shape: Shape,
    start: datetime,
    end: datetime,
) -> list[World]:
    """Worlds of stored candles, their windows at the same times, evenly over what all of them have. Raises DataUnavailable."""
    markets = [stored(home, exchange, symbol, timeframe, start, end) for symbol in symbols]
    if twice := {market.symbol for market in markets if [m.symbol for m in markets].count(market.symbol) > 1}:
        raise BadInput(f"{min(twice)} is named twice", field="symbols")
    begin = max(max(millis(start), int(m.spot.timestamp[min(HISTORY, len(m.spot) - 1)])) for m in markets)
    finish = min(int(market.spot.timestamp[-1]) for market in markets)
    latest = finish - shape.bars * int(bar_length(timeframe).total_seconds() * 1000)
    step = (latest - begin) // max(1, shape.windows - 1)
    if latest < begin:
        raise _too_few(exchange, symbols, timeframe, shape)
    times = [begin + number * step for number in range(shape.windows)]
    worlds = []
    for market in markets:
        firsts = tuple(int(market.spot.timestamp.searchsorted(at)) for at in times)
        ends = [first + shape.bars for first in firsts]
        if ends[-1] > len(market.spot) or any(a > b for a, b in zip(ends, firsts[1:], strict=False)):
            raise _too_few(exchange, symbols, timeframe, shape)
        worlds.append(World(f"{market.exchange} {market.symbol}", market, shape, firsts))
    return worlds


def _too_few(exchange: str, symbols: Sequence[str], timeframe: str, shape: Shape) -> DataUnavailable:
    return DataUnavailable(
        f"{exchange} {', '.join(symbols)} {timeframe}: the stored bars that all have are too few for {shape.windows} windows "
        f"of {shape.bars} bars with {HISTORY} before the first"
    )
