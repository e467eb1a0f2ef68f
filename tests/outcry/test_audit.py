"""``outcry audit``: the real committee over other futures, a leak that was planted, and markets that prove nothing."""

import json

import numpy as np
from typer.testing import CliRunner

from db.candles import CandleStore, Series
from outcry.__main__ import build
from outcry.committee.market import HISTORY, made
from tests.mcp_servers.market.hosting import walk


def run(*words: str):
    return CliRunner().invoke(build("audit"), ["audit", *words])


def test_the_committee_knows_nothing_of_the_future(tmp_path):
    told = run("--rounds", "2", "--home", str(tmp_path), "--json")
    assert told.exit_code == 0, told.output
    done = json.loads(told.output)
    assert (done["rounds"], done["noticed"], done["found"]) == (2, 2, [])
    assert set(done["voted"]) == {
        "hedging", "mean_reversion", "order_book", "risk", "sentiment", "technical", "trend",
    }  # fmt: skip
    assert min(done["voted"].values()) == 2, done["voted"]


def test_a_tool_that_peeks_is_caught_and_the_first_difference_is_told(tmp_path):
    CandleStore(tmp_path).merge(Series("binance", "BTC/USDT", "1h"), walk(HISTORY + 60))
    CandleStore(tmp_path).merge(Series("binance", "BTC/USDT:USDT", "1h"), walk(HISTORY + 60, seed=2))
    told = run("BTC/USDT", "--rounds", "1", "--plant", "--home", str(tmp_path))
    assert told.exit_code == 1
    assert "LEAK in 1 of 1 rounds" in told.output
    assert "with the real future" in told.output and "with another" in told.output


def test_a_market_that_is_too_short_is_refused(tmp_path):
    CandleStore(tmp_path).merge(Series("binance", "BTC/USDT", "1h"), walk(HISTORY))
    told = run("BTC/USDT", "--home", str(tmp_path))
    assert told.exit_code != 0 and "too few for 20 rounds" in str(told.exception)


def test_another_future_leaves_the_past_alone_and_nothing_after_it():
    market = made(7, "1h", 500)
    as_of = market.closes_at(449)
    other = market.with_another_future(as_of, np.random.default_rng(1))
    for mine, its in ((market.spot, other.spot), (market.perp, other.perp)):
        assert mine[:450].same_as(its[:450])
        assert not (mine.close[450:] == its.close[450:]).any()
    paid = market.funding.timestamp <= int(as_of.timestamp() * 1000)
    assert (market.funding.rate[paid] == other.funding.rate[paid]).all()
