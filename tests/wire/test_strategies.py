"""Strategies and trading defaults as files: the shipped ones, and a home's own over them."""

from pathlib import Path

import pytest
import yaml

from openoutcry.errors import BadConfig, BadInput
from openoutcry.strategy.strict import BadStrategy
from wire.config import CONFIG_FOLDER
from wire.strategies import load_strategy, load_trading_defaults, strategy_files

SHIPPED = sorted(path.stem for path in (CONFIG_FOLDER / "strategies").glob("*.yaml"))
NAMED = ("sma_cross", "rsi_reversion", "donchian_breakout", "macd_trend", "bollinger_squeeze")


def test_the_named_strategies_are_shipped(tmp_path: Path) -> None:
    assert set(NAMED) < set(SHIPPED) == set(strategy_files(tmp_path))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_strategy_is_whole_and_goes_by_its_file(name: str, tmp_path: Path) -> None:
    found = load_strategy(name, tmp_path, load_trading_defaults(tmp_path))
    assert found.name == name
    assert len(found.description) > 60 and found.strategy_type
    assert found.warnings == ()
    written = yaml.safe_load((CONFIG_FOLDER / "strategies" / f"{name}.yaml").read_text())
    for part, given in zip(found.rules()["entry"], written["entry"], strict=True):
        assert part["params"].items() >= given["params"].items()


def test_a_homes_values_lie_over_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "trading_defaults.yaml").write_text(
        "risk_management: {atr_period: 20}\ntrading_rules: {cooldown_config: {1d: {long_loss_limit: 9}}}\n"
    )
    shipped, own = load_trading_defaults(tmp_path / "none"), load_trading_defaults(tmp_path)
    changed = {key: value for key, value in own.flat().items() if value != shipped.flat()[key]}
    assert set(changed) == {"atr_period", "cooldown_config"}
    assert own.risk_management.atr_period == 20
    assert own.trading_rules.cooldown_config["1d"].long_loss_limit == 9
    assert load_strategy("sma_cross", tmp_path, own).execution_config.atr_period == 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("risk_management: {atr_perod: 20}", "risk_management.atr_perod: there is no such field"),
        ("risk_managment: {}", "did you mean 'risk_management'"),
        ("- 1", "must be a mapping of sections"),
        ("a: [", "trading_defaults.yaml: line"),
        ("risk_management: 5", "risk_management: must be a mapping"),
    ],
)
def test_wrong_defaults_of_a_home_are_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "trading_defaults.yaml").write_text(text)
    with pytest.raises(BadConfig) as refused:
        load_trading_defaults(tmp_path)
    assert words in str(refused.value)


def test_a_homes_own_strategies(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    text = (CONFIG_FOLDER / "strategies" / "sma_cross.yaml").read_text()
    (folder / "mine.yml").write_text(text.replace("SMA cross", "Mine"))
    (folder / "supertrend.yaml").write_text(text.replace("SMA cross", "Another"))
    (folder / "notes.txt").write_text("not a strategy")
    defaults = load_trading_defaults(tmp_path)
    assert set(strategy_files(tmp_path)) == {*SHIPPED, "mine"}
    assert load_strategy("mine", tmp_path, defaults).name == "mine"
    assert load_strategy("supertrend", tmp_path, defaults).name == "another"
    assert load_strategy(str(folder / "mine.yml"), tmp_path / "none", defaults).name == "mine"


@pytest.mark.parametrize("name", ["sma_crss", "../config/default", "", "x" * 10_000, "/etc/passwd"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="there is no strategy") as refused:
        load_strategy(name, tmp_path, load_trading_defaults(tmp_path))
    assert len(str(refused.value)) < 200
    assert ("did you mean 'sma_cross'" in str(refused.value)) == (name == "sma_crss")


def test_a_file_that_is_no_strategy_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"name": "x", "asset": "BTC", "entry": []}')
    with pytest.raises(BadStrategy) as refused:
        load_strategy(str(tmp_path / "x.json"), tmp_path, load_trading_defaults(tmp_path))
    assert refused.value.field == "entry"
