"""Correlation and concentration: by hand, against numpy and scipy, and on series that are hard on arithmetic."""

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from scipy import stats

from openoutcry.errors import BadInput
from openoutcry.risk.concentration import concentration
from openoutcry.risk.correlation import correlation, correlation_matrix, rolling_correlation
from openoutcry.risk.returns import simple_returns

DATA = Path(__file__).parents[4] / "shared" / "data" / "spot"
RNG = np.random.default_rng(5)
A, B, C = RNG.normal(0, 0.02, 200), RNG.normal(0, 0.01, 200), RNG.normal(0, 0.03, 200)
LEVELS = st.lists(st.integers(-5, 5), min_size=3, max_size=40).map(lambda v: np.array(v, dtype=float))


@given(LEVELS)
@effort(max_examples=60, deadline=None)
def test_against_scipy_with_ties(values: np.ndarray) -> None:
    other = np.roll(values, 1) * 0.5 + np.arange(len(values))
    if np.ptp(values) == 0:
        assert correlation(values, other) is None and correlation(values, other, "spearman") is None
        return
    if np.ptp(other) == 0:
        return
    assert correlation(values, other) == pytest.approx(stats.pearsonr(values, other).statistic, abs=1e-9)
    by_rank = stats.spearmanr(values, other).statistic
    assert correlation(values, other, "spearman") == pytest.approx(by_rank, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1.0, 1e150, 1e300])
def test_neither_tiny_nor_huge_returns_are_lost(scale: float) -> None:
    assert correlation(A * scale, -A) == pytest.approx(-1.0)


def test_what_does_not_move_or_cannot_be_paired() -> None:
    assert correlation(A, np.full(200, 0.1)) is None
    assert correlation(A, np.zeros(200)) is None
    assert correlation(A[:1], A[:1]) is None
    with pytest.raises(BadInput, match="200 and 199") as caught:
        correlation(A, B[1:])
    assert caught.value.field == "returns"


def test_matrix() -> None:
    found = np.array(correlation_matrix([A, B, C]))
    assert found == pytest.approx(np.corrcoef([A, B, C]))
    assert correlation_matrix([A, np.zeros(200)])[0][1] is None


def test_rolling() -> None:
    found = rolling_correlation(A, B, 30)
    assert np.isnan(found[:29]).all() and np.isfinite(found[29:]).all()
    assert found[29] == pytest.approx(np.corrcoef(A[:30], B[:30])[0, 1])
    assert found[-1] == pytest.approx(np.corrcoef(A[-30:], B[-30:])[0, 1])
    assert np.isnan(rolling_correlation(A[:10], B[:10], 30)).all()
    still = rolling_correlation(A, np.where(np.arange(200) < 100, 0.0, B), 30)
    assert np.isnan(still[:100]).all() and np.isfinite(still[110:]).all()
    for window, right, field in ((1, B, "window"), (30, B[1:], "returns")):
        with pytest.raises(BadInput) as caught:
            rolling_correlation(A, right, window)
        assert caught.value.field == field


def test_assets_that_have_nothing_in_common_are_all_effective() -> None:
    """Two sines at right angles: eigenvalues 1 and 1."""
    turn = 2 * np.pi * np.arange(100) / 100
    found = concentration({"X": np.sin(turn), "Y": np.cos(turn)}, {"X": 0.5, "Y": 0.5})
    assert (found.effective_assets, found.score) == (pytest.approx(2.0), pytest.approx(0.0))
    assert found.high_correlation_pairs == ()
    assert found.diversification_ratio == pytest.approx(np.sqrt(2))
    assert found.risk_contributions == {"X": pytest.approx(0.5), "Y": pytest.approx(0.5)}


def test_assets_that_are_one_and_the_same_count_once() -> None:
    """Eigenvalues 3, 0, 0: nine over nine."""
    found = concentration({"X": A, "Y": 2 * A, "Z": -A}, {"X": 0.4, "Y": 0.1})
    assert (found.effective_assets, found.score) == (pytest.approx(1.0), pytest.approx(2 / 3))
    named = [(p.first, p.second, round(p.correlation)) for p in found.high_correlation_pairs]
    assert sorted(named) == [("X", "Y", 1), ("X", "Z", -1), ("Y", "Z", -1)]
    assert found.diversification_ratio == pytest.approx(1.0)
    assert found.risk_contributions == {"X": pytest.approx(2 / 3), "Y": pytest.approx(1 / 3), "Z": 0.0}


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3))
@effort(max_examples=60, deadline=None)
def test_against_eigenvalues_and_the_books_own_variance(held: list[float]) -> None:
    weights = dict(zip("ABC", held, strict=True))
    found = concentration({"A": A, "B": A + B, "C": C}, weights)
    returns = np.array([A, A + B, C])
    values = np.linalg.eigvalsh(np.corrcoef(returns))
    assert found.effective_assets == pytest.approx(values.sum() ** 2 / (values**2).sum())
    assert found.score == pytest.approx(1 - found.effective_assets / 3)
    spread = float(np.std(np.array(held) @ returns, ddof=1))
    if spread > 1e-6:
        alone = np.abs(held) @ np.std(returns, axis=1, ddof=1)
        assert found.diversification_ratio == pytest.approx(alone / spread, rel=1e-6)
        assert sum(found.risk_contributions.values()) == pytest.approx(1.0)


def test_a_book_that_does_not_move_has_no_ratio() -> None:
    found = concentration({"X": A, "Y": np.zeros(200)}, {"Y": 1.0})
    assert (found.diversification_ratio, found.risk_contributions) == (None, {})
    assert found.effective_assets == pytest.approx(2.0)
    for returns in ({}, {"X": A[:1]}):
        with pytest.raises(BadInput) as caught:
            concentration(returns, {})
        assert caught.value.field == "returns"


def test_real_coins_move_together() -> None:
    if not DATA.exists():
        pytest.skip(f"{DATA} is not there")
    import pyarrow.parquet as pq

    closes = [
        pq.read_table(DATA / f"{coin}USDT_5m_2024.parquet").column("close").to_numpy()[::288]
        for coin in ("BTC", "ETH")
    ]
    btc, eth = (simple_returns(close) for close in closes)
    found = concentration({"BTC": btc, "ETH": eth}, {"BTC": 0.5, "ETH": 0.5})
    assert [(p.first, p.second) for p in found.high_correlation_pairs] == [("BTC", "ETH")]
    assert 1.0 < found.effective_assets < 1.5
    assert found.risk_contributions["ETH"] > 0.5
