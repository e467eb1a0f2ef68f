"""``outcry forecast``: three timeframes out of what is stored, and one line when that is too little."""

import json
from datetime import timedelta

from typer.testing import CliRunner

from db.candles import CandleStore, Series
from outcry.__main__ import build
from tests.openoutcry.forecast.markets import START, market


def run(*words: str):
    return CliRunner().invoke(build("forecast"), ["forecast", *words])


def test_it_tells_three_timeframes_and_what_came_of_such_forecasts(tmp_path):
    CandleStore(tmp_path).merge(Series("binance", "BTC/USDT", "1h"), market(6_000, pull=0.05))
    told = run("BTCUSDT", "--home", str(tmp_path))
    assert told.exit_code == 0, told.output
    assert [line[:3].strip() for line in told.output.splitlines() if line[0] != " "] == ["1h", "4h", "1d"]
    assert "passed" in told.output and "naive" in told.output
    at = START + timedelta(hours=5_500)
    found = run("BTC/USDT", "--home", str(tmp_path), "--at", at.isoformat(), "--json")
    views = json.loads(found.output)
    assert [view["as_of"] for view in views] == [
        (START + timedelta(hours=hours)).isoformat().replace("+00:00", "Z") for hours in (5_500, 5_500, 5_496)
    ]


def test_too_little_is_said(tmp_path):
    nothing = run("BTCUSDT", "--home", str(tmp_path))
    assert nothing.exit_code != 0 and "no candles of BTC/USDT" in str(nothing.exception)
    CandleStore(tmp_path).merge(Series("binance", "BTC/USDT", "1h"), market(2_000))
    young = run("BTCUSDT", "--home", str(tmp_path))
    assert young.exit_code != 0 and "fewer than 208 days" in str(young.exception)
