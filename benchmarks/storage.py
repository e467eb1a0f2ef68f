"""Storage on a durable embedded server: an append, verifying a ledger, and finding similar decisions.

python -m benchmarks.storage [--rounds 2000] [--decisions 100000] [--asked 200]
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import mean
from time import perf_counter
from uuid import UUID, uuid5

import asyncpg
import numpy as np
import uvloop

from benchmarks.machine import machine
from db import ledger, sessions, similar
from db.embedded import EmbeddedPostgres
from db.embedder import embed_all
from db.migrate import upgrade
from db.pool import fetch, open_pool
from db.verify import verify
from openoutcry.context import VERSION, context_vector, market_features
from openoutcry.ledger.facts import SessionFacts
from openoutcry.types.record import CycleRecord
from tests.factories import ORG, SETTINGS, SPOT, START, Session, facts_of

OTHER = UUID(int=5)
WINDOW = 256
COLUMNS = (
    *("id", "org_id", "session_id", "seq", "agent_name", "symbol", "decision_type", "decision", "target"),
    *(
        "confidence",
        "reasoning",
        "context",
        "prompt",
        "response",
        "model",
        "prompt_tokens",
        "completion_tokens",
    ),
    *("cost_usd", "source", "context_embedding", "context_embedder", "created_at", "outcome", "actual_pnl"),
    *("outcome_reason", "outcome_known_at"),
)


def spread(times: Sequence[float]) -> dict[str, float]:
    """p50 and p95 in milliseconds."""
    ordered = sorted(times)
    return {
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 2),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)] * 1000, 2),
    }


async def appends(
    pool: asyncpg.Pool, home: Path, facts: SessionFacts, made: list[CycleRecord]
) -> dict[str, object]:
    """Append a session's records; times of rounds that traded nothing and of those that did."""
    head = await sessions.create(pool, facts, "bench", SETTINGS)
    quiet: list[float] = []
    busy: list[float] = []
    for record in made:
        began = perf_counter()
        head = await ledger.append(
            pool, record, facts, head, committed_at=START, timings={"round_s": 0.1}, home=home
        )
        (busy if record.orders or record.order_updates else quiet).append(perf_counter() - began)
    return {"append_quiet": spread(quiet), "append_trading": spread(busy)}


def contexts(count: int) -> Iterator[tuple[float, ...]]:
    """Context vectors of a seeded walk through calm and wild weeks, one per bar."""
    rng, bars = np.random.default_rng(5), count + WINDOW
    calm = np.repeat(rng.lognormal(-5.3, 0.5, bars // 168 + 1), 168)[:bars]
    close = 20_000 * np.exp(np.cumsum(calm * rng.standard_t(4, bars) / 1.4))
    reach = close * calm * rng.exponential(1.0, (2, bars))
    opened = np.concatenate((close[:1], close[:-1]))
    series = {
        "open": opened,
        "high": np.maximum(opened, close) + reach[0],
        "low": np.maximum(np.minimum(opened, close) - reach[1], 1.0),
        "close": close,
        "volume": rng.lognormal(6, 0.6, bars),
    }
    for end in range(WINDOW, bars):
        features = market_features({name: column[end - WINDOW : end] for name, column in series.items()})
        yield context_vector(features)


async def fill(pool: asyncpg.Pool, count: int) -> None:
    """Decisions, hour by hour, in two orgs, one in five of them the other's."""
    facts = facts_of(1)
    await sessions.create(pool, facts, "cases", SETTINGS)
    await pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", OTHER)
    said = (
        SPOT,
        "signal",
        "BUY",
        "LONG",
        0.5,
        "because",
        {},
        "asked",
        "because",
        "rules",
        0,
        0,
        0,
        "recorded",
    )
    rows = []
    for number, context in enumerate(contexts(count)):
        at, org = START + timedelta(hours=number), ORG if number % 5 else OTHER
        ended = (list(context), VERSION, at, "SUCCESS", 1, "up", at + timedelta(hours=24))
        id_ = uuid5(facts.session_id, str(number))
        rows.append((id_, org, facts.session_id, number, "floor", *said, *ended))
    async with pool.acquire() as connection:
        await connection.execute("SET maintenance_work_mem = '512MB'")
        await connection.execute("DROP INDEX decisions_by_context")
        await connection.copy_records_to_table("decisions", records=rows, columns=COLUMNS)
        await connection.execute(
            "CREATE INDEX decisions_by_context ON decisions USING hnsw (context_embedding vector_cosine_ops)"
            " WITH (m = 16, ef_construction = 64)",
            timeout=1800,
        )
        await connection.execute("ANALYZE decisions")


async def neighbours(pool: asyncpg.Pool, count: int, asked: int) -> dict[str, object]:
    """Ten similar cases with the org and as-of filters on: time, and recall against comparing one by one."""
    rng, session_id = np.random.default_rng(9), facts_of(1).session_id
    found: dict[str, object] = {}
    for name, low, high in (("late", 0.9, 1.0), ("middle", 0.4, 0.6), ("early", 0.03, 0.06)):
        times: list[float] = []
        recall: list[float] = []
        for number in rng.integers(int(low * count), int(high * count), asked):
            asking = uuid5(session_id, str(int(number) + (number % 5 == 0)))
            began = perf_counter()
            cases = await similar.similar(pool, ORG, asking, 10) or []
            times.append(perf_counter() - began)
            (own,) = await fetch(pool, similar.ASKING, ORG, asking)
            context = (own["context_embedding"], asking, own["created_at"], own["context_embedder"])
            best = {row["id"] for row in await fetch(pool, similar.EXHAUSTIVE, ORG, *context, 10)}
            recall.append(len(best & {row["id"] for row in cases}) / len(best))
        found[f"similar_{name}"] = {**spread(times), "recall_at_10": round(mean(recall), 4)}
    return found


async def measure(url: str, home: Path, rounds: int, decisions: int, asked: int) -> dict[str, object]:
    """Run everything on one database."""
    await upgrade(url)
    pool = await open_pool(url)
    session = Session(seed=3)
    made = session.run(rounds, extras=False)
    figures = await appends(pool, home, session.facts, made)
    began = perf_counter()
    await embed_all(pool)
    figures["embed_prompt_ms"] = round((perf_counter() - began) / rounds * 1000, 2)
    began = perf_counter()
    verified = await verify(pool, session.facts.session_id, home)
    figures["verify_records_per_s"] = round(verified.records / (perf_counter() - began))
    await fill(pool, decisions)
    figures |= await neighbours(pool, decisions, asked)
    await pool.close()
    return {"rounds": rounds, "decisions": decisions, **figures, "machine": machine()}


def main() -> None:
    """Parse the command line and print the figures as JSON."""
    parser = argparse.ArgumentParser(description="Measure storage.")
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            url = server.start()
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                print(
                    json.dumps(
                        runner.run(measure(url, Path(folder), args.rounds, args.decisions, args.asked)),
                        indent=1,
                    )
                )
        finally:
            server.stop()


if __name__ == "__main__":
    main()
