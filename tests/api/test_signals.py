"""``/api/v1/signals``: the registry, found by name, by words, by likeness; tried on candles."""

import pytest

from db import state
from openoutcry.signals.bars import Bars
from openoutcry.signals.leaning import leaning
from openoutcry.signals.likeness import matches
from openoutcry.signals.registry import REGISTRY
from openoutcry.types.timeframes import millis
from tests.api.market import stored
from tests.api.shaped_like import differences
from tests.api.test_errors import is_error

PATH = "/api/v1/signals"
ITEM = {"name": "", "category": "", "signal_type": "TRIGGER", "metadata": {
    "rule_name": "", "description": "", "requires": [""],
    "params": {}}}  # fmt: skip
PARAM = {"type": "int", "min": 1, "max": 2, "optional": True, "default": 14}


async def test_the_list_is_the_registry_in_pages(viewer):
    names, offset = [], 0
    while offset is not None:
        page = (await viewer.get(f"{PATH}/?limit=100&offset={offset}")).json()
        assert differences({"signals": [ITEM], "total": 1, "limit": 1, "offset": 0}, page) == []
        assert (page["total"], page["limit"], page["offset"]) == (len(REGISTRY), 100, offset)
        names += [signal["name"] for signal in page["signals"]]
        assert page["has_more"] is (page["next_offset"] is not None)
        offset = page["next_offset"]
    assert names == sorted(REGISTRY)
    assert (await viewer.get(PATH)).json()["limit"] == 50
    for query, holds in (
        ("category=momentum", lambda s: s.category == "momentum"),
        ("role=FILTER", lambda s: s.kind == "FILTER"),
        ("regime_direction=bull&role=trigger", lambda s: s.kind == "TRIGGER" and leaning(s) == "bull"),
    ):
        page = (await viewer.get(f"{PATH}?limit=100&{query}")).json()
        assert page["total"] == sum(holds(signal) for signal in REGISTRY.values()), query
    for query, field in (
        ("category=x", "category"),
        ("role=x", "role"),
        ("limit=101", "limit"),
        ("offset=-1", "offset"),
    ):
        assert is_error(await viewer.get(f"{PATH}?{query}"), 400, "VALIDATION_ERROR")["field"] == field


async def test_one_signal_with_its_parameters(viewer):
    one = (await viewer.get(f"{PATH}/rsi_cross_up")).json()
    assert one["success"] is True
    assert {key: one[key] for key in one["signal"]} == one["signal"]
    assert one["metadata"]["params"]["window"] | {"choices": []} == {
        **PARAM,
        "min": 2,
        "max": 100,
        "choices": [],
    }
    assert (one["signal_type"], one["metadata"]["regime_direction"]) == ("TRIGGER", "bull")
    missing = is_error(await viewer.get(f"{PATH}/rsi_cross_upp"), 404, "RESOURCE_NOT_FOUND")
    assert "rsi_cross_up" in missing["message"]


POINTS = [
    ("rsi_oversold", "bull"), ("rsi_overbought", "bear"), ("ao_zero_cross", "neutral"), ("doji_trigger", "neutral"),
    ("chandelier_long_stop_hit", "bear"), ("evening_star_trigger", "bear"), ("bb_squeeze", "neutral"),
]  # fmt: skip


def test_a_signal_points_where_its_name_says():
    for name, way in POINTS:
        assert leaning(REGISTRY[name]) == way, name


