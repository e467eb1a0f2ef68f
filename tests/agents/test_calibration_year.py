"""A year of real hours: what calibration and learned weights are worth on windows that they had not seen."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import numpy as np
import pytest

from openoutcry.context import market_features
from openoutcry.learning.climate import climate
from openoutcry.learning.fitting import held_out, learn
from openoutcry.learning.report import report
from openoutcry.types.timeframes import from_millis
from openoutcry.types.votes import Vote
from openoutcry.voting.calibration import calibrate
from openoutcry.voting.hindsight import Judged, Said, judge
from tests.agents.test_committee_year import CANDLES, Year

HOUR, SESSION = timedelta(hours=1), UUID(int=1)
COST, CALM = 0.003, 0.02
EVERY = 2
"""Hours between the rounds that are looked at: neighbours say nearly the same."""


def said(year: Year, votes: tuple[Vote, ...], index: int) -> Iterator[Said]:
    window = {name: column[index - 299 : index + 1] for name, column in year.series.items()}
    market = climate(market_features(window))
    for vote in votes:
        yield Said(
            agent=vote.agent, session=SESSION, at=from_millis(int(year.at[index])) + HOUR, action=cast("Any", vote.action),
            confidence=vote.confidence, price=float(year.series["close"][index]), bar=HOUR, horizon_bars=vote.horizon_bars,
            cost=COST, calm=CALM, market=market,
        )  # fmt: skip


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    if not CANDLES.exists():
        pytest.skip(f"needs the shared candles at {CANDLES}")
    year = Year()
    words = [one for index in year.rounds[::EVERY] for one in said(year, year.votes(index), index)]
    line = [
        (from_millis(int(at)) + HOUR, float(price))
        for at, price in zip(year.at, year.series["close"], strict=True)
    ]
    done, _ = judge(words, {SESSION: line})
    return done


def test_calibrated_words_are_right_as_often_as_they_say(judged: list[Judged]) -> None:
    held = held_out(judged)
    stated, calibrated, base = (calibrate(part) for part in (held.stated, held.calibrated, held.base))
    assert len(held.stated) > 5_000
    assert stated.ece is not None and calibrated.ece is not None
    assert calibrated.brier is not None and stated.brier is not None and base.brier is not None
    print(f"ECE {stated.ece:.4f} -> {calibrated.ece:.4f}")
    print(f"Brier {stated.brier:.4f} -> {calibrated.brier:.4f}, base rate's {base.brier:.4f}")
    assert calibrated.ece < 0.05 < stated.ece
    assert calibrated.brier <= base.brier


def test_the_learned_weights_keep_their_promise(judged: list[Judged]) -> None:
    by = judged[-1].known_at
    learned, shared = learn(judged, by, "1.0.0")
    assert set(learned.weights) == {"technical", "trend"}
    assert max(shared.regret.values()) <= shared.bound
    assert shared.loss <= shared.equal_loss


def test_a_report_as_of_then_does_not_know_what_came(judged: list[Judged]) -> None:
    by = judged[len(judged) // 2].known_at
    seen = [one for one in judged if one.known_at <= by]
    assert report(judged, 0, by) == report(seen, 0, by)
    later = [one for one in judged if one.known_at > by]
    coins = np.random.default_rng(7).random(len(later)) < 0.5
    noise = [one._replace(right=bool(coin)) for one, coin in zip(later, coins, strict=True)]
    assert report([*seen, *noise], 0, by) == report(seen, 0, by)
