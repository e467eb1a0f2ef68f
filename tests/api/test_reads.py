"""What is read: decisions and their neighbours, explanations, search, sessions, positions, trades, agents, ledger."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from db import agents
from tests.api.test_errors import is_error
from tests.factories import ORG, START


async def test_decisions_are_filtered_and_paged(world, viewer):
    every = (await viewer.get("/api/v1/decisions?limit=500")).json()
    assert every["count"] == len(every["decisions"]) == 40
    assert [d["seq"] for d in every["decisions"]] == list(range(40, 0, -1))
    assert every["filter"]["limit"] == 500
    page = (await viewer.get("/api/v1/decisions?limit=5&offset=10")).json()
    assert page["decisions"] == every["decisions"][10:15]
    assert (page["filter"]["limit"], page["filter"]["offset"]) == (5, 10)
    assert (await viewer.get("/api/v1/decisions")).json()["filter"]["limit"] == 50
    for outcome in ("SUCCESS", "failure", "Pending"):
        found = (await viewer.get(f"/api/v1/decisions?limit=500&outcome={outcome}")).json()["decisions"]
        assert found == [d for d in every["decisions"] if d["outcome"] == outcome.upper()]
        assert found


async def test_decisions_between_two_times(world, viewer):
    begin, end = START + timedelta(hours=10), START + timedelta(hours=12)
    for text in (begin.isoformat(), begin.isoformat().replace("+00:00", "Z"), "2023-01-01T12:00:00+02:00"):
        query = (
            f"from_date={text}&to_date={end.isoformat().replace('+00:00', 'Z')}"  # a raw + arrives as a space
        )
        found = (await viewer.get(f"/api/v1/decisions?{query}")).json()
        assert [d["seq"] for d in found["decisions"]] == [12, 11, 10], text
        assert found["filter"]["from_date"] == "2023-01-01T10:00:00Z"
    day = (await viewer.get("/api/v1/decisions?limit=500&to_date=2023-01-02")).json()["decisions"]
    assert max(d["seq"] for d in day) == 24


async def test_one_agents_words_are_decisions_too(viewer):
    found = (await viewer.get("/api/v1/decisions?agent_name=risk&limit=3")).json()["decisions"]
    assert [d["agent_name"] for d in found] == ["risk"] * 3
    assert [d["decision_type"] for d in found] == ["risk_approval"] * 3
    one = (await viewer.get(f"/api/v1/decisions/{found[0]['id']}")).json()
    assert one["agent_name"] == "risk"
    assert (await viewer.get("/api/v1/decisions?decision_type=risk_approval&limit=3")).json()[
        "decisions"
    ] == found


async def test_a_decision_carries_its_votes_orders_and_embeddings(world, viewer):
    entry = next(
        r for r in world.records if r.kind == "ROUND" and any(o.request.leg == "entry" for o in r.orders)
    )
    (row,) = [
        d
        for d in (await viewer.get("/api/v1/decisions?limit=500")).json()["decisions"]
        if d["seq"] == entry.seq
    ]
    decision = (await viewer.get(f"/api/v1/decisions/{row['id']}")).json()
    assert {k: decision[k] for k in row} == row
    assert len(decision["context_embedding"]) == 64
    assert decision["prompt"]
    assert [v["agent_name"] for v in decision["votes"]] == ["hedging", "risk", "technical", "trend"]
    trend = decision["votes"][-1]
    assert (trend["action"], trend["confidence"], trend["abstain_reason"]) == ("ABSTAIN", None, "deadline")
    assert {o["leg"] for o in decision["orders"]} == {o.request.leg for o in entry.orders}


async def test_similar_decisions_are_ordered_known_and_never_itself(viewer):
    newest = (await viewer.get("/api/v1/decisions?limit=1")).json()["decisions"][0]
    answer = (await viewer.get(f"/api/v1/decisions/{newest['id']}/similar?limit=50")).json()
    similar = answer["similar"]
    assert answer["count"] == len(similar) > 10
    assert newest["id"] not in [s["id"] for s in similar]
    assert all(a["similarity"] >= b["similarity"] for a, b in pairwise(similar))
    assert {s["outcome"] for s in similar} <= {"SUCCESS", "FAILURE"}
    assert len((await viewer.get(f"/api/v1/decisions/{newest['id']}/similar")).json()["similar"]) == 10


async def test_stats_count_what_lists_show(viewer):
    every = (await viewer.get("/api/v1/decisions?limit=500")).json()["decisions"]
    stats = (await viewer.get("/api/v1/decisions/stats")).json()
    assert stats["total_decisions"] == len(every)
    assert stats["by_type"] == stats["by_decision_type"] == {"signal": len(every)}
    known = [d for d in every if d["outcome"] != "PENDING"]
    wins = sum(d["outcome"] == "SUCCESS" for d in known)
    assert stats["success_rate"] == pytest.approx(wins / len(known), abs=1e-6)
    assert stats["total_pnl"] == pytest.approx(sum(d["actual_pnl"] for d in known))
    assert stats["avg_latency_ms"] == pytest.approx(21.02, abs=0.1)
    none = (await viewer.get("/api/v1/decisions/stats?symbol=DOGE/USDT")).json()
    assert (none["total_decisions"], none["success_rate"], none["avg_pnl"]) == (0, None, None)


async def test_an_explanation_recounts_the_vote(viewer):
    decision = (await viewer.get("/api/v1/decisions?limit=1")).json()["decisions"][0]
    answer = (await viewer.get(f"/api/v1/decisions/{decision['id']}/explain")).json()
    assert (answer["decision"], answer["seq"]) == (decision["decision"], decision["seq"])
    assert {w["agent"] for w in answer["without"]} == {"technical", "risk", "hedging"}
    assert answer["base_rates"]["cases"] == len(answer["similar"]) <= 20
    assert sum(answer["base_rates"]["by_decision"].values()) == answer["base_rates"]["cases"]


async def test_search_by_words_by_meaning_and_by_both(world, viewer):
    by_words = (
        await viewer.post("/api/v1/decisions/search", json={"query": "technical outweighs", "limit": 5})
    ).json()
    assert (by_words["search_type"], by_words["count"], by_words["query"]) == (
        "text",
        5,
        "technical outweighs",
    )
    assert all(a["score"] >= b["score"] for a, b in pairwise(by_words["results"]))
    vector = [0.0] * 255 + [1.0]
    by_meaning = (await viewer.post("/api/v1/decisions/search", json={"embedding": vector})).json()
    assert by_meaning["search_type"] == "semantic"
    both = (
        await viewer.post("/api/v1/decisions/search", json={"query": "technical", "embedding": vector})
    ).json()
    assert both["search_type"] == "hybrid"


MALFORMED_SEARCHES = [
    ({}, "query"),
    ({"query": "  "}, "query"),
    ({"query": "x" * 501}, "query"),
    ({"embedding": [1, 2]}, "embedding"),
    ({"embedding": ["x"]}, "embedding"),
    ({"query": "x", "limit": 0}, "limit"),
    ({"query": "x", "limit": 101}, "limit"),
    ({"query": "x", "from_date": "x"}, "from_date"),
    ({"query": "x", "symbol": "!"}, "symbol"),
    ({"query": "x", "org_id": "x"}, "org_id"),
]


async def test_a_malformed_search(viewer):
    for body, field in MALFORMED_SEARCHES:
        answer = await viewer.post("/api/v1/decisions/search", json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["field"] == field


async def test_feedback_is_given_once_and_added_up(world, viewer):
    decision = (await viewer.get("/api/v1/decisions?limit=1&outcome=SUCCESS")).json()["decisions"][0]["id"]
    path = f"/api/v1/decisions/{decision}/feedback"
    async with world.client("trader") as trader:
        given = await trader.post(
            path, json={"rating": "positive", "comment": "well reasoned", "tags": ["trend"]}
        )
        assert (given.status_code, given.json()["given_by"]) == (201, "the trader")
        is_error(await trader.post(path, json={"rating": "negative"}), 409, "CONFLICT")
        for body, field in (({"rating": "meh"}, "rating"), ({"rating": "positive", "comment": "x" * 2001}, "comment"),
                            ({"rating": "positive", "tags": ["x"] * 21}, "tags"), ({}, "rating")):  # fmt: skip
            assert is_error(await trader.post(path, json=body), 400, "INVALID_ARGUMENT")["field"] == field
        nobody = "00000000-0000-0000-0000-00000000ffff"
        missing = await trader.post(f"/api/v1/decisions/{nobody}/feedback", json={"rating": "positive"})
        is_error(missing, 404, "NOT_FOUND")
    assert (await viewer.get(path)).json() == {"feedback": [given.json()], "count": 1}
    assert (await viewer.get("/api/v1/feedback?rating=positive")).json()["count"] == 1
    assert (await viewer.get("/api/v1/feedback?rating=negative")).json()["count"] == 0
    stats = (await viewer.get("/api/v1/feedback/stats")).json()
    assert stats == {"total": 1, "positive": 1, "negative": 0, "judged": 1, "agreeing": 1}


async def test_a_session_shows_how_it_went(world, viewer):
    sessions = (await viewer.get("/api/v1/sessions")).json()
    (session,) = sessions["sessions"]
    assert (await viewer.get(f"/api/v1/sessions/{world.session_id}")).json() == {
        "session": session,
        "readings": [],
    }
    last = world.records[-1]
    assert session["final_capital"] == pytest.approx(float(last.equity))
    assert session["total_pnl"] == pytest.approx(float(last.equity) - 10_000)
    assert session["total_trades"] == last.portfolio_after.trades
    assert (session["head_seq"], session["head_hash"]) == (last.seq, world.session.head)
    assert (await viewer.get("/api/v1/sessions?status=stopped")).json()["count"] == 0
    assert (await viewer.get("/api/v1/sessions?symbol=BTC-USDT")).json()["count"] == 1


async def test_the_equity_curve_is_whole_or_thinned(world, viewer):
    path = f"/api/v1/sessions/{world.session_id}/equity"
    curve = (await viewer.get(path)).json()
    assert [p["equity"] for p in curve["points"]] == [pytest.approx(float(r.equity)) for r in world.records]
    thin = (await viewer.get(f"{path}?points=7")).json()
    assert 2 <= thin["count"] == len(thin["points"]) <= 7
    assert thin["points"][-1] == curve["points"][-1]


async def test_positions_open_and_latest(world, viewer):
    held = world.records[-1].portfolio_after.positions
    answer = (await viewer.get(f"/api/v1/positions?session_id={world.session_id}")).json()
    assert answer["count"] == len(held)
    assert {p["symbol"] for p in answer["positions"]} == {p.symbol for p in held}
    spellings = ("BTC/USDT", "BTC%2FUSDT", "BTCUSDT", "BTC-USDT", "btc-usdt")
    found = [(await viewer.get(f"/api/v1/positions/{name}")).json()["position"] for name in spellings]
    assert all(position == found[0] for position in found)
    perp = (await viewer.get("/api/v1/positions/BTC/USDT:USDT")).json()["position"]
    assert (perp["symbol"], perp["role"]) == ("BTC/USDT:USDT", "hedge")


async def test_trades_of_the_last_week_of_market_time(world, viewer):
    fills = [fill for record in world.records for fill in record.fills if fill.kind == "TRADE"]
    trades = (await viewer.get("/api/v1/trades?limit=1000")).json()
    assert len(trades) == len(fills)
    assert {t["id"] for t in trades} == {fill.trade_id for fill in fills}
    assert trades == sorted(trades, key=lambda t: t["timestamp"], reverse=True)
    assert {t["side"] for t in trades} == {"buy", "sell"}
    early = (await viewer.get("/api/v1/trades?end_time=2023-01-01T12:00:00Z")).json()
    assert early == [t for t in trades if t["timestamp"] <= "2023-01-01T12:00:00Z"]
    assert (await viewer.get("/api/v1/trades?start_time=2023-01-03")).json() == []


async def test_an_agent_that_falls_silent_is_inactive(world, viewer):
    await agents.heartbeat(world.pool, ORG, "technical", "active", {"version": "1", "signals_generated": 42})
    await agents.heartbeat(world.pool, ORG, "trend", "error", {"abstained": "deadline"})
    listed = (await viewer.get("/api/v1/agents")).json()
    assert [(a["name"], a["status"], a["is_healthy"]) for a in listed["agents"]] == [
        ("technical", "active", True),
        ("trend", "error", False),
    ]
    for name in ("technical", "technical-agent"):
        one = (await viewer.get(f"/api/v1/agents/{name}")).json()["agent"]
        assert (one["name"], one["metadata"]["signals_generated"]) == ("technical", 42)
    await world.pool.execute(
        "UPDATE agents SET last_seen_at = now() - interval '4 hours' WHERE name = 'technical'"
    )
    short = (await viewer.get("/api/v1/agents/technical/status")).json()
    assert (short["status"], short["healthy"], short["is_healthy"]) == ("inactive", False, False)


async def test_the_ledger_is_verified_and_an_edit_is_named(world, viewer):
    good = (await viewer.get("/api/v1/ledger/verify")).json()
    assert (good["ok"], good["records"], good["head_hash"]) == (True, 41, world.session.head)
    await world.pool.execute("UPDATE equity SET cash = cash + 1 WHERE seq = 7")
    bad = (await viewer.get(f"/api/v1/ledger/verify?session_id={world.session_id}")).json()
    assert bad["ok"] is False
    assert (bad["first_bad"]["table"], bad["first_bad"]["column"]) == ("equity", "cash")


async def test_an_empty_floor_answers_everything(newborn):
    async with newborn.client("viewer") as client:
        for path, key in (
            ("agents", "agents"),
            ("positions", "positions"),
            ("orders", "orders"),
            ("sessions", "sessions"),
            ("decisions", "decisions"),
        ):
            assert (await client.get(f"/api/v1/{path}")).json()[key] == []
        assert (await client.get("/api/v1/trades")).json() == []
        stats = (await client.get("/api/v1/decisions/stats")).json()
        assert (stats["total_decisions"], stats["avg_confidence"], stats["total_pnl"]) == (0, None, 0)
        assert (await client.get("/api/v1/ledger/verify")).json()["ok"] is True
        status = (await client.get("/api/v1/status")).json()
        assert (status["status"], status["components"].keys()) == (
            "operational",
            {"database", "api", "websocket"},
        )
        assert datetime.fromisoformat(status["timestamp"])
        assert (await client.get("/metrics")).status_code == 200
