"""The rules model through ``parse_strategy``: what it takes, what it echoes, what it refuses and under which name."""

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis import settings as effort

from openoutcry.strategy.rules import examine, parse_strategy
from openoutcry.strategy.strict import BadStrategy
from tests.openoutcry.strategy.given import DEFAULTS, FILTER, LEAVE, SEED, TRIGGER, rule, strategy


def refused(**fields: Any) -> BadStrategy:
    with pytest.raises(BadStrategy) as error:
        strategy(**fields)
    assert len(str(error.value)) < 700
    return error.value


def test_the_seeds_example_is_echoed_as_the_seed_has_it() -> None:
    found = strategy()
    assert found.rules() == {**SEED, "name": "btc_rsi_strategy"}
    assert (found.title, str(found.symbol), found.timeframe) == ("BTC RSI Strategy", "BTC/USDT", "1h")
    config = found.execution_config
    assert config == DEFAULTS.execution()
    assert (config.max_risk_per_trade, config.reward_factor, config.atr_period) == (0.01, 2, 14)


def test_a_declared_type_that_is_not_the_signals_own_is_only_noted() -> None:
    assert strategy().warnings == (
        "entry[0].signal_type: rsi_oversold is declared TRIGGER, the registry has it as FILTER",
    )
    assert strategy(entry=[TRIGGER, FILTER]).warnings == ()


@pytest.mark.parametrize(
    ("entry", "exit", "strict", "relaxed"),
    [
        ([TRIGGER, FILTER], [], True, True),
        ([FILTER, TRIGGER], [LEAVE], True, True),
        ([TRIGGER, FILTER], [LEAVE, FILTER], True, True),
        ([TRIGGER], [], False, True),
        ([TRIGGER, FILTER, FILTER], [], False, True),
        ([TRIGGER, FILTER], [FILTER], False, True),
        ([TRIGGER, FILTER], [LEAVE, FILTER, FILTER], False, True),
        ([TRIGGER, FILTER], [LEAVE, LEAVE], False, False),
        ([TRIGGER, TRIGGER], [], False, False),
        ([TRIGGER, TRIGGER, FILTER], [], False, False),
        ([FILTER], [], False, False),
        ([FILTER, FILTER], [], False, False),
        ([], [], False, False),
    ],
)
def test_composition(entry: list[Any], exit: list[Any], strict: bool, relaxed: bool) -> None:
    for flag, fits in ((False, strict), (True, relaxed)):
        found = examine({**SEED, "entry": entry, "exit": exit, "relaxed": flag}, DEFAULTS)
        assert (found.strategy is not None) == fits, found.problems
        if found.strategy is None:
            (problem,) = found.problems
            assert problem.field in ("entry", "exit") and "needs" in problem.message
            assert ("relaxed: true" in problem.message) == (not flag and relaxed)


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        ("1D", "1d"),
        ("1d", "1d"),
        ("daily", "1d"),
        ("1HR", "1h"),
        ("4HR", "4h"),
        ("5MIN", "5m"),
        ("15m", "15m"),
    ],
)
def test_timeframes_are_read_in_every_dialect(spelled: str, canonical: str) -> None:
    found = strategy(entry=[{**TRIGGER, "timeframe": spelled}, {**FILTER, "timeframe": spelled}])
    assert {part.timeframe for part in found.entry} == {canonical}
    assert found.rules()["entry"][0]["timeframe"] == ("1D" if canonical == "1d" else canonical)


def test_other_clients_names_mean_the_same() -> None:
    plain = strategy(entry=[TRIGGER, FILTER])
    other = strategy(
        name="Another name",
        asset="btc",
        exit=(),
        entry=[
            {
                "name": "SMA_CROSS_UP",
                "signal_type": "trigger",
                "timeframe": "60m",
                "parameters": {"short_period": 3.0, "long_period": 8},
            },
            {"name": "is_above_sma", "signal_type": "FILTER", "timeframe": "1H", "params": {"period": 5}},
        ],
    )
    assert other.content_hash == plain.content_hash
    assert {**other.rules(), "name": ""} == {**plain.rules(), "name": ""}


