"""A strategy at one moment is its masks at that bar: what the floor votes by is what a backtest trades by."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort

from openoutcry.market.candles import Candles
from openoutcry.strategy.masks import Frames, masks
from openoutcry.strategy.moment import at_moment, bars_needed
from openoutcry.strategy.rules import RuleStrategy
from tests.openoutcry.strategy.given import FILTER, LEAVE, TRIGGER, rule, strategy
from tests.openoutcry.strategy.test_masks import walk

STRATEGIES = {
    "one timeframe": {"entry": [TRIGGER, FILTER], "exit": [LEAVE]},
    "longer states": {
        "entry": [TRIGGER, {**FILTER, "timeframe": "4h"}],
        "exit": [{**LEAVE, "timeframe": "2h"}],
    },
    "longer events": {"entry": [{**TRIGGER, "timeframe": "4h"}, FILTER], "exit": []},
    "a state declared an event": {
        "entry": [
            {**rule("is_above_sma", "TRIGGER", window=3), "timeframe": "2h"},
            {**FILTER, "timeframe": "1d"},
        ],
        "exit": [LEAVE, {**FILTER, "timeframe": "4h"}],
    },
}


def frames_at(found: RuleStrategy, bars: Candles, timeframe: str = "1h") -> dict[str, Candles]:
    """Closed bars of every timeframe as they were at the last of ``bars``."""
    made = Frames(bars, timeframe)
    return {name: made.candles(name) for name in {timeframe, *bars_needed(found)}}


@pytest.mark.parametrize("name", STRATEGIES)
@given(seed=st.integers(0, 2**32 - 1), gaps=st.booleans(), first=st.integers(0, 23))
@effort(max_examples=8, deadline=None)
def test_every_moment_is_the_mask_at_that_bar(name: str, seed: int, gaps: bool, first: int) -> None:
    found, bars = strategy(**STRATEGIES[name]), walk(seed, 120, gaps=gaps, first=first)
    whole = masks(found, bars, "1h")
    for i in range(len(bars)):
        now = at_moment(found, frames_at(found, bars[: i + 1]), "1h")
        assert (now.entry, now.exit) == (bool(whole.entry[i]), bool(whole.exit[i])), i


def test_an_event_on_longer_bars_is_one_rounds_event() -> None:
    event = {**rule("is_above_sma", "TRIGGER", window=2), "timeframe": "4h"}
    found, rising, bars = strategy(entry=[event, FILTER]), np.arange(1.0, 41.0), walk(1, 40)
    bars = Candles.of(bars.timestamp, rising, rising + 1, rising, rising + 0.5, np.ones(40))
    held = [at_moment(found, frames_at(found, bars[: i + 1]), "1h").rules[0].holds for i in range(40)]
    assert [i for i, holds in enumerate(held) if holds] == list(range(7, 40, 4))


def test_of_bars_shorter_than_the_rounds_the_newest_is_meant() -> None:
    found = strategy(entry=[{**TRIGGER, "timeframe": "15m"}, {**FILTER, "timeframe": "15m"}])
    quarters = walk(5, 400, step=900_000)
    whole = masks(found, quarters, "15m").entry
    hours = Frames(quarters, "15m").candles("1h")
    for count in range(40, 400, 4):
        seen = {"1h": hours[: count // 4], "15m": quarters[:count]}
        assert at_moment(found, seen, "1h").entry == bool(whole[count - 1])


def test_what_a_rule_has_seen_is_told() -> None:
    found = strategy(
        entry=[{**TRIGGER, "timeframe": "4h"}, rule("is_above_sma", "FILTER", window=50)], exit=[]
    )
    now = at_moment(found, frames_at(found, walk(3, 20)), "1h")
    assert [(one.part, one.rule.name, one.bars, one.needs, one.holds) for one in now.rules] == [
        ("entry", "sma_cross_up", 5, 8, False),
        ("entry", "is_above_sma", 20, 50, False),
    ]
    assert bars_needed(found) == {"4h": 8, "1h": 50}
    assert not now.exit, "without exit rules nothing leaves"
    empty = {**frames_at(found, walk(3, 1)), "4h": Candles.empty()}
    assert not at_moment(found, empty, "1h").entry
