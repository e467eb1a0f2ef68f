"""``outcry strategies`` from outside."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from outcry.commands.strategies import app
from wire.config import CONFIG_FOLDER

SHIPPED = sorted(path.stem for path in (CONFIG_FOLDER / "strategies").glob("*.yaml"))
BAD = """
name: X
asset: BTC
entry:
  - {name: sma_cros_up, signal_type: TRIGGER, timeframe: 1h, params: {window_fast: 5, window_slow: 9}}
  - {name: is_above_sma, signal_type: TRIGGER, timeframe: 7h, params: {window: 0}}
execution_config: {atr_perod: 4}
"""
FIELDS = [
    "entry[0].name",
    "entry[1].timeframe",
    "entry[1].params.window",
    "entry",
    "execution_config.atr_perod",
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(home)])


def told(home: Path, *arguments: str) -> Any:
    result = run(home, *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_files_shows_every_shipped_strategy_and_writes_nothing(home: Path) -> None:
    rows = told(home, "files", "--json")["strategies"]
    assert [row["name"] for row in rows] == SHIPPED
    text = run(home, "files").stdout.splitlines()
    assert [line.split()[0] for line in text] == SHIPPED
    assert not home.exists()


def test_files_tells_of_a_strategy_that_is_wrong(home: Path) -> None:
    (home / "strategies").mkdir(parents=True)
    (home / "strategies" / "bad.yaml").write_text(BAD)
    result = run(home, "files")
    assert result.exit_code == 2
    assert "bad: entry[0].name" in result.stderr and "sma_cross " in result.stdout


def test_show(home: Path) -> None:
    row = told(home, "show", "ema_trend", "--json")
    assert row["rules"]["entry"][1]["timeframe"] == "4h" and row["timeframe"] == "1h"
    assert row["execution_config"]["reward_factor"] == 3
    assert row["warm_up"] == 199 and len(row["content_hash"]) == 64
    text = run(home, "show", "ema_trend").stdout
    assert "price_above_ema window=50" in text and "the defaults, reward_factor 3.0" in text


def test_check_prints_every_problem_with_its_field(home: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    result = run(home, "check", str(tmp_path / "bad.yaml"))
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert lines[0].endswith("5 problems")
    assert [line.strip().partition(": ")[0] for line in lines[1:]] == FIELDS
    answer = run(home, "check", str(tmp_path / "bad.yaml"), "--json")
    assert answer.exit_code == 2
    assert [problem["field"] for problem in json.loads(answer.stdout)["problems"]] == FIELDS


def test_check_passes_what_is_right_and_notes_what_is_odd(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text((CONFIG_FOLDER / "strategies" / "supertrend.yaml").read_text())
    assert run(home, "check", str(path)).stdout == "ok  supertrend  BTC/USDT 4h long\n"
    path.write_text(path.read_text().replace("name: supertrend_flip_up", "name: supertrend_long"))
    assert "supertrend_long is declared TRIGGER" in run(home, "check", str(path)).stdout
    assert told(home, "check", str(path), "--json")["conforms"] is True


def test_defaults_in_three_views(home: Path) -> None:
    nested, flat, schema = (told(home, "defaults", view) for view in ("nested", "flat", "schema"))
    assert (
        nested["risk_management"]["atr_period"]
        == flat["atr_period"]
        == schema["defaults"]["atr_period"]
        == 14
    )
    home.mkdir()
    (home / "trading_defaults.yaml").write_text("risk_management: {atr_period: 20}")
    assert told(home, "defaults", "flat")["atr_period"] == 20
