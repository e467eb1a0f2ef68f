"""Where entrants stand: who never held anything has no Sharpe ratio, and takes nobody else's away."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from openoutcry.league.baselines import BUY_AND_HOLD
from openoutcry.league.calls import Call
from openoutcry.league.played import Bars, Played, Terms, played
from openoutcry.league.standing import Draws, Standing, standings
from openoutcry.ledger.outcomes import Judging

HOUR_MS = 3_600_000
DRAWS = Draws(seed=7, samples=200, block=10.0, periods=8_760.0)


@pytest.fixture(scope="module")
def bars() -> Bars:
    steps = np.random.default_rng(3).normal(0.0003, 0.005, 400)
    closes = 100.0 * np.exp(np.cumsum(steps))
    opens = np.concatenate([[100.0], closes[:-1]])
    return Bars("made", timedelta(hours=1), np.arange(400, dtype=np.int64) * HOUR_MS, opens, closes)


def game(name: str, bars: Bars, *calls: Call) -> Played:
    terms = Terms(10_000.0, 0.001, Judging(cost=Decimal("0.002"), calm=Decimal("0.001")))
    return played(name, bars, calls, terms)


def told(*games: Played) -> dict[str, Standing]:
    rows = standings({one.entrant: [one] for one in games}, DRAWS, 10_000.0)
    return {row.entrant: row for row in rows}


def test_an_account_that_never_held_anything_has_no_sharpe_ratio_and_swells_nobody_s_variance(
    bars: Bars,
) -> None:
    holding = game(BUY_AND_HOLD, bars, Call(0, "BUY"))
    others = [
        game(f"every{step}", bars, *(Call(at, "BUY", 0.6, step // 2) for at in range(0, 400, step)))
        for step in (10, 20, 40)
    ]
    costs = [Call(at, "SELL", 0.6, 10, Decimal("0.001")) for at in range(0, 400, 10)]
    idle = game("idle", bars, *costs)
    alone, beside = told(holding, *others), told(holding, *others, idle)
    assert idle.line.held == 0 and beside["idle"].total_return < 0 < beside["idle"].models_usd
    assert (beside["idle"].sharpe, beside["idle"].sharpe_interval, beside["idle"].deflated_sharpe) == (
        None,
        None,
        None,
    )
    for name, row in alone.items():
        assert row.sharpe is not None and row.deflated_sharpe is not None
        assert beside[name].sharpe == row.sharpe
        # One attempt more, not one that luck could have made: the bar rises by little.
        assert row.deflated_sharpe - 0.1 < (beside[name].deflated_sharpe or 0.0) <= row.deflated_sharpe
