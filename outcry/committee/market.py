"""A market that a committee is sat down at: candles of one pair, and how they are put into a home."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from db.candles import CandleReader, CandleStore, FundingSeries, Series
from openoutcry.backtest.noise import funding_noise, noise_after
from openoutcry.backtest.series import Series as Bars
from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Candles, Floats, FundingRates
from openoutcry.market.regimes import REGIMES
from openoutcry.market.synthetic import Block, SyntheticMarket, synthetic_exchange
from openoutcry.types.market import Source
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import SECONDS, bar_length, from_millis, millis

HISTORY = 400
"""Bars before the first round: what the slowest indicator and the fault checks look back on."""


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Spot, and where it is known the perpetual with its funding, of the same bars."""

    source: Source
    exchange: str
    symbol: str
    timeframe: str
    spot: Candles
    perp: Candles
    funding: FundingRates

    @property
    def hedge_symbol(self) -> str | None:
        """The perpetual's name, where it has bars."""
        return str(parse_symbol(self.symbol).perpetual()) if len(self.perp) else None

    def closes_at(self, bar: int) -> datetime:
        """When a bar of the spot series is closed."""
        return from_millis(int(self.spot.timestamp[bar])) + bar_length(self.timeframe)

    def store(self, home: Path) -> None:
        """Write it into an empty home."""
        store, pair = CandleStore(home), parse_symbol(self.symbol)
        store.merge(Series(self.exchange, str(pair.spot()), self.timeframe), self.spot)
        if len(self.perp):
            store.merge(Series(self.exchange, str(pair.perpetual()), self.timeframe), self.perp)
        if len(self.funding):
            store.merge_funding(FundingSeries(self.exchange, str(pair.perpetual())), self.funding)

    def part(self, bar: int, before: int, after: int) -> "Market":
        """The bars around one, of every series."""
        first = int(self.spot.timestamp[max(0, bar - before)])
        last = int(self.spot.timestamp[min(len(self.spot) - 1, bar + after)])
        spot, perp = (side[_rows(side.timestamp, first, last)] for side in (self.spot, self.perp))
        return replace(
            self, spot=spot, perp=perp, funding=self.funding[_rows(self.funding.timestamp, first, last)]
        )

    def with_another_future(self, as_of: datetime, rng: np.random.Generator) -> "Market":
        """The same up to what was closed at ``as_of``, and noise afterwards, in every series."""
        sides = [self._noised(side, millis(as_of), rng) for side in (self.spot, self.perp)]
        funding = funding_noise(self.funding, millis(as_of), rng) if len(self.funding) else self.funding
        return replace(self, spot=sides[0], perp=sides[1], funding=funding)

    def _noised(self, side: Candles, at: int, rng: np.random.Generator) -> Candles:
        known = int(np.searchsorted(side.timestamp + SECONDS[self.timeframe] * 1000, at, side="right"))
        if known < 2 or known >= len(side):
            return side
        return noise_after(Bars.of(side, self.timeframe), known - 1, rng, keep_open=False).candles


def _rows(stamps: np.ndarray, first: int, last: int) -> slice:
    return slice(*(int(at) for at in (stamps.searchsorted(first), stamps.searchsorted(last, "right"))))


def stored(home: Path, exchange: str, symbol: str, timeframe: str, start: datetime, end: datetime) -> Market:
    """What a home holds of a market, from ``HISTORY`` bars before ``start``. Raises DataUnavailable when that is too little."""
    reader, pair = CandleReader(home), parse_symbol(symbol).spot()
    begin = start - HISTORY * bar_length(timeframe)
    spot = reader.between(Series(exchange, str(pair), timeframe), begin, end)
    if len(spot) <= HISTORY // 2:
        raise DataUnavailable(
            f"{exchange} {pair} {timeframe}: {len(spot)} bars are stored from {begin:%Y-%m-%d} to {end:%Y-%m-%d}"
        )
    perp = reader.between(Series(exchange, str(pair.perpetual()), timeframe), begin, end)
    funding = reader.funding_between(FundingSeries(exchange, str(pair.perpetual())), begin, end)
    return Market("recorded", exchange, str(pair), timeframe, spot, perp, funding)


def made(seed: int, timeframe: str, bars: int) -> Market:
    """The floor's synthetic market of a seed: it needs nothing stored."""
    return made_knowing(seed, timeframe, bars)[0]


def made_knowing(seed: int, timeframe: str, bars: int) -> tuple[Market, Floats]:
    """The same, and the true drift of each spot bar in units of its volatility."""
    maker, held = SyntheticMarket(seed, "BTC/USDT", timeframe), 0
    blocks: list[Block] = []
    while held < bars:
        blocks.append(maker.block(len(blocks)))
        held += len(blocks[-1].spot)
    spot = [np.concatenate(column)[:bars] for column in zip(*(b.spot.arrays() for b in blocks), strict=True)]
    perp = [np.concatenate(column)[:bars] for column in zip(*(b.perp.arrays() for b in blocks), strict=True)]
    paid = [np.concatenate(column) for column in zip(*(b.funding.arrays() for b in blocks), strict=True)]
    drifts = np.array([regime.drift for regime in REGIMES])
    market = Market(
        "synthetic",
        synthetic_exchange(seed),
        maker.symbol,
        timeframe,
        Candles.of(*spot),
        Candles.of(*perp),
        FundingRates.of(*paid),
    )
    return market, drifts[np.concatenate([block.regime for block in blocks])[:bars]]
