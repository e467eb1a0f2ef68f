"""What people read: their own org's rows, filtered, and never a case whose end was not known."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import isclose
from uuid import UUID

import msgspec
import pytest

from api.shapes.decisions import Decision
from db import agents, similar
from db.embedder import embed_all
from db.reads import agents as agent_reads
from db.reads import decisions, orders, positions, search, sessions, status, trades
from openoutcry.embedding import embed
from openoutcry.errors import BadInput
from tests.factories import ORG, PERP, SPOT, START, Session

NOBODY = UUID(int=4242)


async def listed(pool, wanted):
    """A list of decisions, read back."""
    found = await decisions.decisions_written(pool, ORG, wanted)
    rows = msgspec.json.decode(found.text, type=list[Decision])
    assert len(rows) == found.shown
    return [msgspec.structs.asdict(row) for row in rows]


@dataclass
class Wanted:
    """A filter."""

    symbol: str | None = None
    decision_type: str | None = None
    outcome: str | None = None
    model: str | None = None
    agent_name: str | None = None
    session_id: UUID | None = None
    from_date: datetime | None = None
    to_date: datetime | None = None
    limit: int = 50
    offset: int = 0


@pytest.fixture
async def session(write):
    """A session of sixty rounds."""
    session = Session(seed=7)
    session.made = session.run(60)
    session.writer = await write(session, session.made)
    return session


async def test_decisions_are_the_floors_unless_an_agent_is_asked_for(pool, session):
    rows = await listed(pool, Wanted(limit=500))
    assert len(rows) == 60
    assert {row["agent_name"] for row in rows} == {"floor"}
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)
    assert isclose(rows[0]["latency_ms"], 21 + rows[0]["seq"] / 1e3)
    technical = await listed(pool, Wanted(agent_name="technical", limit=500))
    assert {(row["agent_name"], row["decision_type"], row["decision"]) for row in technical} == {
        ("technical", "vote", "BUY")
    }
    assert technical[0]["outcome"] == rows[0]["outcome"]
    risk = await listed(pool, Wanted(decision_type="risk_approval"))
    assert {(row["agent_name"], row["decision"]) for row in risk} == {("risk", "REDUCE")}
    assert len(await listed(pool, Wanted(decision_type="hedge", limit=7))) == 7
    assert await listed(pool, Wanted(agent_name="floor", decision_type="vote")) == []


async def test_filters_combine_and_pages_follow_on(pool, session):
    bought = await listed(pool, Wanted(outcome="SUCCESS", symbol=SPOT, limit=500))
    assert bought and {row["outcome"] for row in bought} == {"SUCCESS"}
    late = START + timedelta(hours=40)
    assert {r["created_at"] >= late for r in await listed(pool, Wanted(from_date=late))} == {True}
    assert await listed(pool, Wanted(symbol="ETH/USDT")) == []
    assert await listed(pool, Wanted(model="gpt")) == []
    whole = [row["id"] for row in await listed(pool, Wanted(limit=60))]
    paged = [row["id"] for page in range(4) for row in await listed(pool, Wanted(limit=17, offset=17 * page))]
    assert paged == whole


async def test_one_decision_has_everything_around_it(pool, session):
    await embed_all(pool)
    traded = next(r for r in session.made if r.decision and len(r.orders) >= 3)
    row = next(r for r in await listed(pool, Wanted(limit=500)) if r["seq"] == traded.seq)
    one = await decisions.get_decision(pool, ORG, row["id"])
    assert one["prompt"].startswith("BTC/USDT 1h at 2023")
    assert one["response"] == one["reasoning"] == traded.decision.reasoning
    assert one["prompt_embedding"] == list(embed(one["prompt"]))
    assert len(one["context_embedding"]) == 64
    assert [vote["agent_name"] for vote in one["votes"]] == ["hedging", "risk", "technical", "trend"]
    assert [order["leg"] for order in one["orders"]] == sorted(p.request.leg for p in traded.orders)
    assert {gate["verdict"] for gate in one["risk"]["gate"]} == {"approved"}
    assert one["risk"]["votes"][0]["action"] == "REDUCE"
    vote = next(v for v in one["votes"] if v["agent_name"] == "technical")
    as_decision = await decisions.get_decision(pool, ORG, vote["id"])
    assert (as_decision["agent_name"], as_decision["decision"]) == ("technical", "BUY")
    assert as_decision["prompt"] == one["prompt"]
    assert await decisions.get_decision(pool, NOBODY, row["id"]) is None


async def test_figures_add_up(pool, session):
    found = await decisions.stats(pool, ORG)
    rows = await listed(pool, Wanted(limit=500))
    assert (
        found["total_decisions"]
        == 60
        == sum(found["by_outcome"].values())
        == sum(found["by_decision"].values())
    )
    assert found["by_decision_type"] == {"signal": 60}
    known = [row for row in rows if row["outcome"] != "PENDING"]
    right = sum(row["outcome"] == "SUCCESS" for row in known)
    assert isclose(found["success_rate"], right / len(known))
    assert found["total_pnl"] == sum((row["actual_pnl"] for row in known), Decimal(0))
    assert isclose(found["avg_latency_ms"], sum(row["latency_ms"] for row in rows) / 60)
    assert found["total_cost"] == sum((row["cost_usd"] for row in rows), Decimal(0))
    empty = await decisions.stats(pool, NOBODY)
    assert (empty["total_decisions"], empty["success_rate"], empty["total_pnl"]) == (0, None, 0)
    assert (await decisions.stats(pool, ORG, decision_type="hedge"))["by_decision"] == {"HEDGE": 60}


async def test_similar_cases_had_ended_before_the_question(pool, session):
    rows = await listed(pool, Wanted(limit=500))
    known = dict(await pool.fetch("SELECT id, outcome_known_at FROM decisions"))
    asking = rows[5]
    found = await decisions.similar(pool, ORG, asking["id"], 10)
    assert len(found) == 10
    assert all(known[row["id"]] <= asking["created_at"] for row in found)
    assert asking["id"] not in {row["id"] for row in found}
    scores = [row["similarity"] for row in found]
    assert scores == sorted(scores, reverse=True)
    record = {r.seq: r for r in session.made}
    here = record[asking["seq"]].context_embedding

    def cosine(seq):
        there = record[seq].context_embedding
        norm = sum(a * a for a in here) ** 0.5 * sum(b * b for b in there) ** 0.5
        return sum(a * b for a, b in zip(here, there, strict=True)) / norm

    ended = [row["seq"] for row in rows if known[row["id"]] and known[row["id"]] <= asking["created_at"]]
    best = sorted((cosine(seq) for seq in ended if seq != asking["seq"]), reverse=True)[:10]
    assert all(isclose(a, b, abs_tol=1e-5) for a, b in zip(scores, best, strict=True))
    assert await decisions.similar(pool, ORG, rows[-1]["id"], 10) == []
    assert await decisions.similar(pool, ORG, NOBODY, 10) is None
    assert await decisions.similar(pool, NOBODY, asking["id"], 10) is None
    vote = (await listed(pool, Wanted(agent_name="risk")))[5]
    assert [row["id"] for row in await decisions.similar(pool, ORG, vote["id"], 10)] == [
        row["id"] for row in found
    ]


async def test_the_index_finds_what_comparing_one_by_one_finds(pool, session, monkeypatch):
    rows = await listed(pool, Wanted(limit=20))
    exact = [await decisions.similar(pool, ORG, row["id"], 5) for row in rows]
    monkeypatch.setattr(similar, "FEW", 0)
    await pool.execute(
        "ALTER DATABASE " + await pool.fetchval("SELECT current_database()") + " SET enable_seqscan = off"
    )
    assert [[r["id"] for r in await decisions.similar(pool, ORG, row["id"], 5)] for row in rows] == [
        [r["id"] for r in found] for found in exact
    ]


async def test_searching_by_words_by_meaning_and_by_both(pool, session):
    await embed_all(pool)
    found = await search.search(pool, ORG, query="technical voices outweigh buy", limit=5)
    assert found.type == "text"
    assert len(found.hits) == 5
    assert all(row["decision"] == "BUY" for row, _ in found.hits)
    target = (await listed(pool, Wanted(limit=500)))[30]
    meant = list(embed(await pool.fetchval("SELECT prompt FROM decisions WHERE id = $1", target["id"])))
    found = await search.search(pool, ORG, embedding=meant, limit=5)
    assert found.type == "semantic"
    assert found.hits[0][0]["id"] == target["id"]
    assert isclose(found.hits[0][1], 1.0, abs_tol=1e-5)
    found = await search.search(pool, ORG, query="buy", embedding=meant, symbol=SPOT, limit=5)
    assert (found.type, len(found.hits)) == ("hybrid", 5)
    assert (await search.search(pool, ORG, query="zebra")).hits == []
    assert (await search.search(pool, NOBODY, query="buy")).hits == []
    for wrong in ({}, {"query": ""}, {"embedding": [1.0]}, {"embedding": [0.0] * 256}):
        with pytest.raises(BadInput):
            await search.search(pool, ORG, **wrong)


async def test_orders_and_their_positions(pool, session):
    async def listed(**wanted):
        page = {"session_id": None, "symbol": None, "statuses": None, "snapshot": None}
        found = await orders.orders_written(pool, ORG, **{**page, **wanted}, limit=1000, offset=0)
        rows = json.loads(found.text)
        assert len(rows) == found.shown
        return rows

    rows = await listed()
    assert len(rows) == sum(len(r.orders) for r in session.made)
    filled = await listed(statuses=("FILLED",), symbol=SPOT)
    assert {(row["status"], row["symbol"]) for row in filled} == {("FILLED", SPOT)}
    entry = next(row for row in filled if row["leg"] == "entry")
    place = await pool.fetchrow(
        "SELECT opened_seq, symbol FROM positions WHERE id = $1", entry["position_id"]
    )
    order = await orders.get_order(pool, ORG, entry["id"])
    assert tuple(place) == (order["seq"], SPOT)
    assert order["client_order_id"] == entry["client_order_id"]
    assert await orders.get_order(pool, NOBODY, entry["id"]) is None
    refused = next(row for row in rows if row["refusal"])
    assert (refused["position_id"], refused["status"]) == (None, "REJECTED")
    assert await listed(session_id=NOBODY) == []


async def test_positions_open_and_closed(pool, session):
    held = session.made[-1].portfolio_after.positions
    rows = await positions.open_positions(pool, ORG)
    assert {row["ordinal"] for row in rows} == {p.ordinal for p in held}
    everything = await positions.list_positions(pool, ORG)
    assert len(everything) == session.made[-1].portfolio_after.next_ordinal - 1
    closed = next(row for row in everything if row["exit_time"])
    assert closed["quantity"] > 0
    latest = await positions.latest_position(pool, ORG, SPOT)
    assert latest["symbol"] == SPOT
    assert await positions.latest_position(pool, ORG, "ETH/USDT") is None


async def test_trades_and_funding(pool, session):
    fills = [f for r in session.made for f in r.fills]
    rows = await trades.list_trades(pool, ORG, limit=1000)
    assert len(rows) == sum(f.kind == "TRADE" for f in fills)
    with_funding = await trades.list_trades(pool, ORG, funding=True, limit=1000)
    assert len(with_funding) == len(fills)
    assert {row["symbol"] for row in await trades.list_trades(pool, ORG, symbol=PERP)} == {PERP}


async def test_sessions_and_their_curves(pool, session):
    (row,) = await sessions.list_sessions(pool, ORG)
    assert (row["id"], row["status"]) == (session.facts.session_id, "STOPPED")
    assert row["stats"]["rounds"] == 60
    assert await sessions.list_sessions(pool, ORG, status="RUNNING") == []
    assert len(await sessions.list_sessions(pool, ORG, symbol=PERP)) == 1
    assert await sessions.get_session(pool, NOBODY, row["id"]) is None
    curve = await sessions.equity(pool, row["id"], 1000)
    assert [point["equity"] for point in curve] == [r.equity for r in session.made]
    thin = await sessions.equity(pool, row["id"], 10)
    assert 5 <= len(thin) <= 10
    assert thin[-1]["seq"] == session.made[-1].seq


async def test_agents_and_status(pool, session):
    first = await agents.heartbeat(pool, ORG, "trend", "active", {"version": "1"})
    assert first["before"] is None
    again = await agents.heartbeat(pool, ORG, "trend", "error", {"votes": 3})
    assert (again["before"], again["metadata"]) == ("active", {"version": "1", "votes": 3})
    assert again["last_seen_at"] == first["last_seen_at"]
    (row,) = await agent_reads.list_agents(pool, ORG)
    assert (row["name"], row["status"]) == ("trend", "error")
    assert await agent_reads.get_agent(pool, ORG, "nobody") is None
    now = await status.floor_status(pool, ORG)
    assert (now["sessions_running"], now["agents"], now["agents_active"], now["last_round"]) == (
        0,
        1,
        0,
        None,
    )
    await pool.execute("UPDATE sessions SET status = 'RUNNING'")
    now = await status.floor_status(pool, ORG)
    assert now["last_round"] == session.made[-1].as_of
    assert 21 < now["round_ms_p50"] < 22
