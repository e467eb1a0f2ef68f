"""AmpFi's strategy endpoint to the letter of its document, and what no document says."""

import asyncio
import json
from datetime import timedelta
from itertools import pairwise

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import commands, keys, state
from db.candles import CandleStore, Series
from db.forecasting import asking
from db.identity import orgs
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import millis
from tests.api.conftest import world_on
from tests.api.market import candles
from tests.api.shaped_like import differences
from tests.api.test_errors import is_error
from tests.factories import SPOT
from wire.clock import WallClock

PATH = "/api/v1/public/strategy"
T = {
    "signal": "buy", "direction": "up", "confidence": 0.6, "predicted_change_pct": 1.2,
    "price_target": {"low": 1.0, "mid": 1.0, "high": 1.0}, "support": [1.0, 1.0, 1.0], "resistance": [1.0, 1.0, 1.0],
    "horizon_bars": 6, "as_of": "2025-01-01T00:00:00Z",
}  # fmt: skip
DOCUMENT = {
    "symbol": "BTCUSDT",
    "strategy": {
        "id": "x", "model_version": "x", "signal": "buy", "regime": "bull", "confidence": 0.7, "entry_price": 1.0,
        "target_price": 1.0, "stop_loss": 1.0, "reason": "x", "generated_at": "2025", "valid_until": "2025",
        "current_price": 1.0, "price_source": "query", "risk_reward_ratio": 2.0,
        "staleness": {
            "is_stale": False, "age_minutes": 1.0, "max_age_minutes": 60, "generated_at": "2025",
            "price_at_generation": 1.0, "price_drift_pct": 1.0, "reason": None,
        },
        "risk_assessment": {
            "level": "low", "score": 0.1, "volatility_pct": 1.0, "max_loss_pct": 1.0, "suggested_position_pct": 1.0,
            "warnings": ["x"],
        },
        "timeframes": {"1h": T, "4h": T, "daily": T},
        "validation": {
            "method": "walk_forward", "samples": 1, "directional_accuracy": 0.5, "mae_pct": 1.0, "mape": 1.0,
            "calibration_error": 0.1, "window": {"start": "2025", "end": "2025"}, "passed": False,
        },
    },
}  # fmt: skip
OF_PRICE = {"current_price", "price_source", "price_basis", "price_as_of", "staleness", "risk_reward_ratio"}
"""What the price of the moment may change."""


def scaled(made: Candles, factor: float) -> Candles:
    return Candles.of(*[made.timestamp, *[c * factor for c in made.arrays()[1:5]], made.volume])


def keep(world, home, symbol: str, *, days: int | None = None, timeframe: str = "1h", seed: int = 3) -> None:
    """Hours of a symbol near the session's price, the last ``days`` before the floor's clock or all."""
    object.__setattr__(world.floor, "home", home)
    end = millis(world.session.as_of)
    made = candles(end, seed)
    until = int(made.timestamp.searchsorted(end))
    made = scaled(made, float(world.session.price) / float(made.close[until - 1]))
    begin = 0 if days is None else until - days * 24
    CandleStore(home).merge(Series("binance", symbol, timeframe), made[begin:])


@pytest.fixture
async def market(world, tmp_path):
    """The world with candles of what its session trades."""
    await world.writer.write(world.session.round("BUY"))
    await state.set_clock(world.pool, world.session.as_of, "recorded")
    keep(world, tmp_path, SPOT)
    return world


