"""``outcry regime`` and ``outcry models``, from candles on disk to a regime on screen and a model rolled back."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from db.candles import CandleStore, Series
from openoutcry.regime.names import REGIMES
from outcry.__main__ import main
from tests.openoutcry.regime.markets import START, pronounced

ROOT = Path(__file__).resolve().parents[2]
MODEL = "regime-binance-BTC-USDT-1h"
MARKET = ("--symbol", "btcusdt", "--timeframe", "60m")
SPLIT = (START + timedelta(hours=1_200)).isoformat()


class Floor:
    """A home with candles and a database, without anything running; commands run in this process."""

    def __init__(
        self, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.home, self._capsys, self._patch = home, capsys, monkeypatch

    def run(self, *words: str, code: int = 0) -> str:
        """What it prints, or what it says on stderr where it is to end with another code."""
        self._patch.setattr(sys, "argv", ["outcry", *words, "--home", str(self.home)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        assert int(ended.value.code or 0) == code, f"{words}:\n{said.out}\n{said.err}"
        return said.err if code else said.out

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))


@pytest.fixture
def floor(
    tmp_path: Path,
    fresh_database: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Floor:
    candles, _ = pronounced(1_800)
    CandleStore(tmp_path).merge(Series("binance", "BTC/USDT", "1h"), candles)
    monkeypatch.setenv("OUTCRY_DATABASE_URL", fresh_database)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # what `train` sets is gone afterwards
    return Floor(tmp_path, capsys, monkeypatch)


def test_from_candles_to_a_regime_and_back(floor: Floor) -> None:
    first = floor.json("regime", "train", *MARKET, "--to", SPLIT)
    assert (first["model_name"], first["version"], first["stage"]) == (MODEL, "1.0.0", "None")
    metrics = first["metrics"]
    assert metrics["bars_in"] + metrics["bars_out"] == 1_200 - 118
    assert 0 < metrics["persistence"] < 1 and set(metrics["label_shares_out"]) == set(REGIMES)
    assert floor.json("regime", "train", *MARKET, "--to", SPLIT)["content_hash"] == first["content_hash"]
    assert [one["version"] for one in floor.json("models", "list", MODEL)["versions"]] == ["1.0.0"]

    assert "no regime model" in floor.run("regime", "update", *MARKET, code=1)
    assert "is in Production" in floor.run("models", "promote", MODEL, "1.0.0", "--expected", "none")
    (done,) = floor.json("regime", "update", *MARKET)
    assert done["state"] == "followed" and done["changes"] > 3
    assert floor.json("regime", "update")[0]["state"] == "up_to_date"

    now = floor.json("regime", "current", *MARKET)
    assert now["regime"].lower() in REGIMES and now["timestamp"] == done["closed_at"]
    assert {"volatility_threshold", "leverage_multiplier", "position_limit"} <= set(now["parameters"])
    past = floor.json("regime", "history", *MARKET, "--days", "365")
    assert past["total_regimes"] == done["changes"] == len(past["transitions"]) + 1
    assert past["regimes"][-1]["end_time"] is None and past["regimes"][-1]["regime"] == now["regime"]
    assert len(floor.json("regime", "history", *MARKET, "--hours", "24")["regimes"]) < past["total_regimes"]
    shown = floor.run("regime", "current")
    assert now["regime"] in shown and "next bar" in shown and "limits within it" in shown
    assert now["regime"] in floor.run("regime", "history", *MARKET)

    second = floor.json("regime", "train", *MARKET, "--seed", "7", "--promote")
    assert (second["version"], second["promoted"], second["previous_version"]) == ("1.1.0", True, "1.0.0")
    back = floor.json("models", "rollback", MODEL, "--reason", "worse")
    assert (back["rolled_back_to"], back["previous_version"], back["status"]) == (
        "1.0.0",
        "1.1.0",
        "completed",
    )
    versions = {one["version"]: one["archived"] for one in floor.json("models", "list", MODEL)["versions"]}
    assert versions == {"1.1.0": True, "1.0.0": False}
    told = floor.run("models", "show", MODEL, "1.1.0")
    assert "content hash" in told and "agreement" in told and "worse" in told
    artefact = json.loads(floor.run("models", "show", MODEL, "1.0.0", "--artefact", "--json"))["artefact"]
    assert set(artefact["labels"]) <= set(REGIMES) and len(artefact["means"]) == 5


def test_what_makes_no_sense_is_named(floor: Floor) -> None:
    for words, code, said in (
        (("regime", "train", "--symbol", "BTC/USDT", "--timeframe", "7h"), 2, "timeframe"),
        (("regime", "train", "--symbol", "?", "--timeframe", "1h"), 2, "symbol"),
        (("regime", "train", *MARKET, "--exchange", "../x"), 2, "exchange"),
        (("regime", "train", *MARKET, "--to", "2190-01-01"), 2, "--to: 2190-01-01 is in the future"),
        (("regime", "train", *MARKET, "--to", "soon"), 2, "--to"),
        (
            ("regime", "train", *MARKET, "--from", "2024-03-01", "--to", "2024-02-01"),
            2,
            "begin: must be before until",
        ),
        (("regime", "train", *MARKET, "--holdout", "0"), 2, "holdout"),
        (("regime", "train", *MARKET, "--bars", "10"), 2, "bars"),
        (("regime", "train", *MARKET, "--seed", "-1"), 2, "seed"),
        (("regime", "train", *MARKET, "--from", "2024-03-01"), 1, "needs 744 bars"),
        (
            ("regime", "train", "--symbol", "SOL/USDT", "--timeframe", "1h"),
            1,
            "no bar of binance SOL/USDT 1h is stored",
        ),
        (("regime", "current", *MARKET), 1, "no regime of binance BTC/USDT 1h is known yet"),
        (("regime", "current"), 1, "no market is followed yet"),
        (("regime", "current", "--symbol", "BTC/USDT"), 2, "--timeframe"),
        (("regime", "history", *MARKET, "--hours", "1", "--days", "1"), 2, "--hours"),
        (("regime", "history", *MARKET, "--days", "0"), 2, "--days"),
        (("models", "list", "nothing"), 1, "no model nothing"),
        (("models", "show", "a b"), 2, "name"),
        (("models", "promote", "nothing", "1.0.0"), 1, "no model nothing"),
        (("models", "rollback", "nothing"), 1, "no model nothing"),
    ):
        assert said in floor.run(*words, code=code), words
    assert floor.json("models", "list") == {"models": []}
    assert "no model yet" in floor.run("models", "list")


def test_a_flat_market_leaves_nothing(floor: Floor) -> None:
    candles, _ = pronounced(1_800)
    flat = [5.0] * 1_800
    CandleStore(floor.home).merge(
        Series("binance", "FLAT/USDT", "1h"),
        candles.of(candles.timestamp, flat, flat, flat, flat, [0.0] * 1_800),
    )
    said = floor.run("regime", "train", "--symbol", "FLAT/USDT", "--timeframe", "1h", code=1)
    assert "needs 744 bars that move, there are 1800" in said
    assert floor.json("models", "list") == {"models": []}


@pytest.mark.parametrize("command", ["regime", "models"])
def test_help_is_light(command: str) -> None:
    probe = (
        f"import sys; sys.argv = ['outcry', {command!r}, '--help']\n"
        "from outcry.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'asyncpg', 'hmmlearn', 'sklearn', 'scipy', 'pyarrow'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert "HEAVY []" in done.stdout
