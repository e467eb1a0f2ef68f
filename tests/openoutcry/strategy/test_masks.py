"""Masks against rules evaluated bar by bar on what had closed, and against bars that come later."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort

from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.market.resample import resampled
from openoutcry.signals.bars import Bars
from openoutcry.signals.registry import REGISTRY
from openoutcry.strategy.masks import masks, warm_up
from openoutcry.strategy.rules import Rule, RuleStrategy
from openoutcry.types.timeframes import SECONDS
from tests.openoutcry.strategy.given import FILTER, LEAVE, TRIGGER, rule, strategy

HOUR = 3_600_000
DAY_START = 1_704_067_200_000


def walk(seed: int, count: int, *, step: int = HOUR, gaps: bool = False, first: int = 0) -> Candles:
    """A seeded random walk; ``gaps`` leaves out about a tenth of the bars."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    opened = np.concatenate(([100.0], close))[:count]
    spread = np.abs(rng.normal(0, 0.004, count))
    stamps = DAY_START + step * (first + np.arange(count, dtype=np.int64))
    high, low = np.maximum(opened, close) * (1 + spread), np.minimum(opened, close) * (1 - spread)
    bars = Candles.of(stamps, opened, high, low, close, rng.uniform(1, 9, count))
    if not gaps:
        return bars
    kept = rng.random(count) > 0.1
    return Candles.of(*(column[kept] for column in bars.arrays()))


def slowly(one: Rule, bars: Candles, timeframe: str) -> np.ndarray:
    """The rule at each bar, from what had closed by then alone."""
    base, longer = SECONDS[timeframe] * 1000, SECONDS[one.timeframe] * 1000
    found, known = np.zeros(len(bars), bool), 0
    for i in range(len(bars)):
        now = int(bars.timestamp[i]) + base
        seen = bars[: i + 1] if longer == base else resampled(bars[: i + 1], longer, now)
        mask = REGISTRY[one.name].evaluate(Bars.of(seen), one.params)
        if one.signal_type == "TRIGGER":
            found[i] = mask[known:].any()
        elif len(mask):
            found[i] = mask[-1]
        known = len(mask)
    return found


ENTRIES = {
    "one timeframe": [TRIGGER, FILTER],
    "state on longer bars": [TRIGGER, {**FILTER, "timeframe": "4h"}],
    "event on longer bars": [{**TRIGGER, "timeframe": "4h"}, FILTER],
    "a state declared an event": [
        {**rule("is_above_sma", "TRIGGER", window=3), "timeframe": "2h"},
        {**FILTER, "timeframe": "1d", "params": {"window": 2}},
    ],
    "all longer": [{**TRIGGER, "timeframe": "2h"}, {**FILTER, "timeframe": "6h"}],
}


@pytest.mark.parametrize("name", ENTRIES)
@given(seed=st.integers(0, 10_000), gaps=st.booleans(), first=st.integers(0, 30))
@effort(max_examples=6, deadline=None)
def test_a_mask_is_the_rules_evaluated_on_what_had_closed(
    name: str, seed: int, gaps: bool, first: int
) -> None:
    found = strategy(entry=ENTRIES[name], exit=[LEAVE])
    bars = walk(seed, 110, gaps=gaps, first=first)
    made = masks(found, bars, "1h")
    wanted = np.logical_and.reduce([slowly(part, bars, "1h") for part in found.entry])
    assert np.array_equal(made.entry, wanted)
    assert np.array_equal(made.exit, slowly(found.exit[0], bars, "1h"))


@pytest.mark.parametrize("name", ENTRIES)
@given(seed=st.integers(0, 10_000), known=st.integers(1, 299), gaps=st.booleans())
@effort(max_examples=15, deadline=None)
def test_later_bars_change_nothing_before_them(name: str, seed: int, known: int, gaps: bool) -> None:
    found, bars = strategy(entry=ENTRIES[name], exit=[LEAVE]), walk(seed, 300, gaps=gaps)
    known = min(known, len(bars) - 1)
    noise = walk(seed + 1, len(bars))
    later = [
        np.concatenate((mine[:known], other[known:]))
        for mine, other in zip(bars.arrays()[1:], noise.arrays()[1:], strict=True)
    ]
    whole = masks(found, bars, "1h")
    for other in (bars[:known], Candles.of(bars.timestamp, *later)):
        part = masks(found, other, "1h")
        assert np.array_equal(part.entry[:known], whole.entry[:known])
        assert np.array_equal(part.exit[:known], whole.exit[:known])


