"""``outcry sweep`` as a person and a program use it."""

import json
import signal
import subprocess
import sys

import pytest
import yaml

from openoutcry.strategy.rules import parse_strategy
from outcry.__main__ import main
from tests.openoutcry.backtest.search.subjects import FAST, SLOW
from tests.openoutcry.strategy.given import DEFAULTS
from tests.workers.hosting import ROOT
from tests.workers.sweeping.sweeps import home_with_candles

GRID = ["--vary", f"{SLOW}=20:40:10", "--vary", f"{FAST}=5:15:5", "--min-trades", "2", "--fee", "0.001"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return home_with_candles(tmp_path_factory.mktemp("home"))


@pytest.fixture
def say(home, capsys, monkeypatch):
    """Runs ``outcry sweep``; exit code, what stands on stdout and on stderr."""

    def said(*words):
        monkeypatch.setattr(sys, "argv", ["outcry", "sweep", *words, "--home", str(home)])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "strategy: name a strategy, or --resume"),
        (["sma_cross", "--list"], "only one of them"),
        (["sma_crss", *GRID], "did you mean 'sma_cross'"),
        (["sma_cross"], "vary: say what to vary"),
        (["sma_cross", "--vary", "reward_factor"], "vary: 'reward_factor' is not PATH=values"),
        (["sma_cross", "--vary", "reward_factor=1.0:2.0"], "reward_factor: a grid needs a step"),
        (["sma_cross", "--vary", "reward_factor=5:2"], "reward_factor: empty: 5 is above 2"),
        (["sma_cross", "--vary", "reward_factor=0.1:0.5:0.1"], "reward_factor: 0.1: must be greater"),
        (["sma_cross", "--vary", "entry[0].params.window=5:9"], "entry[0].params.window: sma_cross_up takes"),
        (["sma_cross", "--vary", "exit[1].params.window=5:9"], "there is no exit[1]"),
        (["sma_cross", "--vary", f"{FAST}=1:500", "--vary", f"{SLOW}=1:1000"], "the grid has 500,000 combinations"),
        (["sma_cross", *GRID, "--where", "a < b"], "where: 'a' is not varied"),
        (["sma_cross", *GRID, "--method", "magic"], "method: 'magic' is not one of grid, random, tpe"),
        (["sma_cross", *GRID, "--trials", "5"], "trials: a grid runs all of its combinations"),
        (["sma_cross", *GRID, "--objective", "sharp_ratio"], "did you mean 'sharpe_ratio'"),
        (["sma_cross", *GRID, "--walk-forward", "2", "--k-fold", "3"], "k_fold: choose"),
        (["sma_cross", *GRID, "--walk-forward", "5", "--purge", "500"], "walk_forward: 5 windows leave 400 rows"),
        (["sma_cross", *GRID, "--k-fold", "5", "--test-folds", "5"], "test_folds: 5 of 5"),
        (["sma_cross", *GRID, "--fee", "2"], "fee_pct: must be a fraction"),
        (["sma_cross", *GRID, "--leverage", "2"], "leverage: BTC/USDT is spot"),
        (["sma_cross", *GRID, "--from", "2023-02-30"], "from: '2023-02-30' is not an ISO date"),
        (["sma_cross", *GRID, "--from", "2023-03-01", "--to", "2023-02-01"], "from: 2023-03-01"),
        (["sma_cross", *GRID, "--timeframe", "2h"], "1h bars cannot be made of 2h candles"),
        (["sma_cross", "--preset", "huge"], "preset: 'huge' is not one of quick"),
        (["sma_cross", "--space", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["perpetual_breakdown", "--preset", "quick", "--symbol", "BTC/USDT"], "sells short, which BTC/USDT cannot"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_named_in_one_line(say, words, said):
    code, out, err = say(*words)
    assert (code, out) == (2, "")
    assert said in err and err.count("\n") == 1


def test_what_is_not_stored_is_said(say):
    code, out, err = say("sma_cross", *GRID, "--symbol", "ETH/USDT")
    assert (code, out) == (1, "") and "no candles of binance ETH/USDT 1h" in err
    code, _, err = say("--resume", "x")
    assert code == 1 and "no database" in err


def test_a_sweep_is_told_as_json_and_saves_its_best(say, tmp_path):
    best = tmp_path / "best.yaml"
    code, out, err = say(
        "sma_cross", *GRID, "--walk-forward", "2", "--purge", "50", "--json", "--save", str(best)
    )
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["complete"] and found["trials"]["different"] == 9 == found["overfitting"]["trials"]
    assert found["overfitting"]["pbo"] is not None
    assert len(found["forward"]["windows"]) == 2 and found["market"]["bars"] == 2400
    strategy = parse_strategy(yaml.safe_load(best.read_text()), DEFAULTS)
    windows = {
        path: getattr(strategy, path[:-3].partition("[")[0])[0].params for path in ("entry[0]", "exit[0]")
    }
    for path, value in found["best"]["settings"].items():
        assert windows[path.partition(".")[0]][path.rpartition(".")[2]] == value
    assert best.read_text().startswith("# The best of 9 combinations by sharpe_ratio.")


def test_a_sweep_is_told_in_words(say):
    code, out, _ = say("sma_cross", *GRID, "--top", "3", "--walk-forward", "2", "--purge", "50")
    assert code == 0
    assert "9 combinations by grid, ranked by sharpe_ratio" in out
    assert "deflated Sharpe" in out and "probability of overfitting" in out
    assert "out of sample: return" in out and "! " in out
    assert sum(line.lstrip().startswith(("1 ", "2 ", "3 ", "4 ")) for line in out.splitlines()[1:6]) == 3


def test_a_space_file_and_a_preset(say, tmp_path):
    space = tmp_path / "space.yaml"
    space.write_text(f"vary:\n  {FAST}: 5:15:5\n  reward_factor: {{low: 1.0, high: 3.0}}\n")
    code, out, _ = say("sma_cross", "--space", str(space), "--method", "random", "--trials", "4", "--json")
    assert code == 0 and json.loads(out)["trials"]["run"] == 4
    code, out, _ = say("sma_cross", "--preset", "quick", "--trials", "3", "--min-trades", "1", "--json")
    found = json.loads(out)
    assert code == 0 and found["method"] == "tpe" and found["trials"]["run"] == 3
    assert "execution_config.atr_volatility_factor" in found["best"]["settings"]


def test_kept_listed_and_resumed(say, fresh_database, monkeypatch):
    monkeypatch.setenv("OUTCRY_DATABASE_URL", fresh_database)
    assert say("--list")[1].startswith("no sweep is kept")
    code, first, _ = say("sma_cross", *GRID, "--study", "mine", "--json")
    assert code == 0 and json.loads(first)["study"] == "mine"
    assert json.loads(say("--resume", "mine", "--json")[1]) == json.loads(first)
    (row,) = json.loads(say("--list", "--json")[1])["sweeps"]
    assert (row["name"], row["status"], row["trials"]) == ("mine", "COMPLETED", 9)
    code, _, err = say("sma_cross", *GRID, "--seed", "9", "--study", "mine")
    assert code == 2 and "it differs in seed" in err
    assert "was not running" in say("--cancel", "mine")[1]
    code, _, err = say("--resume", "yours")
    assert code == 2 and "there is no sweep 'yours'" in err
    code, out, _ = say("sma_cross", *GRID, "--seed", "9", "--queue", "2", "--json")
    handed = json.loads(out)
    assert code == 0 and len(handed["jobs"]) == 2 and handed["study"].startswith("SMA cross-")


def test_ctrl_c_ends_with_what_was_found(home):
    wide = [
        "--vary",
        f"{SLOW}=60:250:2",
        "--vary",
        f"{FAST}=5:55:1",
        "--min-trades",
        "1",
        "--objective",
        "calmar_ratio",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "outcry", "sweep", "sma_cross", *wide, "--home", str(home)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert "of 4,896" in process.stderr.readline(), "it says how far it is"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the sweep was stopped: this is what was found until then" in out
    assert "deflated Sharpe" in out
