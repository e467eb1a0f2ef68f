"""The grammar that asks for an indicator, and what it refuses."""

import pytest

from openoutcry.errors import BadInput
from openoutcry.indicators.catalogue import CATALOGUE, find, parse, with_params

AGENTS_USE = (
    "rsi:14", "macd:12,26,9", "bbands:20,2", "ema:50", "atr:14", "adx:14", "donchian:20", "sma:200", "obv",
    "volume_sma:20", "supertrend:10,3", "roc:24", "realized_vol:48", "stochastic:14,3,3", "cci:20", "mfi:14",
    "keltner:20,10,2", "natr:14", "wma:9",
)  # fmt: skip


@pytest.mark.parametrize("text", AGENTS_USE)
def test_every_name_the_agents_use_is_understood(text: str) -> None:
    request = parse(text)
    assert request.indicator.name == text.partition(":")[0]
    given = [float(part) for part in text.partition(":")[2].split(",") if part]
    assert [value for _, value in request.params[: len(given)]] == given


def test_parameters_left_out_take_their_defaults() -> None:
    assert parse("macd").params == (("window_fast", 12), ("window_slow", 26), ("window_sign", 9))
    assert parse(" MACD : 5 ").params == (("window_fast", 5), ("window_slow", 26), ("window_sign", 9))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rsii:14", "did you mean 'rsi'"),
        ("bollinger", "did you mean"),
        ("", "known are"),
        ("zzzzzzzz", "known are"),
        ("rsi:0", "window must be a whole number from 2 to 1000"),
        ("rsi:14.5", "window must be a whole number"),
        ("rsi:nan", "window must be a whole number"),
        ("rsi:1e999", "window must be a whole number"),
        ("rsi:14,3", "rsi takes window; 2 values were given"),
        ("obv:3", "obv takes no parameters"),
        ("bbands:20,x", "deviations must be a number from 0.1 to 10"),
        ("macd:12,,9", "window_slow must be"),
    ],
)
def test_a_bad_request_names_the_field_and_what_would_do(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=r"names\.0") as refused:
        parse(text, field="names.0")
    assert says in str(refused.value)
    assert refused.value.field == "names.0"


def test_parameters_by_name() -> None:
    assert with_params("bbands", {"deviations": 2.5}).params == (("window", 20), ("deviations", 2.5))
    with pytest.raises(BadInput, match=r"params\.windw: rsi takes window"):
        with_params("rsi", {"windw": 3})
    with pytest.raises(BadInput, match=r"params\.window: window must be a whole number"):
        with_params("rsi", {"window": True})


def test_every_entry_describes_itself_and_accepts_its_own_defaults() -> None:
    for name, entry in CATALOGUE.items():
        assert entry.summary and entry.inputs and entry.outputs, name
        for param in entry.params:
            assert param.read(param.default, field=name) == param.default
            assert param.low <= param.default <= param.high
        assert find(name.upper()) is entry