def test_an_event_on_longer_bars_is_true_once_and_a_state_lasts() -> None:
    bars = walk(3, 400)
    event = masks(strategy(entry=[{**TRIGGER, "timeframe": "4h"}], relaxed=True), bars, "1h").entry
    lasting = masks(
        strategy(entry=[{**rule("ema_cross_up", "TRIGGER", window_fast=2, window_slow=5), "timeframe": "1h"},
                        {**FILTER, "timeframe": "4h"}]), bars, "1h"
    )  # fmt: skip
    assert event.sum() > 2
    assert set((np.flatnonzero(event) % 4).tolist()) == {3}
    assert lasting.entry.any()


def test_a_trigger_on_four_hour_candles_is_the_same_event() -> None:
    bars, four = walk(5, 800), {**TRIGGER, "timeframe": "4h"}
    found = strategy(entry=[four, {**FILTER, "timeframe": "4h"}])
    fine = masks(found, bars, "1h").entry
    coarse = masks(found, resampled(bars, 4 * HOUR, DAY_START + 800 * HOUR), "4h").entry
    assert coarse.any() and np.array_equal(fine[3::4], coarse) and fine.sum() == coarse.sum()


@pytest.mark.parametrize("name", ENTRIES)
def test_nothing_enters_before_the_warm_up(name: str) -> None:
    found = strategy(entry=ENTRIES[name])
    assert warm_up(found, "1h") == masks(found, walk(1, 5), "1h").warm_up
    for seed in range(20):
        assert not masks(found, walk(seed, 200), "1h").entry[: warm_up(found, "1h")].any()


@pytest.mark.parametrize(
    ("entry", "bars"), [("one timeframe", 7), ("state on longer bars", 19), ("all longer", 29)]
)
def test_the_warm_up_is_of_the_longest_need(entry: str, bars: int) -> None:
    assert warm_up(strategy(entry=ENTRIES[entry]), "1h") == bars


def test_no_exit_rules_never_exit() -> None:
    assert not masks(strategy(), walk(1, 300), "1h").exit.any()


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("name", ENTRIES)
def test_too_few_bars_are_false(name: str, count: int) -> None:
    made = masks(strategy(entry=ENTRIES[name], exit=[LEAVE]), walk(1, count), "1h")
    assert (made.entry.shape, made.exit.shape) == ((count,), (count,))
    assert not made.entry.any() and not made.exit.any()


def test_candles_longer_than_a_rules_bars_are_refused_naming_the_rule() -> None:
    found = strategy(entry=[{**TRIGGER, "timeframe": "4h"}, FILTER])
    with pytest.raises(BadInput, match="1h bars cannot be made of 4h candles") as refused:
        masks(found, walk(1, 50, step=4 * HOUR), "4h")
    assert refused.value.field == "entry[1].timeframe"


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 0, 1]])
def test_times_must_ascend(order: list[int]) -> None:
    bars = walk(1, 3)
    with pytest.raises(BadInput, match="must ascend"):
        masks(strategy(), Candles.of(*(column[order] for column in bars.arrays())), "1h")


ONCHAIN = [name for name, signal in REGISTRY.items() if signal.set == "onchain"]


@pytest.mark.parametrize("name", ONCHAIN)
def test_a_signal_over_data_nobody_has_says_which(name: str) -> None:
    signal = REGISTRY[name]
    kind = signal.kind
    entry = [rule(name, kind), FILTER if kind == "TRIGGER" else TRIGGER]
    found: RuleStrategy = strategy(entry=entry)
    with pytest.raises(DataUnavailable, match=rf"{name} requires {signal.requires[0]}"):
        masks(found, walk(1, 50), "1h")