async def test_search_by_name_parameter_and_words(viewer):
    async def found(query: str, kind: str) -> set[str]:
        answer = await viewer.post(f"{PATH}/search", json={"query": query, "search_type": kind, "limit": 100})
        body = answer.json()
        assert (body["query"], body["search_type"], body["total"]) == (query, kind, len(body["signals"]))
        return {signal["name"] for signal in body["signals"]}

    assert await found("rsi", "name") == {name for name in REGISTRY if "rsi" in name}
    assert "psar_bullish" in await found("max_step", "params")
    assert "macd_bullish_cross" not in await found("rsi threshold", "keywords")
    assert "rsi_oversold" in await found("rsi oversold", "keywords")
    for body, field in (({"query": ""}, "query"), ({"query": "x", "search_type": "y"}, "search_type"), ({}, "query"),
                        ({"query": "x", "limit": 0}, "limit"), ({"query": "x", "colour": 1}, "colour")):  # fmt: skip
        answer = await viewer.post(f"{PATH}/search", json=body)
        assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_a_match_is_like_what_was_said_and_says_why(viewer):
    body = {"description": "buy when RSI crosses up out of oversold", "top_k": 3}
    answer = (await viewer.post(f"{PATH}/match", json=body)).json()
    shape = {"query": "", "top_k": 3, "similarity_threshold": 0.3, "matches": [{
        "signal_name": "", "description": "", "similarity_score": 0.1, "semantic_score": 0.1, "intent_score": 0.1,
        "usecase_score": 0.1, "params": {}, "match_reasoning": ""}]}  # fmt: skip
    assert differences(shape, answer) == []
    assert answer["matches"][0]["signal_name"] == "rsi_cross_up"
    assert len(answer["matches"]) == 3
    scores = [match["similarity_score"] for match in answer["matches"]]
    assert scores == sorted(scores, reverse=True) and 0.3 <= scores[-1] <= scores[0] <= 1
    same = await viewer.post(
        f"{PATH}/match", json={"user_description": body["description"], "num_results": 3}
    )
    assert same.json() == answer
    none = await viewer.post(f"{PATH}/match", json={"description": "zzz qqq", "similarity_threshold": 0.9})
    assert none.json()["matches"] == []
    is_error(await viewer.post(f"{PATH}/match", json={}), 400, "MISSING_FIELD")
    for wrong, field in (
        ({"top_k": 0, "num_results": 101}, "top_k"),
        ({"similarity_threshold": 2}, "similarity_threshold"),
    ):
        answer = await viewer.post(f"{PATH}/match", json={"description": "x", **wrong})
        assert is_error(answer, 400, "VALIDATION_ERROR")["field"] == field


LIKE = [("price breaks above the upper bollinger band", "bb_upper_breakout"), ("volatility squeeze", "bb_squeeze"),
        ("sell when MACD turns bearish", "macd_bearish_cross")]  # fmt: skip


@pytest.mark.parametrize(("text", "name"), LIKE)
def test_likeness_finds_what_is_meant(text, name):
    assert matches(text, 1, 0.0)[0].signal.name == name
    assert all(0 <= score <= 1 for match in matches(text, 300, 0.0) for score in match[1:5])


async def test_a_signal_is_true_or_false_on_the_callers_candles(viewer):
    falling = [{"Close": 100 - i} for i in range(40)]
    path = f"{PATH}/rsi_oversold/evaluate"
    answer = await viewer.post(
        path, json={"market_data": falling, "parameters": {"window": 14, "threshold": 30}}
    )
    assert {key: answer.json()[key] for key in ("success", "result", "error")} == {
        "success": True, "result": True, "error": None,
    }  # fmt: skip
    short = await viewer.post(path, json={"market_data": falling[:5]})
    assert short.json()["result"] is False
    chain = next(signal for signal in REGISTRY.values() if signal.set == "onchain")
    blind = (await viewer.post(f"{PATH}/{chain.name}/evaluate", json={"market_data": falling})).json()
    assert (blind["success"], blind["result"]) == (False, None)
    assert "no source" in blind["error"]
    wrong = [
        ({"market_data": []}, "market_data"),
        ({"market_data": [{"close": "x"}]}, "market_data[0].close"),
        ({"market_data": [{"close": 1}, {"close": -1}]}, "market_data[1].close"),
        ({"market_data": [{"open": 1}]}, "market_data[0].close"),
        ({"market_data": [{"close": 1}] * 5001}, "market_data"),
        ({"market_data": falling, "params": {"window": 0}}, "params.window"),
        ({"market_data": falling, "params": {}, "parameters": {}}, "params"),
        ({"market_data": "x"}, "market_data"),
    ]
    for body, field in wrong:
        answer = await viewer.post(path, json=body)
        assert is_error(answer, 400, "VALIDATION_ERROR").get("field") == field, body


