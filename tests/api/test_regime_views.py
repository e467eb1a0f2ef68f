"""Alerts and analyses of regimes and correlations, counted again from candles and stored spells."""

import numpy as np
import pytest

from db.regimes import history as reads
from openoutcry.regime.performance import rough
from openoutcry.types.timeframes import millis
from tests.api.shaped_like import differences
from tests.api.test_alphapulse import trading  # noqa: F401
from tests.api.test_errors import is_error
from tests.api.test_regimes_and_models import followed, market  # noqa: F401
from tests.db.regimes.test_following import CANDLES, LAST, SERIES
from tests.db.two_sessions import OTHER, WALK
from tests.factories import ORG

ALERT = {
    "kind": "confirmed", "symbol": "BTC/USDT", "timeframe": "1h", "regime": "BULL", "from_regime": "BEAR",
    "to_regime": "BULL", "value": 0.9, "message": "text", "timestamp": "2024-01-01T00:00:00Z",
}  # fmt: skip
ALERTS = {
    "regime_transition_alerts": [ALERT], "confidence_alerts": [], "stability_alerts": [], "total_alerts": 1,
    "time_range_hours": 24,
}  # fmt: skip
ANALYSIS = {
    "regime_type": "bull", "characteristics": {"spells": 3}, "recommended_strategies": ["trend_following"],
    "risk_adjustments": {"leverage": 1.5, "position_size": 1.2, "stop_loss": 1.5},
    "historical_performance": {
        "average_return": 0.1, "volatility": 0.2, "sharpe_ratio": 1.0, "max_drawdown": 0.1, "win_rate": 0.5,
    },
}  # fmt: skip
REGIME = {
    "regime": "normal", "average_correlation": 0.1, "long_term_correlation": 0.1, "percentile": 0.5,
    "symbols": ["BTC/USDT"], "window_days": 30, "lookback_days": 252, "timestamp": "2024-01-01T00:00:00Z",
}  # fmt: skip


async def test_every_confirmed_change_of_the_window_is_an_alert(followed):  # noqa: F811
    async with followed.client("viewer") as client:
        is_error(await client.get("/api/v1/regime/alerts"), 403, "FORBIDDEN")
    async with followed.client("trader") as client:
        answer = (await client.get("/api/v1/regime/alerts?hours=8760")).json()
        past = (await client.get("/api/v1/regime/history?days=365")).json()
        short = (await client.get("/api/v1/regime/alerts?hours=1")).json()
    assert differences(ALERTS, answer) == []
    confirmed = [one for one in answer["regime_transition_alerts"] if one["kind"] == "confirmed"]
    told = [(one["from_regime"], one["to_regime"], one["timestamp"]) for one in reversed(confirmed)]
    wanted = [(one["from_regime"], one["to_regime"], one["timestamp"]) for one in past["transitions"]]
    assert told[-len(wanted) :] == wanted
    lists = ("regime_transition_alerts", "confidence_alerts", "stability_alerts")
    assert answer["total_alerts"] == sum(len(answer[name]) for name in lists)
    assert not [one for one in short["regime_transition_alerts"] if one["kind"] == "confirmed"]


async def test_low_confidence_and_a_likely_change_are_said(followed):  # noqa: F811
    told = (
        "UPDATE regime_tracks SET told = told || "
        '\'{"confidence": 0.41, "stability": 0.2, "transition_probabilities": {"crisis": 0.31}}\'::jsonb'
    )
    await followed.pool.execute(told)
    async with followed.client("trader") as client:
        answer = (await client.get("/api/v1/regime/alerts?hours=1")).json()
    (unsure,), (shaky,) = answer["confidence_alerts"], answer["stability_alerts"]
    assert (unsure["value"], shaky["value"]) == (0.41, 0.2)
    assert [(a["to_regime"], a["value"]) for a in answer["regime_transition_alerts"]] == [("CRISIS", 0.31)]


