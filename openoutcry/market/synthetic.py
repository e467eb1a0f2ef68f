"""A synthetic market: seeded, with known regimes, clustered volatility, fat tails, a perpetual and funding.

Nothing here is a price of anything. A block is one calendar month; the same seed, symbol, timeframe and start
give the same blocks, in whatever order they are asked for, so a store can be filled and filled again.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from openoutcry.market.candles import Candles, Floats, FundingRates, Stamps
from openoutcry.market.recurrence import decay, recur
from openoutcry.market.regimes import REGIMES, START, Mood, moods
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import SECONDS, millis

SHORT_BARS_S = 180
"""Bars of at most this length begin in 2023 rather than 2020: every month before a run's first has to be walked."""
YEAR_S = 365.25 * 86400
FUNDING_MS = 8 * 3_600_000
ARCH, GARCH = 0.09, 0.88
TAIL = 5.0
"""Degrees of freedom of the shocks; returns of real candles have kurtosis 10 to 70."""
LARGEST_SHOCK = 12.0
COMMON = 0.75
"""Weight of the shock all symbols share: their returns correlate by about its square."""
CLIMATE_FORGETS, CLIMATE_SIZE = np.log(2) / 500, 0.33
"""A slow factor of volatility over all regimes: half-life in bars, standard deviation of its logarithm."""
HOMESICK = np.log(2) / 5_000
"""How fast the price forgets its distance from where it began (half-life 5,000 bars)."""
BASIS_FORGETS, BASIS_NOISE = np.log(2) / 12, 1.6e-4
INTEREST, INTEREST_CLAMP, FUNDING_CAP = 1e-4, 5e-4, 7.5e-3
FIRST_PRICES = {"BTC": 40_000.0, "ETH": 2_300.0, "SOL": 95.0, "BNB": 310.0, "XRP": 0.55, "DOGE": 0.08}
VOLATILITIES = {"BTC": 0.62, "ETH": 0.75}
TURNOVER_PER_HOUR = 6e7
_MOOD, _COMMON, _OWN, _CLIMATE, _BASIS, _RANGE, _SPOT_VOLUME, _PERP_VOLUME = range(8)
_SHARED = (_MOOD, _COMMON, _CLIMATE)
"""All symbols of a seed live through the same moods, news and climate."""


def synthetic_exchange(seed: int) -> str:
    """The exchange name under which a synthetic market's candles are stored."""
    return f"synthetic-{seed}"


