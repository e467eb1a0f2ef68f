"""The handbook served as a knowledge base, without a key; trying signals and indicators with one."""

import numpy as np
import pytest

from openoutcry.indicators.catalogue import CATALOGUE
from openoutcry.signals.registry import REGISTRY
from tests.api.test_errors import is_error

ROWS = [
    {"open": 100.0 + i, "high": 102.0 + i, "low": 99.0 + i, "close": 101.0 + i, "volume": 5.0}
    for i in range(30)
]


async def test_documents_and_their_sections_are_read_without_a_key(newborn):
    async with newborn.client(None) as client:
        listed = (await client.get("/api/documents")).json()
        assert {
            "risk",
            "glossary",
            "signals-momentum",
            "indicator-catalogue",
            "decisions-0003-one-candle-store",
        } <= {one["slug"] for one in listed["documents"]}
        for one in listed["documents"]:
            whole = (await client.get(f"/api/documents/{one['slug']}")).json()
            assert whole["title"] == one["title"] and whole["content"] and whole["sections"]
        tree = (await client.get("/api/documents/risk/sections")).json()
        assert (tree["document_slug"], tree["sections"][0]["level"]) == ("risk", 1)
        assert "The plan" in [child["title"] for child in tree["sections"][0]["children"]]
        is_error(await client.get("/api/documents/nothing"), 404, "RESOURCE_NOT_FOUND")


async def test_a_search_finds_ranks_narrows_and_refuses(newborn):
    async with newborn.client(None) as client:
        found = (await client.get("/api/search?q=rsi oversold&limit=5")).json()
        assert len(found["results"]) == 5 <= found["total"]
        assert found["results"][0]["relevance_score"] == 1.0
        assert found["results"][0]["section_anchor"] == "rsi_oversold"
        narrow = (await client.get("/api/search?q=hedge&tags=decision")).json()
        assert narrow["total"] and all("decision" in one["tags"] for one in narrow["results"])
        plain = (await client.get("/api/search?q=hedges&expand=false")).json()["total"]
        assert 0 < plain < (await client.get("/api/search?q=hedges")).json()["total"]
        assert (await client.get("/api/search?q=zzzzzz")).json() == {
            "query": "zzzzzz",
            "total": 0,
            "results": [],
        }
        for query, field in (
            ("q=", "q"),
            ("q=a&limit=0", "limit"),
            (f"q={'x' * 201}", "q"),
            ("q=a&tags=nope", "tags"),
        ):
            assert (await client.get(f"/api/search?{query}")).json()["field"] == field, query
        is_error(await client.get("/api/search"), 400, "MISSING_FIELD")


async def test_tags_terms_and_backlinks(newborn):
    async with newborn.client(None) as client:
        tags = (await client.get("/api/tags")).json()["tags"]
        for tag in tags:
            assert (await client.get(f"/api/tags/{tag['name']}")).json()["total"] == tag["count"] > 0
        entries = (await client.get("/api/glossary")).json()["entries"]
        assert len(entries) > 40 and all(one["definition"] for one in entries)
        one = (await client.get("/api/glossary/var")).json()
        assert (one["term"], one["abbreviation"]) == ("Value at risk", "VaR")
        assert {link["document_slug"] for link in one["backlinks"]} >= {"risk"}
        links = (await client.get("/api/backlinks/jobs")).json()
        assert links["total"] == len(links["backlinks"]) > 0
        is_error(await client.get("/api/glossary/nothing"), 404, "RESOURCE_NOT_FOUND")
        is_error(await client.get("/api/tags/nothing"), 404, "RESOURCE_NOT_FOUND")


async def test_signals_and_indicators_are_those_there_are(newborn):
    async with newborn.client(None) as client:
        signals = (await client.get("/api/signals")).json()
        assert {one["name"] for one in signals["signals"]} == set(REGISTRY)
        some = (await client.get("/api/signals?category=Momentum&signal_type=filter")).json()["signals"]
        assert some and {(one["category"], one["signal_type"]) for one in some} == {("momentum", "FILTER")}
        one = (await client.get("/api/signals/rsi_oversold")).json()
        assert one["params"]["window"] == {
            "type": "int",
            "min": 2,
            "max": 100,
            "optional": True,
            "default": 14,
        }
        indicators = (await client.get("/api/indicators")).json()
        assert {one["name"] for one in indicators["indicators"]} == set(CATALOGUE)
        bands = (await client.get("/api/indicators/bbands")).json()
        assert (
            bands["outputs"] == ["upper", "middle", "lower", "percent_b", "width"]
            and bands["category"] == "volatility"
        )
        is_error(await client.get("/api/indicators/bbandz"), 404, "RESOURCE_NOT_FOUND")


async def test_trying_needs_a_key_and_gives_what_the_code_gives(newborn):
    trial = {"name": "rsi_overbought", "ohlcv": ROWS, "params": {"window": 5}}
    calculation = {"name": "sma", "data": {"close": [1.0, 2.0, 4.0]}, "params": {"window": 2}}
    async with newborn.client(None) as nobody, newborn.client("viewer") as client:
        for path, body in (("evaluate", trial), ("compute", calculation)):
            is_error(await nobody.post(f"/api/{path}", json=body), 401, "AUTH_REQUIRED")
        said = (await client.post("/api/evaluate", json=trial)).json()
        assert said == {"signal": "rsi_overbought", "result": True, "bars": 30, "error": None}
        made = (await client.post("/api/compute", json=calculation)).json()
        assert made["result"] == {"value": [None, 1.5, 3.0]} and made["bars_needed"] == 2
        macd = await client.post(
            "/api/compute", json={"name": "macd", "data": {"close": [row["close"] for row in ROWS]}}
        )
        expected = CATALOGUE["macd"].compute(
            {"close": np.array([row["close"] for row in ROWS])}, CATALOGUE["macd"].defaults()
        )
        for name, values in macd.json()["result"].items():
            assert [x for x in values if x is not None] == pytest.approx(
                expected[name][~np.isnan(expected[name])]
            )
        for path, body, field in (
            ("evaluate", {**trial, "name": "nope"}, "name"),
            ("evaluate", {**trial, "ohlcv": []}, "ohlcv"),
            ("evaluate", {**trial, "ohlcv": [{"open": 1.0}]}, "ohlcv[0].close"),
            ("compute", {**calculation, "data": {"open": [1.0]}}, "data.close"),
            ("compute", {**calculation, "params": {"window": 0}}, "params.window"),
            (
                "compute",
                {"name": "atr", "data": {"high": [1.0], "low": [1.0, 2.0], "close": [1.0]}},
                "data.low",
            ),
        ):
            assert (
                is_error(await client.post(f"/api/{path}", json=body), 400, "VALIDATION_ERROR")["field"]
                == field
            )
