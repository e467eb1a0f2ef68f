"""Both published bodies become one complete request; whatever is wrong is named as the client spelled it."""

import json
from datetime import UTC, datetime

import pytest

from openoutcry.backtest.request.asked import Named, read
from openoutcry.backtest.request.completing import complete
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.errors import BadInput
from tests.openoutcry.backtest.asking import FOUND, MANGROVE, NOW, TRADAI, request
from tests.openoutcry.strategy.given import DEFAULTS, SEED


def test_tradais_published_body():
    made = request(TRADAI)
    assert (made.shape, made.name, made.version) == ("tradai", "BTC RSI Strategy", "1.0.0")
    assert (made.exchange, made.venue, made.symbols) == ("binance_futures", "binance", ("BTC/USDT:USDT",))
    assert (made.timeframe, made.capital, made.leverage) == ("1h", 10_000.0, 1.0)
    assert (made.start, made.end) == (
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC),
    )
    assert made.strategy["entry"][1]["params"]["window"] == 20
    assert made.asked == TRADAI


def test_mangroves_body_with_a_strategy_as_text_or_object():
    made = request()
    assert made == request(strategy_json=json.dumps(SEED))
    assert (made.shape, made.symbols, made.exchange) == ("mangrove", ("BTC/USDT",), "binance")
    assert (made.costs.fee_pct, made.costs.slippage_pct) == (0.0005, 0.001)
    config = made.execution_config
    assert (config.max_hold_bars, config.exit_on_loss_after_bars) == (48, 48)
    assert config.reward_factor == SEED["reward_factor"]
    assert (made.end - made.start).days == 182  # the last day is in it


def test_a_request_is_stored_and_restored_as_it_was():
    for made in (request(), request(TRADAI), request(strategy_json=None, strategy_id="x")):
        assert BacktestRequest.restored(json.loads(json.dumps(made.stored()))) == made


def test_tradais_extras_become_execution():
    made = request(TRADAI, stake_amount=500, stoploss=-0.03, symbols=["ETH/USDT:USDT", "BTCUSDT"], leverage=3)
    config = made.execution_config
    assert (config.position_size_calc, config.max_trade_amount) == ("all_in", 500)
    assert (config.stop_loss_calculation, config.stop_loss_pct) == ("fixed", 0.03)
    assert made.symbols == ("ETH/USDT:USDT", "BTC/USDT:USDT")
    assert made.leverage == 3


@pytest.mark.parametrize(
    ("dates", "start", "end"),
    [
        ({"start": "2024-01-01", "end": "2024-01-31"}, "2024-01-01T00:00", "2024-02-01T00:00"),
        (
            {"start_date": "2024-01-01", "end_date": "2024-01-31T06:00"},
            "2024-01-01T00:00",
            "2024-01-31T06:00",
        ),
        ({"start": "2024-01-01T02:00:00+02:00"}, "2024-01-01T00:00", "2025-06-15T12:00"),
        ({"end": "2024-03-31", "lookback_months": 1}, "2024-03-01T00:00", "2024-04-01T00:00"),
        ({"end": "2024-03-31T00:00", "lookback_months": 1}, "2024-02-29T00:00", "2024-03-31T00:00"),
        ({"lookback_months": 18}, "2023-12-15T12:00", "2025-06-15T12:00"),
        ({"start": "2024-01-01", "end": "2025-06-15"}, "2024-01-01T00:00", "2025-06-15T12:00"),
    ],
)
def test_every_way_to_name_a_period(dates, start, end):
    made = read({**_without_dates(), **dates}, NOW)
    assert made.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert made.end == datetime.fromisoformat(end).replace(tzinfo=UTC)


