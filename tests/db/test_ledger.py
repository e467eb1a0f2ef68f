"""A record goes in whole, once, and only where it belongs."""

import asyncio
import hashlib
import json

import asyncpg
import pytest

from db import feed, ledger, rounds, sessions
from db.anchor import read_anchor
from db.appending import KEPT_ROUNDS, ORDER
from db.pool import open_pool
from db.records import last_record, record, records
from db.verify import verify
from openoutcry.errors import LedgerBroken
from openoutcry.ledger.announce import Event
from openoutcry.ledger.projection import project
from tests.db.conftest import Writer
from tests.factories import ORG, START, Session

COUNTS = """
SELECT (SELECT count(*) FROM cycles) AS cycles, (SELECT count(*) FROM decisions) AS decisions,
       (SELECT count(*) FROM votes) AS votes, (SELECT count(*) FROM orders) AS orders,
       (SELECT count(*) FROM fills) AS fills, (SELECT count(*) FROM positions) AS positions,
       (SELECT count(*) FROM equity) AS equity
"""


async def test_a_session_is_stored_as_its_records_say(pool, write):
    session = Session(seed=7)
    made = session.run(40)
    writer = await write(session, made)
    counts = await pool.fetchrow(COUNTS)
    assert counts["cycles"] == counts["equity"] == len(made)
    assert counts["decisions"] == 40
    assert counts["votes"] == 160
    assert counts["orders"] == sum(len(r.orders) for r in made)
    assert counts["fills"] == sum(len(r.fills) for r in made)
    assert counts["positions"] == made[-1].portfolio_after.next_ordinal - 1
    ended = await pool.fetchval("SELECT count(*) FROM decisions WHERE outcome <> 'PENDING'")
    assert ended == sum(len(r.outcomes) for r in made)
    stored = await sessions.find(pool, session.facts.session_id)
    assert stored.head == writer.head == await ledger.read_head(pool, session.facts.session_id)
    assert (stored.status, stored.facts) == ("STOPPED", session.facts)
    assert await last_record(pool, session.facts.session_id) == made[-1]
    assert [r async for r in records(pool, session.facts.session_id)] == made
    assert await record(pool, session.facts.session_id, 5) == made[5]
    body, hash_ = await pool.fetchrow("SELECT body, hash FROM cycles WHERE seq = 3")
    assert hashlib.sha256(body.encode()).hexdigest() == hash_
    assert json.loads(body)["prev_hash"] == await pool.fetchval("SELECT hash FROM cycles WHERE seq = 2")


async def test_a_repeated_append_changes_nothing(pool, write):
    session = Session(seed=7)
    made = session.run(10, extras=False)
    writer = await write(session, made[:-1])
    before = writer.head
    first = await writer.write(made[-1])
    counts = await pool.fetchrow(COUNTS)
    events = await feed.head(pool, ORG)
    writer.head = before
    assert await writer.write(made[-1]) == first
    assert (await pool.fetchrow(COUNTS), await feed.head(pool, ORG)) == (counts, events)


async def test_what_does_not_follow_is_refused_and_leaves_nothing(pool, write):
    session = Session(seed=7)
    made = session.run(10, extras=False)
    writer = await write(session, made[:5])
    counts = await pool.fetchrow(COUNTS)
    with pytest.raises(LedgerBroken, match="does not follow"):
        await writer.write(made[6])
    other = made[4].model_copy(update={"equity": made[4].equity + 1})
    writer.head = ledger.Head(3, made[4].prev_hash, "x", writer.head.stats)
    with pytest.raises(LedgerBroken, match="cannot be appended"):
        await writer.write(other)
    assert await pool.fetchrow(COUNTS) == counts


async def test_two_writers_cannot_both_append(pool, fresh_database, write):
    session = Session(seed=7)
    made = session.run(3, extras=False)
    writer = await write(session, made[:3])
    rival = Writer(await open_pool(fresh_database), session)
    rival.head = writer.head
    another = made[3].model_copy(update={"detail": {"who": "rival"}})
    done = await asyncio.gather(writer.write(made[3]), rival.write(another), return_exceptions=True)
    assert [type(r) for r in done].count(LedgerBroken) == 1
    await rival.pool.close()


async def test_a_fill_cannot_be_booked_twice(pool, write):
    session = Session(seed=7)
    made = session.run(30, extras=False)
    number = next(i for i, r in enumerate(made) if r.fills)
    writer = await write(session, made[: number + 1])
    again = made[number + 1].model_copy(update={"fills": made[number].fills})
    with pytest.raises(LedgerBroken, match="booked twice"):
        await writer.write(again)


async def test_the_execution_servers_intent_becomes_the_records_order(pool, write):
    session = Session(seed=7)
    made = session.run(30, extras=False)
    number = next(i for i, r in enumerate(made) if any(p.state for p in r.orders))
    writer = await write(session, made[:number])
    planned = next(p for p in made[number].orders if p.state)
    row = next(o for o in project(made[number], session.facts).orders if o.leg == planned.request.leg)
    await writer.approve(made[number])
    await pool.execute(
        "INSERT INTO orders (id, org_id, session_id, seq, leg, client_order_id, symbol, exchange, side, type,"
        " status, quantity, time_in_force, reduce_only, reason, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'x', $8, $9, 'SENT', $10, 'GTC', false, '', now(), now())",
        *(
            row.id,
            row.org_id,
            row.session_id,
            row.seq,
            row.leg,
            row.client_order_id,
            row.symbol,
            row.side,
            row.type,
        ),
        row.quantity,
    )
    await writer.write(made[number])
    stored = await pool.fetchrow("SELECT status, exchange, created_at FROM orders WHERE id = $1", row.id)
    assert tuple(stored) == (row.status, "PAPER", made[number].as_of)