def test_the_hash_is_of_what_the_rules_say() -> None:
    hashes = {
        strategy(**fields).content_hash
        for fields in (
            {},
            {"asset": "ETH"},
            {"reward_factor": 3},
            {"entry": [TRIGGER, FILTER]},
            {"entry": [TRIGGER, FILTER], "relaxed": True},
            {"exit": [LEAVE]},
            {"side": "short"},
            {"entry": [SEED["entry"][0], {**SEED["entry"][1], "params": {"window": 51}}]},
        )
    }
    assert len(hashes) == 8
    explicit = rule("ema_cross_up", "TRIGGER", window_fast=9, window_slow=21)
    implicit = rule("ema_cross_up", "TRIGGER")
    assert strategy(entry=[explicit, FILTER]).content_hash == strategy(entry=[implicit, FILTER]).content_hash
    assert strategy().content_hash == strategy(execution_config={"cooldown_bars": 1}).content_hash


def test_the_canonical_rules_parse_to_themselves() -> None:
    found = strategy(entry=[TRIGGER, {**FILTER, "timeframe": "1d"}], exit=[LEAVE], side="short", relaxed=True)
    again = parse_strategy(json.loads(json.dumps(found.rules())), DEFAULTS)
    assert again.rules() == found.rules() and again.content_hash == found.content_hash


def test_what_is_traded() -> None:
    traded = {
        ("BTC", "long"): "BTC/USDT",
        ("wbtc", "long"): "WBTC/USDT",
        ("USDT", "long"): "USDT/USDT",
        ("BTC", "short"): "BTC/USDT:USDT",
        ("BTCUSDT", "long"): "BTC/USDT",
        ("ETH-BTC", "long"): "ETH/BTC",
        ("BTC-PERP", "long"): "BTC/USDT:USDT",
        ("BTC/USDT:USDT", "short"): "BTC/USDT:USDT",
    }
    assert {key: str(strategy(asset=key[0], side=key[1]).symbol) for key in traded} == traded


def test_the_reward_factor_is_one_number() -> None:
    assert strategy(reward_factor=3).execution_config.reward_factor == 3.0
    only = {name: value for name, value in SEED.items() if name != "reward_factor"}
    assert parse_strategy(only, DEFAULTS).reward_factor == 2.0
    own = parse_strategy({**only, "execution_config": {"reward_factor": 4}}, DEFAULTS)
    assert own.reward_factor == own.execution_config.reward_factor == 4.0
    error = refused(reward_factor=3, execution_config={"reward_factor": 2})
    assert error.field == "reward_factor" and "execution_config.reward_factor is 2" in str(error)