async def test_performance_is_that_of_the_bars_inside_the_spells(followed):  # noqa: F811
    spells = await reads.spells(followed.pool, ORG, SERIES, since=LAST.replace(year=1990), as_of=LAST)
    regime = spells[len(spells) // 2].regime
    async with followed.client("viewer") as client:
        answer = (await client.get(f"/api/v1/regime/analysis/{regime}")).json()
    assert differences({**ANALYSIS, "recommended_strategies": ["x"]}, answer) == []
    returns = []
    for place in range(1, len(CANDLES)):
        opened = int(CANDLES.timestamp[place])
        closed = opened + SERIES.bar_ms
        if closed <= millis(LAST) and any(
            s.regime == regime and millis(s.started_at) <= opened and closed <= millis(s.ended_at or LAST)
            for s in spells
        ):
            returns.append(CANDLES.close[place] / CANDLES.close[place - 1] - 1)
    found, line = answer["historical_performance"], np.array(returns)
    assert found["bars"] == len(line) > 20
    year = 365 * 86_400_000 / SERIES.bar_ms
    assert found["volatility"] == pytest.approx(line.std(ddof=1) * year**0.5)
    assert found["sharpe_ratio"] == pytest.approx(line.mean() / line.std(ddof=1) * year**0.5)
    assert found["win_rate"] == pytest.approx((line > 0).mean())
    grown = np.cumprod(1 + line)
    peak = np.maximum.accumulate(np.concatenate([[1.0], grown]))
    assert found["max_drawdown"] == pytest.approx(float((1 - np.concatenate([[1.0], grown]) / peak).max()))
    assert found["average_return"] == pytest.approx(grown[-1] ** (year / len(line)) - 1)


async def test_every_type_is_answered_and_others_are_refused(followed):  # noqa: F811
    async with followed.client("viewer") as client:
        for name in ("bull", "BEAR", "sideways", "crisis", "recovery", "high_volatility"):
            answer = await client.get(f"/api/v1/regime/analysis/{name}")
            assert answer.status_code == 200, answer.text
        assert answer.json()["historical_performance"]["bars"] == int(rough(CANDLES).sum()) > 0
        is_error(await client.get("/api/v1/regime/analysis/boom"), 400, "INVALID_ARGUMENT")


def test_rough_bars_are_known_before_they_come():
    mask, cut = rough(CANDLES), len(CANDLES) // 2
    assert (rough(CANDLES[:cut]) == mask[: cut - 1]).all()


async def test_without_a_model_nothing_is_claimed(market):  # noqa: F811
    async with market.client("trader") as client:
        answer = (await client.get("/api/v1/regime/analysis/bull")).json()
        alerts = (await client.get("/api/v1/regime/alerts")).json()
    assert answer["historical_performance"] == dict.fromkeys(
        ("average_return", "volatility", "sharpe_ratio", "max_drawdown", "win_rate"), None
    ) | {"bars": 0}
    assert alerts["total_alerts"] == 0


def _returns() -> tuple[np.ndarray, np.ndarray]:
    one, other = (line[1:] / line[:-1] - 1 for line in (WALK, OTHER))
    return one[-252:], other[-252:]


async def test_the_correlation_regime_is_numpys(trading):  # noqa: F811
    async with trading.client("trader") as client:
        answer = (await client.get("/api/v1/correlation/regime")).json()
        every = (await client.get("/api/v1/correlation/alerts?threshold=0.01")).json()
        none = (await client.get("/api/v1/correlation/alerts")).json()
    assert differences(REGIME, answer) == []
    one, other = _returns()
    line = np.array([np.corrcoef(one[n : n + 30], other[n : n + 30])[0, 1] for n in range(len(one) - 29)])
    assert answer["average_correlation"] == pytest.approx(line[-1])
    assert answer["long_term_correlation"] == pytest.approx(line.mean())
    assert answer["percentile"] == pytest.approx((line[:-1] < line[-1]).mean())
    (pair,) = every["alerts"]
    assert pair["correlation"] == pytest.approx(np.corrcoef(one, other)[0, 1])
    assert pair["recent"] == pytest.approx(line[-1])
    assert (none["alerts"], none["total_alerts"], none["threshold"]) == ([], 0, 0.8)