async def asked(client: httpx.AsyncClient, symbol: str = "BTCUSDT", **params) -> dict:
    answer = await client.get(f"{PATH}/{symbol}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict = answer.json()
    return found


async def test_the_answer_has_every_field_and_each_is_what_it_says(market):
    async with market.client("viewer") as client:
        answer = await asked(client)
        decision = (await client.get("/api/v1/decisions?limit=1")).json()["decisions"][0]
    assert differences(DOCUMENT, answer) == []
    told = answer["strategy"]
    assert (answer["symbol"], told["id"], told["signal"]) == ("BTCUSDT", decision["id"], "buy")
    assert told["reason"] == decision["reasoning"] and told["source"] == "recorded"
    assert told["regime"] in ("bull", "bear", "sideways", "crisis", "recovery")
    assert told["stop_loss"] < told["entry_price"] < told["target_price"]
    risked, won = told["entry_price"] - told["stop_loss"], told["target_price"] - told["entry_price"]
    assert told["risk_reward_ratio"] == pytest.approx(won / risked)
    assert list(told["timeframes"]) == ["1h", "4h", "daily"]
    for view in told["timeframes"].values():
        target = view["price_target"]
        assert target["low"] < target["mid"] < target["high"]
        assert all(a > b for a, b in pairwise([view["price"], *view["support"]]))
        assert all(a < b for a, b in pairwise([view["price"], *view["resistance"]]))
        assert len(view["support"]) == len(view["resistance"]) == 3
        assert 0 <= view["confidence"] <= 1 and view["signal"] in ("buy", "sell", "hold")
        assert view["as_of"] <= told["generated_at"]
    assert told["staleness"]["is_stale"] is False and told["staleness"]["age_minutes"] == 0
    assert 0 <= told["confidence"] <= 1 and told["risk_assessment"]["level"] in ("low", "medium", "high")
    assert told["risk_assessment"]["max_loss_pct"] > 0 < told["risk_assessment"]["suggested_position_pct"]
    samples = [view["validation"]["samples"] for view in told["timeframes"].values()]
    assert told["validation"]["samples"] == sum(samples) > 800


async def test_a_hold_names_no_prices(market):
    await market.writer.write(market.session.round("HOLD"))
    await state.set_clock(market.pool, market.session.as_of, "recorded")
    async with market.client("viewer") as client:
        told = (await asked(client))["strategy"]
    assert told["signal"] == "hold"
    levels = ("entry_price", "target_price", "stop_loss", "risk_reward_ratio")
    assert [told[name] for name in levels] == [None] * 4
    assert told["risk_assessment"]["max_loss_pct"] == told["risk_assessment"]["suggested_position_pct"] == 0


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(price=st.floats(1e-6, 1e9, allow_nan=False, allow_infinity=False))
async def test_the_price_changes_only_what_depends_on_it(market, price):
    async with market.client("viewer") as client:
        base = (await asked(client))["strategy"]
        other = (await asked(client, currentPrice=repr(price)))["strategy"]
    assert other["current_price"] == pytest.approx(price) and other["price_source"] == "query"
    assert {k: v for k, v in other.items() if k not in OF_PRICE} == {
        k: v for k, v in base.items() if k not in OF_PRICE
    }
    crossed = not base["stop_loss"] < price < base["target_price"]
    drift = abs(price / base["staleness"]["price_at_generation"] - 1) * 100
    assert other["staleness"]["is_stale"] or not crossed
    assert other["staleness"]["price_drift_pct"] == pytest.approx((price / base["entry_price"] - 1) * 100)
    assert (other["staleness"]["reason"] is None) == (not other["staleness"]["is_stale"])
    assert other["staleness"]["is_stale"] or drift < 5


async def test_without_a_price_the_markets_own_newest_close_is_taken(market):
    async with market.client("viewer") as client:
        told = (await asked(client))["strategy"]
        bars = (await client.get("/api/v1/crypto-assets/ohlcv/BTC?days=1&interval=1h")).json()["data"]
    assert told["price_source"] == "exchange"
    assert told["current_price"] == pytest.approx(bars[-1]["close"])


@pytest.mark.parametrize(("minutes", "stale"), [(60, False), (61, True), (3000, True)])
async def test_it_grows_stale_with_market_time(market, minutes, stale):
    later = market.session.as_of + timedelta(minutes=minutes)
    await state.set_clock(market.pool, later, "recorded")
    async with market.client("viewer") as client:
        told = (await asked(client, currentPrice=str(market.session.price)))["strategy"]
    assert told["staleness"]["is_stale"] is stale
    assert told["staleness"]["age_minutes"] == minutes
    assert ("minutes old" in (told["staleness"]["reason"] or "")) is stale


async def test_a_live_market_ages_by_the_wall(market):
    await state.set_clock(market.pool, market.session.as_of, "live")
    async with market.client("viewer") as client:
        stale = (await asked(client))["strategy"]["staleness"]
    age = WallClock().now() - market.session.as_of
    assert stale["is_stale"] and stale["age_minutes"] == pytest.approx(age.total_seconds() / 60, abs=1)


BAD_SYMBOLS = (
    "btcusdt",
    "BTC/USDT",
    "BTC%2FUSDT",
    "BTC-USDT",
    "BTCU",
    "A" * 21,
    "BTC%20USDT",
    "ÄBCUSDT",
    "٣٣٣٣USDT",
)
BAD_PRICES = (
    "",
    "abc",
    "0",
    "0.0",
    "-1",
    "nan",
    "inf",
    "1e999",
    "1e-99",
    "0x10",
    "1,5",
    "1_000",
    " 1",
    "٣",
    "1e400",
    "9" * 400,
)


async def test_what_cannot_be_read_is_refused(market):
    async with market.client("viewer") as client:
        for symbol in BAD_SYMBOLS:
            answer = await client.get(f"{PATH}/{symbol}")
            assert is_error(answer, 400, "INVALID_ARGUMENT")["error"] == "Invalid symbol format", symbol
        for price in BAD_PRICES:
            answer = await client.get(f"{PATH}/BTCUSDT", params={"currentPrice": price})
            body = is_error(answer, 400, "INVALID_ARGUMENT")
            assert body["error"] == "Invalid currentPrice parameter", price
            assert body["field"] == "currentPrice"
        twice = await client.get(f"{PATH}/BTCUSDT?currentPrice=1&currentPrice=2")
        assert is_error(twice, 400, "INVALID_ARGUMENT")["error"] == "Invalid currentPrice parameter"
        assert (await asked(client, currentPrice="7.9e-7"))["strategy"]["current_price"] == 7.9e-7


async def test_only_a_bearer_comes_in_and_only_with_an_expert_plan(market):
    wrong = (
        {},
        {"X-API-Key": "nonsense"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic eA=="},
    )
    key = (await keys.create(market.pool, "expert", "viewer")).text
    async with market.client(None) as client:
        for headers in (*wrong, {"X-API-Key": key}):
            answer = await client.get(f"{PATH}/BTCUSDT", headers=headers)
            body = is_error(answer, 401, "INVALID_BEARER_TOKEN")
            assert body["error"] == "Invalid bearer token", headers
        assert (
            await client.get(f"{PATH}/BTCUSDT", headers={"Authorization": f"Bearer {key}"})
        ).status_code == 200
        for plan in ("basic", "pro"):
            org = await orgs.add(market.pool, plan, plan)
            other = (await keys.create(market.pool, "poor", "admin", org_id=org.id)).text
            answer = await client.get(f"{PATH}/BTCUSDT", headers={"Authorization": f"Bearer {other}"})
            body = is_error(answer, 403, "EXPERT_PLAN_REQUIRED")
            assert body["error"] == "Expert plan required"
            assert (
                body["message"] == "This endpoint is only available to users with an expert plan subscription"
            )


async def test_another_org_does_not_see_the_decision(market):
    org = await orgs.add(market.pool, "others", "expert")
    key = (await keys.create(market.pool, "theirs", "admin", org_id=org.id)).text
    async with market.client(None, Authorization=f"Bearer {key}") as client:
        body = is_error(await client.get(f"{PATH}/BTCUSDT"), 404, "NOT_FOUND")
    assert body["error"] == "No prediction found for BTC/USDT" and body["generationRequested"] is False


async def test_symbols_that_are_unknown_young_or_never_decided_on(market, tmp_path):
    keep(market, tmp_path, "DOGE/USDT", days=207)
    keep(market, tmp_path, "ADA/USDT", days=209)
    async with market.client("viewer") as client:
        for name, pair in (("TRUMPUSDT", "TRUMP/USDT"), ("XXXXXXXX", "XXXXXXXX")):
            body = is_error(await client.get(f"{PATH}/{name}"), 404, "NOT_FOUND")
            assert body["error"] == "Symbol not found in configured exchanges"
            assert body["message"] == body["detail"]
            assert body["message"] == f"Symbol {pair} is not available on any of your configured exchanges."
        body = is_error(await client.get(f"{PATH}/DOGEUSDT"), 422, "INSUFFICIENT_HISTORY")
        assert body["error"] == "Insufficient historical data"
        assert body["message"] == (
            "Symbol DOGE/USDT does not have enough historical data (minimum 208 days required)"
        )
        body = is_error(await client.get(f"{PATH}/ADAUSDT"), 404, "NOT_FOUND")
        assert (body["error"], body["generationRequested"]) == ("No prediction found for ADA/USDT", False)
    assert await market.pool.fetchval("SELECT count(*) FROM commands") == 0


async def test_a_decision_on_a_young_symbol_is_422_too(world, tmp_path):
    keep(world, tmp_path, SPOT, days=100)
    async with world.client("viewer") as client:
        is_error(await client.get(f"{PATH}/BTCUSDT"), 422, "INSUFFICIENT_HISTORY")


async def test_what_is_asked_of_a_floor_that_has_not_decided_is_a_round_and_it_answers(answered, tmp_path):
    await answered.pool.execute("UPDATE decisions SET created_at = created_at + interval '10 years'")
    keep(answered, tmp_path, SPOT)
    answered.stand_in.asleep = True
    async with answered.client("viewer") as client:
        for _ in range(3):
            body = is_error(await client.get(f"{PATH}/BTCUSDT"), 404, "NOT_FOUND")
            assert body["error"] == "No prediction found for BTC/USDT"
            assert body["generationRequested"] is True
        waiting = await answered.pool.fetch("SELECT id, body FROM commands WHERE state = 'PENDING'")
        assert [row["body"]["kind"] for row in waiting] == ["run_round"]
        answered.stand_in.asleep = False
        done = await commands.wait(answered.pool, waiting[0]["id"], 10)
        assert done["state"] == "DONE"
        await state.set_clock(answered.pool, answered.session.as_of, "recorded")
        assert (await asked(client))["strategy"][
            "generated_at"
        ] == answered.session.as_of.isoformat().replace("+00:00", "Z")


async def test_no_round_is_asked_of_a_stopped_session(world):
    assert await asking.ask_for_round(world.pool, world.writer.facts.org_id, [SPOT], "me") is True
    await world.pool.execute("UPDATE sessions SET status = 'STOPPED'")
    assert await asking.ask_for_round(world.pool, world.writer.facts.org_id, [SPOT], "me") is False


async def test_a_prediction_is_made_once_and_kept_for_every_process(market):
    async with market.client("viewer") as client:
        told = await asyncio.gather(*(asked(client) for _ in range(8)))
    assert all(one == told[0] for one in told)
    rows = await market.pool.fetch("SELECT timeframe, body, made_at FROM forecasts ORDER BY timeframe")
    assert [row["timeframe"] for row in rows] == ["1d", "1h", "4h"]
    kept = {row["timeframe"]: json.loads(json.dumps(row["body"])) for row in rows}
    assert kept["1h"]["price_target"]["mid"] == pytest.approx(
        told[0]["strategy"]["timeframes"]["1h"]["price_target"]["mid"]
    )


async def test_nothing_after_the_decision_changes_it(market, tmp_path):
    """Candles beyond the decision are in the store: other ones would give the same answer."""
    async with market.client("viewer") as client:
        first = await asked(client)
    store, series = CandleStore(tmp_path), Series("binance", SPOT, "1h")
    every = store.read(series)
    future = every[int(every.timestamp.searchsorted(millis(market.session.as_of))) :]
    assert len(future) > 10
    store.merge(series, scaled(future, 1.5), replace=True)
    await market.pool.execute("DELETE FROM forecasts")
    async with world_on(market.floor.database_url) as another:
        object.__setattr__(another.floor, "home", tmp_path)
        async with another.client("viewer") as client:
            again = await asked(client)
    assert again == first


async def test_a_fault_of_ours_is_called_as_the_document_calls_it(market, monkeypatch):
    async def broken(*_, **__):
        raise RuntimeError("secret")

    monkeypatch.setattr("api.routes.public_strategy.newest", broken)
    async with market.client("viewer") as client:
        body = is_error(await client.get(f"{PATH}/BTCUSDT"), 500, "INTERNAL")
    assert body["error"] == "Failed to generate trading strategy" and "secret" not in json.dumps(body)
