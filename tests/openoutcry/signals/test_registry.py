"""The registry is the contract's table, fact by fact."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from openoutcry.errors import BadInput
from openoutcry.signals.declare import SignalParam
from openoutcry.signals.registry import REGISTRY, find

ROWS = {row["name"]: row for row in csv.DictReader(Path(__file__).with_name("signals.csv").open())}


def facts(param: SignalParam) -> dict[str, object]:
    """A parameter in the table's words."""
    known = {"type": param.kind, "min": param.low, "max": param.high, "optional": not param.required}
    default = str(param.default) if param.kind == "tuple" else param.default
    return {key: value for key, value in {**known, "default": default}.items() if value is not None}


def test_every_signal_of_the_table_is_there_and_no_other() -> None:
    assert set(REGISTRY) == set(ROWS)
    assert Counter(signal.set for signal in REGISTRY.values()) == {"core": 136, "extended": 87, "onchain": 20}
    core = Counter(signal.kind for signal in REGISTRY.values() if signal.set == "core")
    assert core == {"TRIGGER": 66, "FILTER": 70}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_type_category_columns_and_parameters_are_the_tables(name: str) -> None:
    row, signal = ROWS[name], REGISTRY[name]
    assert (signal.set, signal.kind, signal.category) == (row["set"], row["type"], row["category"])
    assert "|".join(signal.requires) == row["requires"]
    expected = json.loads(row["params"])
    assert {param.name: facts(param) for param in signal.params} == expected
    assert [param.name for param in signal.params] == list(expected)
    assert signal.summary.endswith((".", "."))


def test_names_are_forgiving_about_case_and_helpful_about_typos() -> None:
    assert find(" RSI_Oversold ").name == "rsi_oversold"
    with pytest.raises(BadInput, match="did you mean 'rsi_oversold'") as refused:
        find("rsi_oversolt", field="entry.0.name")
    assert refused.value.field == "entry.0.name"


@pytest.mark.parametrize(
    ("name", "params", "field", "says"),
    [
        ("rsi_oversold", {"windw": 3}, "params.windw", "takes window, threshold"),
        ("rsi_oversold", {"window": 1}, "params.window", "whole number from 2 to 100"),
        ("rsi_oversold", {"window": 14.5}, "params.window", "whole number"),
        ("rsi_oversold", {"window": True}, "params.window", "whole number"),
        ("rsi_oversold", {"window": "14"}, "params.window", "whole number"),
        ("rsi_oversold", {"threshold": float("nan")}, "params.threshold", "number from 0 to 50"),
        ("rsi_oversold", {"threshold": 51}, "params.threshold", "number from 0 to 50"),
        ("rsi_oversold", {"window": 14, "period": 14}, "params.period", "given twice"),
        ("is_above_sma", {}, "params.window", "needs it"),
        ("roc_momentum_shift", {"direction": "sideways"}, "params.direction", "one of bullish, bearish"),
        ("kc_upper_breakout", {"original_version": 1}, "params.original_version", "true or false"),
        ("ma_ribbon_bullish", {"windows": [5]}, "params.windows", "2 to 50 whole numbers"),
        ("ma_ribbon_bullish", {"windows": [8, 5]}, "params.windows", "rising order"),
        ("ma_ribbon_bullish", {"windows": [5, 2000]}, "params.windows", "from 2 to 1000"),
    ],
)
def test_bad_parameters_name_their_field(name: str, params: dict[str, object], field: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        REGISTRY[name].read(params)
    assert refused.value.field == field


def test_other_clients_names_of_parameters_are_understood() -> None:
    assert REGISTRY["rsi_oversold"].read({"period": 7}) == {"window": 7, "threshold": 30.0}
    assert REGISTRY["sma_cross_up"].read({"short_period": 5, "long_period": 9}) == {
        "window_fast": 5,
        "window_slow": 9,
    }
    assert REGISTRY["nr7_trigger"].read({"window": 9}) == {"lookback": 9}
    assert REGISTRY["roc_positive"].read({"lookback": 9.0})["window"] == 9
    assert REGISTRY["multi_tf_trend_bullish"].read({"higher_tf": "1d"})["higher_tf"] == "1D"
