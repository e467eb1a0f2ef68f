"""The registry from the command line, on a database of the test's own."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from openoutcry.errors import BadInput, Conflict, NotFound
from outcry.commands.strategies import app
from tests.e2e.floor import ROOT
from tests.outcry.measured import measure

SMA = yaml.safe_load((ROOT / "config" / "strategies" / "sma_cross.yaml").read_text())


class Desk:
    """A home and its database, asked by commands."""

    def __init__(self, home: Path, url: str) -> None:
        self.home, self.url = home, url

    def run(self, *words: str, fails: type[Exception] | None = None) -> Result:
        result = CliRunner().invoke(
            app, [*words, "--home", str(self.home)], env={"OUTCRY_DATABASE_URL": self.url}
        )
        if fails is not None:
            assert isinstance(result.exception, fails), result.output
        return result

    def told(self, *words: str, code: int = 0) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == code, (result.output, result.exception)
        return json.loads(result.stdout)


@pytest.fixture
def desk(tmp_path: Path, fresh_database: str) -> Desk:
    return Desk(tmp_path, fresh_database)


def test_a_strategy_from_its_file_to_the_archive(desk: Desk, tmp_path: Path) -> None:
    made = desk.told("create", "sma_cross", "--tag", "desk=a", "--reason", "to try it")
    assert (made["name"], made["version"], made["stage"], made["status"]) == (
        "SMA cross",
        "1.0.0",
        "dev",
        "inactive",
    )
    desk.run("create", "sma_cross", fails=Conflict)

    file = tmp_path / "slower.yaml"
    file.write_text(yaml.safe_dump({**SMA, "reward_factor": 4}))
    added = desk.told("revise", "SMA cross", str(file), "--notes", "farther target")
    assert (added["version"], added["stage"], added["notes"]) == ("1.0.1", "dev", "farther target")
    assert [one["version"] for one in desk.told("versions", made["id"])["versions"]] == ["1.0.0", "1.0.1"]

    moved = desk.told("status", "SMA cross", "paper", "--weight", "2.5")
    assert (moved["status"], moved["votes_as"], moved["weight"]) == ("paper", "sma_cross", 2.5)
    shown = desk.told("show", "SMA cross")
    assert (shown["version"], shown["stage"], shown["rules"]["reward_factor"]) == ("1.0.1", "staging", 4.0)
    assert shown["execution_state"] == {
        "cash_balance": 10_000.0, "account_value": 10_000.0, "total_trades": 0, "num_open_positions": 0,
    }  # fmt: skip
    assert "votes as sma_cross, weight 2.5" in desk.run("show", "SMA cross").stdout
    assert desk.told("show", "SMA cross", "--version", "1.0.0")["stage"] == "dev"
    assert desk.told("verify", "SMA cross")["conforms"] is True

    assert desk.told("archive", "SMA cross", "--reason", "enough")["status"] == "archived"
    assert desk.told("list")["strategies"] == []
    assert [one["archived"] for one in desk.told("list", "--archived")["strategies"]] == [True]
    assert desk.told("unarchive", "SMA cross")["status"] == "inactive"
    assert desk.told("edit", "SMA cross", "--name", "Crossing")["name"] == "Crossing"
    lines = desk.told("history", "Crossing")["history"]
    assert [(line["what"], line["from"], line["to"]) for line in lines[:4]] == [
        ("name", "SMA cross", "Crossing"),
        ("status", "archived", "inactive"),
        ("stage", "staging", "dev"),
        ("status", "paper", "archived"),
    ]
    assert {line["reason"] for line in lines} == {"", "to try it", "enough"}
    assert "Crossing" in desk.run("list").stdout


def test_names_and_versions_that_are_not_there(desk: Desk) -> None:
    for words in (
        ["versions", "x"],
        ["history", "x"],
        ["status", "x", "paper"],
        ["compare", "x"],
        ["promote", "x"],
    ):
        desk.run(*words, fails=NotFound)
    desk.told("create", "sma_cross")
    desk.run("compare", "SMA cross", fails=NotFound)
    desk.run("show", "SMA cross", "--version", "nonsense", fails=BadInput)
    desk.run("status", "SMA cross", "paper", "--weight", "nan", fails=BadInput)
    desk.run("create", "macd_trend", "--tag", "novalue", fails=BadInput)
    desk.run("create", "no_such_file", fails=BadInput)
    assert desk.run("status", "SMA cross", "asleep").exit_code == 2
    desk.told("create", "macd_trend", "--name", "Hedging")
    refused = desk.run("status", "Hedging", "paper", fails=Conflict)
    assert "the floor has an agent of that name" in str(refused.exception)


def test_a_promotion_is_refused_with_its_reasons_and_forced_with_one(desk: Desk) -> None:
    desk.told("create", "sma_cross")
    failed = desk.told("stage", "SMA cross", "1.0.0", "--keep-status", code=1)
    assert failed["status"] == "validation_failed"
    assert "bars of binance BTC/USDT are stored" in failed["error"]
    queued = desk.told("stage", "SMA cross", "1.0.0", "--queue", "--from", "2023-01-01", "--fee", "0.001")
    assert (queued["status"], queued["strategy_status"]) == ("validation_in_progress", "paper")
    assert queued["job_id"]
    refused = desk.told("promote", "SMA cross", "1.0.0", code=3)
    assert (refused["promoted"], refused["outcome"], refused["failures"]) == (False, None, [])
    assert "no finished validation" in refused["message"]
    desk.run("promote", "SMA cross", "--force", fails=BadInput)
    done = desk.told("promote", "SMA cross", "--force", "--reason", "a drill")
    assert (done["promoted"], done["forced"], done["status"], done["previous_version"]) == (
        True,
        True,
        "live",
        None,
    )
    assert "BY FORCE" not in desk.run("history", "SMA cross").stdout
    forced = [line for line in desk.told("history", "SMA cross")["history"] if line["forced"]]
    assert [(line["to"], line["reason"]) for line in forced] == [("prod", "a drill")]
    desk.run("stage", "SMA cross", "--from", "2023-02-01", "--to", "2023-01-01", fails=BadInput)


def test_versions_are_compared_and_ranked_by_what_they_reached(desk: Desk, tmp_path: Path) -> None:
    desk.told("create", "sma_cross")
    desk.told("revise", "SMA cross", "sma_cross")
    desk.told("create", "macd_trend")
    old = {"total_return": 0.2, "sharpe_ratio": 1.0, "max_drawdown": 0.1, "win_rate": 0.5, "total_trades": 40}
    measure(desk.url, "SMA cross", "1.0.0", old)
    measure(desk.url, "SMA cross", "1.0.1", {**old, "total_return": 0.3, "sharpe_ratio": 1.5})
    found = desk.told("compare", "SMA cross", "--baseline", "1.0.0", "--candidate", "latest")
    assert (found["decision"], found["confidence"], found["profit_improvement"]) == ("PROMOTE", 1.0, 50.0)
    assert found["baseline"]["version"] == "1.0.0" and found["deltas"]["sharpe_ratio"] == 0.5
    assert (
        "PROMOTE  confidence 1.00, profit +50.0 %"
        in desk.run("compare", "SMA cross", "--baseline", "1.0.0", "--candidate", "1.0.1").stdout
    )
    board = desk.told("catalog")["strategies"]
    assert [(one["rank"], one["name"]) for one in board] == [(1, "SMA cross"), (2, "MACD trend")]
    assert board[0]["composite_score"] > 50 and board[1]["composite_score"] == 0
    assert set(board[0]["score_components"]) == {
        "sharpe",
        "total_return",
        "max_drawdown",
        "win_rate",
        "sample",
    }
    assert [one["name"] for one in desk.told("list", "--min-sharpe", "1.2")["strategies"]] == ["SMA cross"]
    assert desk.run("catalog").stdout.splitlines()[1].startswith("1     SMA cross")


def test_without_a_database_nothing_is_registered_and_nothing_is_made(tmp_path: Path) -> None:
    home = tmp_path / "none"
    result = CliRunner().invoke(app, ["list", "--home", str(home)], env={"OUTCRY_DATABASE_URL": ""})
    assert (result.exit_code, result.stdout) == (0, "none registered\n")
    assert not home.exists()
