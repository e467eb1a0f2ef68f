"""An account's figures over time."""

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.errors import BadInput
from openoutcry.risk import metrics
from openoutcry.risk.history import (
    LEAST,
    Point,
    account_line,
    bucketed,
    metric_line,
    read_aggregation,
    read_metric,
)

START = datetime(2025, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = UUID(int=1), UUID(int=2)


def line(values: list[float]) -> list[Point]:
    return [Point(START + n * HOUR, value) for n, value in enumerate(values)]


def test_sessions_add_up_from_where_each_begins() -> None:
    rows = [(A, START, 100.0), (A, START + HOUR, 110.0), (B, START + HOUR, 50.0), (A, START + 2 * HOUR, 90.0)]
    assert [p.value for p in account_line(rows)] == [100.0, 160.0, 140.0]
    assert [p.at for p in account_line(rows)] == [START, START + HOUR, START + 2 * HOUR]


def test_each_metric_is_what_it_says() -> None:
    found = line([100.0, 110.0, 99.0, 120.0])
    assert [p.value for p in metric_line(found, "performance")] == pytest.approx([0.0, 0.1, -0.01, 0.2])
    assert [p.value for p in metric_line(found, "drawdown")] == pytest.approx([0.0, 0.0, 0.1, 0.0])
    assert metric_line(found, "portfolio_value") == found
    assert metric_line(found, "volatility") == []  # too few returns
    assert metric_line([], "risk") == []


def test_rolling_figures_are_the_ones_of_risk_metrics() -> None:
    values = list(100.0 * np.cumprod(1 + 0.01 * np.random.default_rng(1).standard_normal(60)))
    found = line(values)
    returns = np.array(values)[1:] / np.array(values)[:-1] - 1.0
    year = 365 * 24
    for kind, wanted in (
        ("volatility", metrics.volatility(returns, year)),
        ("sharpe_ratio", metrics.sharpe(returns, year)),
        ("risk", metrics.tail_risk(returns, 0.95).value_at_risk),
    ):
        made = metric_line(found, kind)  # type: ignore[arg-type]
        assert made[-1].value == pytest.approx(wanted) and len(made) == len(values) - LEAST


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_buckets_hold_every_value_once(values: list[float]) -> None:
    found, width = line(values), timedelta(hours=7)
    assert sum(p.value for p in bucketed(found, width, "count")) == len(values)
    assert math.fsum(p.value for p in bucketed(found, width, "sum")) == pytest.approx(
        math.fsum(values), abs=1e-3
    )
    lows, means, highs = (bucketed(found, width, how) for how in ("min", "avg", "max"))  # type: ignore[arg-type]
    for low, mean, high in zip(lows, means, highs, strict=True):
        assert low.value - 1e-6 <= mean.value <= high.value + 1e-6
        assert low.at.timestamp() % width.total_seconds() == 0


def test_what_is_no_metric_and_no_aggregation_is_named() -> None:
    for read, field in ((read_metric, "metric_type"), (read_aggregation, "aggregation")):
        with pytest.raises(BadInput) as caught:
            read("nonsense")
        assert caught.value.field == field
