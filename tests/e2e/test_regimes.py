"""A floor that runs fills the table of regimes by itself, and answers detect_regime as of its own time."""

import json
from pathlib import Path
from typing import Any

import pytest

from openoutcry.regime.names import REGIMES
from tests.e2e.floor import open_floor, outcry, wait_for

MARKET = ("--symbol", "BTC/USDT", "--timeframe", "1h")
RUN = (
    "--market", "recorded", "--timeframe", "1h", "--from", "2020-03-05", "--speed", "36000", "--rounds", "60", "--stay",
)  # fmt: skip


def told(home: Path, *words: str) -> Any:
    """What a command of the regimes prints."""
    return json.loads(outcry(home, "regime", *words, "--json").stdout)


@pytest.mark.timeout(600)
def test_a_running_floor_keeps_the_regimes_of_what_it_trades(home: Path) -> None:
    told(home, "train", *MARKET, "--to", "2020-03-04", "--promote")
    with open_floor(home, *RUN):
        wait_for(lambda: (home / "run" / "summary.json").exists())
        last = json.loads((home / "run" / "summary.json").read_text())["sessions"][0]["to"]
        # To the last round, within a second of it, and no further though more is stored.
        wait_for(lambda: told(home, "current", *MARKET)["timestamp"] == last)
        past = told(home, "history", *MARKET)
        assert past["total_regimes"] > 2
        assert {one["regime"].lower() for one in past["regimes"]} <= set(REGIMES)
        assert all(one["start_time"] <= last for one in past["regimes"])
        assert told(home, "update", "--to", last)[0]["state"] == "up_to_date"
        assert told(home, "history", *MARKET) == past