def epoch_of(timeframe: str) -> datetime:
    """Where a synthetic market of this bar length begins; nothing exists before."""
    return datetime(2023 if SECONDS[timeframe] <= SHORT_BARS_S else 2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Block:
    """One month of both instruments, funding, and each bar's true regime (index into ``regimes.NAMES``)."""

    index: int
    spot: Candles
    perp: Candles
    funding: FundingRates
    regime: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class _State:
    mood: Mood
    variance: float = 1.0
    climate: float = 0.0
    away: float = 0.0
    basis: float = 0.0
    basis_tail: tuple[float, ...] = (0.0,)


@dataclass(frozen=True, slots=True)
class _Path:
    """What a block's candles are drawn around; all of shape (n,)."""

    stamps: Stamps
    regime: NDArray[np.int8]
    shock: Floats
    sigma: Floats
    away: Floats
    basis: Floats
    after: _State


class SyntheticMarket:
    """Spot and perpetual of one pair. ``block(i)`` is the i-th calendar month, that of ``start`` being 0."""

    def __init__(self, seed: int, symbol: str, timeframe: str, start: datetime | None = None) -> None:
        pair = parse_symbol(symbol).spot()
        self.symbol, self.timeframe, self.seed = str(pair), timeframe, seed
        self._bar_ms = SECONDS[timeframe] * 1000
        self._start_ms = -(-millis(start or epoch_of(timeframe)) // self._bar_ms) * self._bar_ms
        self._first_month = np.datetime64(self._start_ms, "ms").astype("datetime64[M]")
        self._names = int.from_bytes(hashlib.sha256(self.symbol.encode()).digest()[:6])
        self._price = FIRST_PRICES.get(pair.base) or 10 ** (self._names % 1000 / 400)
        self._sigma = VOLATILITIES.get(pair.base, 0.9) * (self._bar_ms / 1000 / YEAR_S) ** 0.5
        self.decimals = max(2, 5 - int(np.floor(np.log10(self._price))))
        self._states = [_State(Mood(START, 200))]

    def index_at(self, at: datetime) -> int:
        """The block that holds the bar opening at ``at``; negative before the start."""
        return int((np.datetime64(millis(at), "ms").astype("datetime64[M]") - self._first_month).astype(int))

    def block(self, index: int) -> Block:
        """The bars of one month, from the state the month before left. Raises IndexError before the start."""
        if index < 0:
            raise IndexError("the synthetic market had not begun")
        while len(self._states) <= index:
            self._states.append(self._path(len(self._states) - 1).after)
        path, before = self._path(index), self._states[index]
        spot = self._spot(path, before, index)
        perp = self._perp(path, before, spot, index)
        return Block(index, spot, perp, self._funding(path, before), path.regime)

    def _rng(self, stream: int, index: int) -> np.random.Generator:
        key = [self.seed, self._bar_ms, index, stream, 0 if stream in _SHARED else self._names]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))

    def _stamps(self, index: int) -> Stamps:
        month = self._first_month + index
        lo, hi = (int(m.astype("datetime64[ms]").astype(np.int64)) for m in (month, month + 1))
        return np.arange(max(lo, self._start_ms), hi, self._bar_ms, dtype=np.int64)

    def _path(self, index: int) -> _Path:
        before, stamps = self._states[index], self._stamps(index)
        count = len(stamps)
        regime, mood = moods(self._rng(_MOOD, index), before.mood, count)
        shock = COMMON * self._shocks(_COMMON, index, count)
        shock += (1 - COMMON**2) ** 0.5 * self._shocks(_OWN, index, count)
        push = shock * shock
        spread = recur(ARCH * push + GARCH, np.full(count, 1 - ARCH - GARCH), before.variance)
        known = np.concatenate([[before.variance], spread[:-1]])  # a bar's own shock moves the next bar's
        weather = (
            CLIMATE_SIZE * (2 * CLIMATE_FORGETS) ** 0.5 * self._rng(_CLIMATE, index).standard_normal(count)
        )
        climate = decay(CLIMATE_FORGETS, weather, before.climate)
        sigma = self._sigma * _of("volatility", regime) * np.sqrt(known) * np.exp(climate)
        steps = sigma * (_of("drift", regime) + shock)
        away = decay(HOMESICK, steps, before.away)
        noise = BASIS_NOISE * _of("volatility", regime) * self._rng(_BASIS, index).standard_normal(count)
        pull = BASIS_FORGETS * _of("basis_bps", regime) / 1e4
        basis = decay(BASIS_FORGETS, pull + noise + 0.02 * sigma * shock, before.basis)
        tail = tuple(basis[-max(FUNDING_MS // self._bar_ms, 1) :].tolist())
        last = [float(column[-1]) for column in (spread, climate, away, basis)]
        after = _State(mood, last[0], last[1], last[2], last[3], tail)
        return _Path(stamps, regime, shock, sigma, away, basis, after)

    def _shocks(self, stream: int, index: int, count: int) -> Floats:
        drawn: Floats = self._rng(stream, index).standard_t(TAIL, count) * ((TAIL - 2) / TAIL) ** 0.5
        return drawn.clip(-LARGEST_SHOCK, LARGEST_SHOCK)

    def _spot(self, path: _Path, before: _State, index: int) -> Candles:
        rng = self._rng(_RANGE, index)
        away = np.concatenate([[before.away], path.away])
        opened, close = self._price * np.exp(away[:-1]), self._price * np.exp(away[1:])
        move, variance = np.diff(away), path.sigma**2
        # the extremes of a Brownian bridge between open and close
        up = (move + np.sqrt(move**2 - 2 * variance * np.log(rng.random(len(move))))) / 2
        down = (move - np.sqrt(move**2 - 2 * variance * np.log(rng.random(len(move))))) / 2
        high, low = opened * np.exp(up), opened * np.exp(down)
        return self._candles(path.stamps, opened, high, low, close, self._volume(path, index, _SPOT_VOLUME))

    def _perp(self, path: _Path, before: _State, spot: Candles, index: int) -> Candles:
        basis = 1 + np.concatenate([[before.basis], path.basis])
        opened, close = spot.open * basis[:-1], spot.close * basis[1:]
        middle = (basis[:-1] + basis[1:]) / 2
        high = np.maximum(spot.high * middle, np.maximum(opened, close))
        low = np.minimum(spot.low * middle, np.minimum(opened, close))
        return self._candles(path.stamps, opened, high, low, close, self._volume(path, index, _PERP_VOLUME))

    def _candles(self, stamps: Stamps, *columns: Floats) -> Candles:
        least = 10.0**-self.decimals
        o, h, low, c = (np.maximum(column.round(self.decimals), least) for column in columns[:4])
        return Candles.of(stamps, o, h, low, c, np.maximum(columns[4].round(5), 1e-5))

    def _volume(self, path: _Path, index: int, stream: int) -> Floats:
        rng, share = self._rng(stream, index), 3.0 if stream == _PERP_VOLUME else 1.0
        noise = decay(0.12, 0.24 * rng.standard_normal(len(path.stamps)), 0.5 * rng.standard_normal())
        usual = share * TURNOVER_PER_HOUR * self._bar_ms / 3.6e6 / self._price
        stir = 0.9 * np.log(path.sigma / self._sigma) + 0.55 * np.log(0.35 + np.abs(path.shock))
        volume: Floats = usual * np.exp(stir + noise)
        return volume

    def _funding(self, path: _Path, before: _State) -> FundingRates:
        """Rates paid within the block, each from the mean basis of bars closed in the eight hours before."""
        first = -(-int(path.stamps[0]) // FUNDING_MS) * FUNDING_MS
        paid = np.arange(first, int(path.stamps[-1]) + self._bar_ms, FUNDING_MS, dtype=np.int64)
        basis = np.concatenate([before.basis_tail, path.basis])
        closed = len(before.basis_tail) + (paid - int(path.stamps[0])) // self._bar_ms
        sums = np.concatenate([[0.0], np.cumsum(basis)])
        begin = np.maximum(closed - max(FUNDING_MS // self._bar_ms, 1), 0)
        premium = (sums[closed] - sums[begin]) / np.maximum(closed - begin, 1)
        rate = premium + np.clip(INTEREST - premium, -INTEREST_CLAMP, INTEREST_CLAMP)
        return FundingRates.of(paid, np.clip(rate, -FUNDING_CAP, FUNDING_CAP).round(8))


def _of(name: str, regime: NDArray[np.int8]) -> Floats:
    values: Floats = np.array([getattr(r, name) for r in REGIMES], dtype=np.float64)[regime]
    return values