@pytest.mark.parametrize(
    ("stood", "stands"),
    [
        *(
            (heard, heard)
            for heard in ("NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "REJECTED")
        ),
        *((unheard, "UNKNOWN") for unheard in ("INTENT", "SENT", "UNKNOWN")),
    ],
)
async def test_a_record_that_got_no_answer_leaves_the_venues_word_in_the_row(pool, write, stood, stands):
    # The answer was lost after the execution server had written it down (seeds 1433, 2482, 4302, 5228, 5909, 9456).
    session = Session(seed=7)
    made = session.run(30, extras=False)
    number = next(i for i, r in enumerate(made) if any(p.state for p in r.orders))
    writer = await write(session, made[:number])
    await writer.approve(made[number])
    row = project(made[number], session.facts).orders[0]
    for each in (
        row._replace(status=stood),
        row._replace(status="UNKNOWN", executed_quantity=row.quantity * 0),
    ):
        await pool.executemany(ORDER, [each])
    stored = await pool.fetchrow("SELECT status, executed_quantity FROM orders WHERE id = $1", row.id)
    assert tuple(stored) == (stands, 0 if stands == "UNKNOWN" else row.executed_quantity)


async def test_the_anchor_file_follows_the_head(pool, write, tmp_path):
    session = Session(seed=7)
    writer = await write(session, session.run(3), home=tmp_path)
    anchor = read_anchor(tmp_path, session.facts.session_id)
    assert (anchor.seq, anchor.hash, anchor.seal) == (writer.head.seq, writer.head.hash, writer.head.seal)


async def test_clients_hear_the_records_events_in_order_without_gaps(pool, write):
    session = Session(seed=7)
    made = session.run(20)
    writer = await Writer(pool, session).open()
    for one in made:
        await writer.write(one, events=[Event("system_status", {"seq": one.seq}, START)])
    heard = await feed.after(pool, ORG, 0, 10_000)
    assert [event.seq for event in heard] == list(range(1, len(heard) + 1))
    assert {"order_update", "trade", "position_update", "system_status"} == {event.type for event in heard}
    assert [e.data["seq"] for e in heard if e.type == "system_status"] == [r.seq for r in made]


async def test_an_append_survives_a_lost_connection_at_any_moment(pool, write, fresh_database):
    session = Session(seed=7)
    made = session.run(12, extras=False)
    writer = await write(session, made[:1])

    knife = await asyncpg.connect(fresh_database)

    async def cut(after_s: float) -> None:
        await asyncio.sleep(after_s)
        await knife.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    for number, one in enumerate(made[1:]):
        await asyncio.gather(writer.write(one), cut(number * 0.0007))
    await knife.close()
    # Each of the writer's connections may have been hung up on without knowing yet: read through new ones.
    reading = await open_pool(fresh_database)
    assert await reading.fetchval("SELECT count(*) FROM cycles") == len(made)
    assert (await verify(reading, session.facts.session_id)).ok
    await reading.close()


async def test_a_round_is_open_until_its_record_is_written(pool, write):
    session = Session(seed=7)
    made = session.run(2, extras=False)
    writer = await write(session, made[:1])
    first = made[1]
    opening = (pool, session.facts, 1, first.as_of, first.snapshot, first.portfolio_before)
    assert await rounds.open_round(*opening) is None
    portfolio = await pool.fetchval("SELECT opening->'portfolio' FROM rounds WHERE seq = 1")
    assert portfolio == first.portfolio_before.model_dump(mode="json")
    await rounds.save_ballots(pool, session.facts.session_id, 1, first.ballots)
    (begun,) = await rounds.interrupted(pool, session.facts.session_id)
    assert (begun.seq, begun.state, begun.ballots) == (1, "POLLED", first.ballots)
    assert await rounds.open_round(*opening) == first.ballots
    await writer.write(first)
    assert await rounds.interrupted(pool, session.facts.session_id) == []
    with pytest.raises(LedgerBroken, match="already ended"):
        await rounds.open_round(*opening)
    with pytest.raises(LedgerBroken, match="not open"):
        await rounds.save_ballots(pool, session.facts.session_id, 1, first.ballots)


async def test_open_sessions_come_back_with_their_last_record(pool, write):
    session = Session(seed=7)
    made = session.run(4, extras=False)
    writer = await write(session, made)
    ((stored, last),) = await sessions.open_sessions(pool, "run")
    assert (stored.facts, stored.head, last) == (session.facts, writer.head, made[-1])
    assert await sessions.open_sessions(pool, "another run") == []
    assert await sessions.set_paused(pool, session.facts.session_id, True)
    assert (await sessions.find(pool, session.facts.session_id)).status == "PAUSED"


async def test_closed_rounds_are_forgotten_after_a_while(pool, write):
    session = Session(seed=7)
    made = session.run(4, extras=False)
    writer = await write(session, made[:1])
    await rounds.open_round(pool, session.facts, 1, made[1].as_of, made[1].snapshot, made[1].portfolio_before)
    await pool.execute("UPDATE rounds SET seq = seq + 1 - $1, state = 'CLOSED'", KEPT_ROUNDS)
    await writer.write(made[1])
    assert await pool.fetchval("SELECT count(*) FROM rounds") == 1
    await writer.write(made[2])
    assert await pool.fetchval("SELECT count(*) FROM rounds") == 0