HUGE = "x" * 10_000_000


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": 5}, "name", "must be a text"),
        ({"name": ""}, "name", "1 to 100"),
        ({"name": "☃"}, "name", "no letter or digit"),
        ({"name": HUGE}, "name", "longer than"),
        ({"asset": None}, "asset", "must be a text"),
        ({"asset": "B T C"}, "asset", "cannot read"),
        ({"asset": HUGE}, "asset", "longer than"),
        ({"entry": None}, "entry", "list of rules"),
        ({"entry": "x"}, "entry", "list of rules"),
        ({"entry": {"name": "x"}}, "entry", "list of rules"),
        ({"entry": [1]}, "entry[0]", "must be a mapping"),
        ({"entry": [TRIGGER] * 21}, "entry", "the most is 20"),
        ({"entry": [TRIGGER] * 10_000}, "strategy", "more than 5,000 parts"),
        ({"exit": "x"}, "exit", "list of rules"),
        ({"exit": [{**LEAVE, "timeframe": "7h"}]}, "exit[0].timeframe", "unknown timeframe '7h'"),
        ({"entry": [{**TRIGGER, "timeframe": 5}, FILTER]}, "entry[0].timeframe", "unknown timeframe"),
        ({"entry": [{**TRIGGER, "name": "sma_cros_up"}, FILTER]}, "entry[0].name", "mean 'sma_cross_up'"),
        ({"entry": [{**TRIGGER, "name": 7}, FILTER]}, "entry[0].name", "must be a text"),
        (
            {"entry": [{**TRIGGER, "signal_type": "EVENT"}, FILTER]},
            "entry[0].signal_type",
            "TRIGGER or FILTER",
        ),
        ({"entry": [{**TRIGGER, "signal_type": True}, FILTER]}, "entry[0].signal_type", "must be a text"),
        ({"entry": [{**TRIGGER, "sgnal": 1}, FILTER]}, "entry[0].sgnal", "a rule has no such field"),
        ({"entry": [{"name": "sma_cross_up"}, FILTER]}, "entry[0].signal_type", "is missing"),
        ({"entry": [TRIGGER, {**FILTER, "params": [5]}]}, "entry[1].params", "mapping of parameters"),
        ({"entry": [TRIGGER, {**FILTER, "parameters": {}}]}, "entry[1].params", "given twice"),
        ({"entry": [TRIGGER, rule("is_above_sma", "FILTER")]}, "entry[1].params.window", "needs it"),
        (
            {"entry": [{**TRIGGER, "timeframe": "3m"}, {**FILTER, "timeframe": "5m"}]},
            "entry[1].timeframe",
            "3m",
        ),
        ({"reward_factor": 0.89}, "reward_factor", "0.9 to 10"),
        ({"reward_factor": 10.01}, "reward_factor", "0.9 to 10"),
        ({"reward_factor": True}, "reward_factor", "not true"),
        ({"reward_factor": "2"}, "reward_factor", "not '2'"),
        ({"reward_factor": float("nan")}, "reward_factor", "finite"),
        ({"relaxed": 1}, "relaxed", "true or false"),
        ({"side": "up"}, "side", "long, short"),
        ({"side": "short", "asset": "BTC/USDT"}, "side", "BTC/USDT:USDT can be sold short"),
        ({"strategy_type": "magic"}, "strategy_type", "trend_following"),
        ({"description": 5}, "description", "must be a text"),
        ({"created_at": "yesterday"}, "created_at", "ISO 8601"),
        ({"created_at": 5}, "created_at", "ISO 8601"),
        ({"execution_config": []}, "execution_config", "mapping"),
        ({"execution_config": {"cooldown_bar": 1}}, "execution_config.cooldown_bar", "mean 'cooldown_bars'"),
        ({"entrys": []}, "entrys", "mean 'entry'"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(fields: dict[str, Any], field: str, words: str) -> None:
    error = refused(**fields)
    assert error.field == field
    assert words in str(error)


def test_a_parameter_is_refused_by_rule_and_name() -> None:
    numbers = [0, 1001, 14.5, float("nan"), float("inf"), -1e308, 1e308, 10**400]
    for value in [*numbers, True, "14", None, [], {}, HUGE]:
        error = refused(entry=[TRIGGER, {**FILTER, "params": {"window": value}}])
        assert error.field == "entry[1].params.window"


def test_depth_is_bounded() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert "nested" in str(refused(entry=deep))
    assert "nested" in str(refused(execution_config={"cooldown_config": {"1h": deep}}))


@pytest.mark.parametrize("value", [None, [], "x", 5, True, [SEED]])
def test_only_a_mapping_is_a_strategy(value: object) -> None:
    with pytest.raises(BadStrategy, match="must be a mapping"):
        parse_strategy(value, DEFAULTS)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    _, problems = examine(
        {
            "asset": "BTC",
            "entry": [
                {**TRIGGER, "timeframe": "7h"},
                {**FILTER, "signal_type": "TRIGGER", "params": {"window": 0}},
            ],
            "reward_facto": 2,
            "execution_config": {"atr_period": 1},
        },
        DEFAULTS,
    )
    assert [problem.field for problem in problems] == [
        "reward_facto",
        "name",
        "entry[0].timeframe",
        "entry[1].params.window",
        "entry",
        "execution_config.atr_period",
    ]


WORDS = st.sampled_from(
    [
        "name",
        "asset",
        "entry",
        "exit",
        "params",
        "timeframe",
        "signal_type",
        "1h",
        "TRIGGER",
        "FILTER",
        "sma_cross_up",
    ]
) | st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)


@given(
    st.dictionaries(st.sampled_from(list(SEED)) | WORDS, JSON, max_size=7)
    | st.tuples(st.sampled_from([*SEED, "execution_config", "side", "relaxed"]), JSON).map(
        lambda part: {**SEED, part[0]: part[1]}
    )
)
@effort(max_examples=150, deadline=None)
def test_whatever_comes_in_is_read_or_refused(mapping: dict[str, Any]) -> None:
    found = examine(mapping, DEFAULTS)
    assert (found.strategy is None) == bool(found.problems)
    assert all(problem.field and problem.message for problem in found.problems)