async def test_rules_and_parameters_are_checked(viewer):
    good = {"name": "rsi_oversold", "signal_type": "TRIGGER", "timeframe": "1D", "parameters": {"window": 14}}
    told = (await viewer.post(f"{PATH}/validate", json=good)).json()
    assert (told["valid"], told["errors"]) == (True, [])
    assert "declared TRIGGER" in told["warnings"][0]
    rules = [
        good,
        {**good, "name": "nope"},
        {**good, "parameters": {"window": "x"}},
        {**good, "timeframe": 7},
        {"name": 1},
    ]
    told = (await viewer.post(f"{PATH}/validate", json={"signals": rules})).json()
    assert [one["field"] for one in told["errors"]] == [
        "signals[1].name", "signals[2].params.window", "signals[3].timeframe", "signals[4].name",
    ]  # fmt: skip
    filled = (
        await viewer.post(f"{PATH}/rsi_oversold/validate-params", json={"params": {"window": 20}})
    ).json()
    assert (filled["valid"], filled["params"]) == (True, {"window": 20, "threshold": 30.0})
    wrong = (
        await viewer.post(f"{PATH}/rsi_oversold/validate-params", json={"params": {"window": 1e9}})
    ).json()
    assert (wrong["valid"], wrong["errors"][0]["field"]) == (False, "params.window")


async def test_behaviour_is_counted_on_what_is_stored_up_to_the_clock(world, viewer, tmp_path):
    kept = stored(world, tmp_path)["BTC/USDT"]
    ask = {"name": "rsi_oversold", "asset": "BTC", "params": {"window": 14}, "bars": 1000, "horizon_bars": 12}
    told = (await viewer.post(f"{PATH}/behavior", json=ask)).json()
    clock = await state.clock(world.pool)
    until = int(kept.timestamp.searchsorted(millis(clock) - 3_600_000, "right"))
    mask = REGISTRY["rsi_oversold"].evaluate(Bars.of(kept[until - 1000 : until]), {"window": 14})
    assert (told["symbol"], told["bars"], told["true_bars"]) == ("BTC/USDT", 1000, int(mask.sum()))
    assert 0 < told["occurrences"] <= told["true_bars"] and told["measured"] <= told["occurrences"]
    assert told["share"] == pytest.approx(told["true_bars"] / 1000)
    for changes, status, field in (({"asset": "DOGE"}, 404, None), ({"bars": 1}, 400, "bars"), ({"name": "x"}, 400, "name"),
                                   ({"timeframe": "9x"}, 400, "timeframe"), ({"asset": "!"}, 400, "symbol")):  # fmt: skip
        answer = await viewer.post(f"{PATH}/behavior", json={**ask, **changes})
        assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text


async def test_labels_and_datasets(world, viewer, tmp_path):
    labels = (await viewer.get(f"{PATH}/labels")).json()
    assert sum(labels["counts"]["category"].values()) == len(REGISTRY)
    assert labels["labels"]["regime"][0] == "mega_bear"
    stored(world, tmp_path)
    found = (await viewer.get(f"{PATH}/playground-datasets")).json()
    assert [one["id"] for one in found["datasets"]] == [
        "binance:BTC/USDT:1h", "binance:BTC/USDT:USDT:1h", "binance:ETH/USDT:1h",
    ]  # fmt: skip


async def test_what_is_found_and_matched_can_be_narrowed(viewer):
    asked = {"query": "rsi", "limit": 100, "regime_direction": "bull", "role": "trigger"}
    found = (await viewer.post(f"{PATH}/search", json=asked)).json()
    assert found["signals"] and found["filter"] == {
        "category": None,
        "regime_direction": "bull",
        "role": "trigger",
    }
    assert all(
        (one["signal_type"], one["metadata"]["regime_direction"]) == ("TRIGGER", "bull")
        for one in found["signals"]
    )
    wish = {"description": "oversold", "top_k": 50, "similarity_threshold": 0, "role": "filter"}
    plain = (await viewer.post(f"{PATH}/match", json=wish)).json()
    assert len(plain["matches"]) == 50 and {one["signal_type"] for one in plain["matches"]} == {"FILTER"}
    meant = await viewer.post(
        f"{PATH}/match", json={**wish, "user_intent": {"idea": "bollinger squeeze volatility"}}
    )
    assert [one["signal_name"] for one in meant.json()["matches"]] != [
        one["signal_name"] for one in plain["matches"]
    ]
    bad = {**wish, "role": "both"}
    assert is_error(await viewer.post(f"{PATH}/match", json=bad), 400, "VALIDATION_ERROR")["field"] == "role"
