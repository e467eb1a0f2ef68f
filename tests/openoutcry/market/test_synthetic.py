"""The synthetic market: one per seed, seamless, possible, of known moods, and like a real one."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.market.candles import Candles
from openoutcry.market.quality import examine
from openoutcry.market.recurrence import recur
from openoutcry.market.regimes import NAMES
from openoutcry.market.rows import candle_faults, funding_faults
from openoutcry.market.synthetic import Block, SyntheticMarket, epoch_of, synthetic_exchange
from openoutcry.market.synthetic_book import synthetic_book
from openoutcry.types.timeframes import SECONDS, from_millis, millis
from tests.openoutcry.market.moments import moments

LATE = 4_000_000_000_000


def blocks(seed: int, symbol: str, timeframe: str, count: int) -> list[Block]:
    market = SyntheticMarket(seed, symbol, timeframe)
    return [market.block(i) for i in range(count)]


def joined(parts: list[Candles]) -> Candles:
    return Candles.of(
        *[np.concatenate(columns) for columns in zip(*(p.arrays() for p in parts), strict=True)]
    )


def digest(block: Block) -> str:
    columns = [*block.spot.arrays(), *block.perp.arrays(), *block.funding.arrays(), block.regime]
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), order=st.permutations(range(4)))
def test_a_block_is_the_same_whatever_was_asked_before(seed: int, order: list[int]) -> None:
    straight = [digest(block) for block in blocks(seed, "BTC/USDT", "4h", 4)]
    market = SyntheticMarket(seed, "BTC/USDT:USDT", "4h")
    assert {i: digest(market.block(i)) for i in order} == dict(enumerate(straight))


def test_another_seed_symbol_or_timeframe_is_another_market() -> None:
    asked = [(7, "BTC/USDT", "1h"), (8, "BTC/USDT", "1h"), (7, "ETH/USDT", "1h"), (7, "BTC/USDT", "2h")]
    assert len({digest(blocks(*which, 1)[0]) for which in asked}) == 4
    assert synthetic_exchange(7) == "synthetic-7"


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h", "8h", "12h", "1d"])
def test_months_join_without_a_seam_and_every_row_is_possible(timeframe: str) -> None:
    made = blocks(3, "SOL/USDT", timeframe, 3)
    bar_ms = SECONDS[timeframe] * 1000
    for side in ("spot", "perp"):
        bars = joined([getattr(block, side) for block in made])
        assert candle_faults(bars, bar_ms, LATE) == []
        assert set(np.diff(bars.timestamp)) == {bar_ms}
        assert np.array_equal(bars.open[1:], bars.close[:-1])
        at = from_millis(int(bars.timestamp[-1]) + bar_ms)
        assert examine("SOL/USDT", bars[-256:], at, timeframe, min_bars=10).faults == ()
    paid = np.concatenate([block.funding.timestamp for block in made])
    assert set(np.diff(paid)) == {8 * 3_600_000}
    assert paid[0] == millis(epoch_of(timeframe))
    assert all(funding_faults(block.funding, LATE) == [] for block in made)


def test_blocks_are_calendar_months_from_the_start_on() -> None:
    market = SyntheticMarket(7, "BTC/USDT", "1h", datetime(2023, 12, 14, 5, 30, tzinfo=UTC))
    first, second = market.block(0).spot.timestamp, market.block(1).spot.timestamp
    assert from_millis(int(first[0])) == datetime(2023, 12, 14, 6, tzinfo=UTC)
    assert from_millis(int(second[0])) == datetime(2024, 1, 1, tzinfo=UTC)
    assert market.index_at(datetime(2024, 2, 29, tzinfo=UTC)) == 2
    with pytest.raises(IndexError):
        market.block(-1)


def test_the_true_regimes_show_in_the_prices() -> None:
    made = blocks(11, "BTC/USDT", "1h", 72)
    bars, regime = joined([b.spot for b in made]), np.concatenate([b.regime for b in made])
    steps = np.log(bars.close / bars.open)
    mean = {name: float(steps[regime == i].mean()) for i, name in enumerate(NAMES)}
    spread = {name: float(np.median(np.abs(steps[regime == i]))) for i, name in enumerate(NAMES)}
    assert mean["crisis"] < mean["bear"] < 0 < mean["bull"]
    assert mean["recovery"] > 0
    assert spread["sideways"] < spread["bull"] < spread["bear"] < spread["recovery"] < spread["crisis"]
    basis = np.concatenate([b.perp.close for b in made]) / bars.close - 1
    assert basis[regime == NAMES.index("crisis")].mean() < 0 < basis[regime == NAMES.index("bull")].mean()
    changes = int((np.diff(regime) != 0).sum())
    assert 100 < changes < 500


def test_the_basis_returns_and_funding_follows_it() -> None:
    made = blocks(5, "ETH/USDT", "1h", 24)
    spot, perp = joined([b.spot for b in made]), joined([b.perp for b in made])
    basis = perp.close / spot.close - 1
    assert np.median(np.abs(basis)) < 10e-4
    assert np.corrcoef(basis[:-1], basis[1:])[0, 1] > 0.8
    assert abs(np.corrcoef(basis[:-168], basis[168:])[0, 1]) < 0.3
    rates = np.concatenate([b.funding.rate for b in made])
    premium = np.array([basis[max(i - 8, 0) : i].mean() if i else 0 for i in range(0, len(basis), 8)])
    assert np.allclose(rates, premium + np.clip(1e-4 - premium, -5e-4, 5e-4), atol=5e-6)


def test_symbols_of_one_seed_move_together() -> None:
    one, other = blocks(4, "BTC/USDT", "1h", 12), blocks(4, "ETH/USDT", "1h", 12)
    assert all(np.array_equal(a.regime, b.regime) for a, b in zip(one, other, strict=True))
    returns = [np.diff(np.log(joined([b.spot for b in made]).close)) for made in (one, other)]
    assert 0.3 < np.corrcoef(*returns)[0, 1] < 0.85


@given(st.lists(st.tuples(st.floats(0.5, 3), st.floats(-1, 1)), min_size=1, max_size=700), st.floats(-5, 5))
def test_the_recurrence_is_its_loop(rows: list[tuple[float, float]], start: float) -> None:
    factor, shift = (np.array(column) for column in zip(*rows, strict=True))
    wanted, last = [], start
    for a, b in rows:
        last = a * last + b
        wanted.append(last)
    assert np.allclose(recur(factor, shift, start), wanted, rtol=1e-6, atol=1e-6 * max(map(abs, wanted)))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), row=st.integers(0, 700), levels=st.integers(1, 60))
def test_a_book_stands_around_its_bar_and_is_always_the_same(seed: int, row: int, levels: int) -> None:
    market = SyntheticMarket(9, "ETH/USDT", "1h")
    bar = market.block(0).spot[row : row + 1]
    book = synthetic_book(seed, "ETH/USDT", bar, market.decimals, levels)
    assert book == synthetic_book(seed, "ETH/USDT", bar, market.decimals, levels)
    deepest = synthetic_book(seed, "ETH/USDT", bar, market.decimals, 100)
    assert (book.bids, book.asks) == (deepest.bids[:levels], deepest.asks[:levels])
    for side, sign in ((book.bids, -1), (book.asks, 1)):
        prices = [level.price for level in side]
        assert len(side) == levels
        assert sorted(set(prices), reverse=sign < 0) == prices
        assert all(level.quantity > 0 for level in side)
    assert book.bids[0].price < book.asks[0].price
    assert abs(float(book.mid) / float(bar.close[0]) - 1) < 0.001
    assert 0 < book.spread_bps < 30
    assert -1 < book.imbalance() < 1
    narrow, wide = book.depth(10), book.depth(100)
    assert all(a <= b for a, b in zip(narrow, wide, strict=True))


REAL = Path(__file__).parents[4] / "shared/data"
PAIRS = [
    ("perp/BTCUSDT_1h", "BTC/USDT", "1h", 60), ("perp/ETHUSDT_1h", "ETH/USDT", "1h", 60),
    ("spot/BTCUSDT_5m_2024", "BTC/USDT", "5m", 8), ("perp/BTCUSDT_1m_202505", "BTC/USDT", "1m", 1),
]  # fmt: skip


@pytest.mark.skipif(not REAL.exists(), reason=f"needs the real candles in {REAL}")
@pytest.mark.parametrize(("file", "symbol", "timeframe", "months"), PAIRS)
def test_its_moments_are_those_of_real_candles(file: str, symbol: str, timeframe: str, months: int) -> None:
    """Bands, synthetic (median of five seeds) against real: what each assertion says."""
    table = pq.ParquetFile(REAL / f"{file}.parquet").read()
    names = ("timestamp", "open", "high", "low", "close", "volume")
    real = moments(Candles.of(*[table.column(name).to_numpy() for name in names]))
    made = [moments(joined([b.spot for b in blocks(seed, symbol, timeframe, months)])) for seed in range(5)]
    median = {name: float(np.median([getattr(m, name) for m in made])) for name in real.__slots__}
    assert 6 < median["kurtosis"] < 80
    assert 0.25 < median["kurtosis"] / real.kurtosis < 4
    assert 0.5 < median["volatility"] / real.volatility < 2
    assert abs(median["memory_1"] - real.memory_1) < 0.12
    assert abs(median["memory_24"] - real.memory_24) < 0.12
    assert abs(median["volume_link"] - real.volume_link) < 0.2
    assert 0.7 < median["range_ratio"] / real.range_ratio < 1.4