def _without_dates():
    return {key: value for key, value in MANGROVE.items() if key not in ("start", "end")}


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"start": "2024-06-30", "end": "2024-01-01"}, "end", "is not after start 2024-06-30"),
        ({"start": "2024-01-01T00:00", "end": "2024-01-01T00:00"}, "end", "is not after"),
        ({"start": "2031-01-01", "end": None}, "start", "lies in the future"),
        ({"start": "2031-01-01", "end": "2032-01-01"}, "end", "lies in the future"),
        ({"end": "2026-01-01"}, "end", "2026-01-02 lies in the future"),
        ({"start": "1999-01-01"}, "start", "is before 2009"),
        ({"start": "tomorrow"}, "start", "is not an ISO 8601 time"),
        ({"end": "9999-12-31"}, "end", "is not an ISO 8601 time"),
        ({"start": None}, "start", "is missing"),
        ({"lookback_months": 3}, "lookback_months", "not with start"),
        ({"start": None, "lookback_months": 0}, "lookback_months", "must be from 1 to 240"),
        ({"start": None, "lookback_months": 10**9}, "lookback_months", "must be from 1 to 240"),
        ({"start_date": "2024-01-01"}, "start_date", "give start or start_date"),
        ({"interval": "7h"}, "interval", "unknown timeframe '7h'"),
        ({"interval": "4h"}, "interval", "1h bars cannot be made of 4h candles"),
        ({"asset": "no such"}, "asset", "cannot read"),
        ({"asset": None, "symbols": ["BTC/USDT", "BTCUSDT"]}, "symbols", "names one twice"),
        ({"symbols": []}, "symbols", "at least 1"),
        ({"symbols": ["BTC/USDT"] * 21}, "symbols", "at most 20"),
        ({"exchange": "../etc"}, "exchange", "is not a name such as binance"),
        ({"leverage": 2}, "leverage", "BTC/USDT is spot, which has none; BTC/USDT:USDT has"),
        ({"leverage": 0.5}, "leverage", "greater than or equal to 1"),
        ({"leverage": 1e308}, "leverage", "less than or equal to 125"),
        ({"fee_pct": -0.1}, "fee_pct", "greater than or equal to 0"),
        ({"fee_pct": "0.1"}, "fee_pct", "number"),
        ({"fee_pct": float("nan")}, "fee_pct", "finite"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"seed": 2**70}, "seed", "too many digits"),
        ({"initial_balance": -5}, "execution_config.initial_balance", "greater than 0"),
        (
            {"max_hold_bars": 48, "execution_config": {"max_hold_bars": 50}},
            "max_hold_bars",
            "is not execution_config",
        ),
        (
            {"execution_config": {"max_hold_barz": 5}},
            "execution_config.max_hold_barz",
            "did you mean 'max_hold_bars'",
        ),
        ({"fills": {"entry": "yesterday"}}, "fills.entry", "must be"),
        ({"whatever": 1}, "whatever", "there is no such field"),
        ({"slipage_pct": 0.1}, "slipage_pct", "did you mean 'slippage_pct'"),
        ({"strategy_json": "{"}, "strategy_json", "is not valid JSON"),
        ({"strategy_json": "[" * 100_000}, "strategy_json", "is longer than"),
        ({"strategy_json": "[1]"}, "strategy_json", "must be an object"),
        ({"strategy_json": {**SEED, "entry": SEED["entry"][:1]}}, "entry", "exactly one FILTER"),
        ({"strategy_id": "7"}, "strategy_id", "stands beside strategy_json"),
        ({"strategy_json": None}, "strategy_config", "is missing; or give strategy_json or strategy_id"),
    ],
)
def test_what_is_wrong_with_mangroves_body_is_named(changes, field, said):
    with pytest.raises(BadInput) as refused:
        request(**changes)
    assert refused.value.field == field
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        (
            {"date_range": {"start": "2024-06-30", "end": "2024-01-01"}},
            "date_range.end",
            "is not after date_range.start",
        ),
        (
            {"date_range": {"start": "2099-01-01", "end": "2099-02-01"}},
            "date_range.end",
            "lies in the future",
        ),
        ({"date_range": {"start": "2024-01-01"}}, "date_range.end", "is missing"),
        ({"date_range": None}, "date_range", "is missing"),
        ({"capital": 0}, "capital", "greater than 0"),
        ({"capital": 5, "execution_config": {"initial_balance": 6}}, "capital", "is not execution_config"),
        ({"leverage": 500}, "leverage", "less than or equal to 125"),
        ({"stoploss": 0.1}, "stoploss", "less than 0"),
        ({"strategy_version": "2.0.0"}, "strategy_version", "is not strategy_config.version"),
        ({"strategy_config": {"name": ""}}, "strategy_config.name", "at least 1 character"),
        (
            {"strategy_config": {"name": "x", "parameters": {"ma_period": 2}}},
            "strategy_config.parameters.ma_period",
            "the strategy has no such parameter",
        ),
        (
            {"strategy_config": {"name": "x", "parameters": {"window": 2}}},
            "strategy_config.parameters.window",
            "could be entry[0].params.window or entry[1].params.window",
        ),
        (
            {"strategy_config": {"name": "x", "parameters": {"threshold": 300}}},
            "entry[0].params.threshold",
            "",
        ),
    ],
)
def test_what_is_wrong_with_tradais_body_is_named(changes, field, said):
    with pytest.raises(BadInput) as refused:
        request(TRADAI, **changes)
    assert refused.value.field == field
    assert said in str(refused.value)


@pytest.mark.parametrize("body", [None, [], "x", 7, {}])
def test_what_is_no_body_at_all(body):
    with pytest.raises(BadInput):
        read(body, NOW)


def test_a_short_strategy_needs_a_perpetual():
    short = {**SEED, "side": "short"}
    assert request(strategy_json=short, asset=None).symbols == ("BTC/USDT:USDT",)
    with pytest.raises(BadInput, match="BTC/USDT is spot and cannot be sold short") as refused:
        request(strategy_json=short)
    assert refused.value.field == "asset"


def test_a_code_strategy_says_its_symbols_and_keeps_its_parameters():
    body = {"name": "Trend", "entry_point": "trend", "timeframe": "4h", "parameters": {"fast": 3}}
    found = type(FOUND)(body, "2.0.0")
    asked = read(
        {
            **TRADAI,
            "timeframe": None,
            "symbols": ["BTC"],
            "strategy_config": {"name": "Trend", "parameters": {"slow": 9}},
        },
        NOW,
    )
    assert isinstance(asked.source, Named)
    made = complete(asked, DEFAULTS, found)
    assert (made.kind, made.timeframe, made.strategy["parameters"]) == ("code", "4h", {"fast": 3, "slow": 9})
    with pytest.raises(BadInput, match="a code strategy names no asset"):
        complete(read({**TRADAI, "strategy_config": {"name": "Trend"}}, NOW), DEFAULTS, found)
