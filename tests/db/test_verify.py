"""Whatever is changed in a ledger behind its back is found, and named."""

import random
from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest

from db.anchor import path_of
from db.appending import ORDER
from db.embedder import embed_all
from db.verify import verify, verify_all
from openoutcry.canonical import derived_id
from openoutcry.ledger.projection import project
from openoutcry.orders import client_order_id, order_hash
from openoutcry.types.orders import Approved, OrderState, PlannedOrder, WorkingOrder
from tests.db.conftest import APPROVAL
from tests.db.vandal import SESSION_COLUMNS, VERIFIED, Vandal
from tests.factories import Session

ROUNDS = 24


@pytest.fixture
async def written(pool, write, tmp_path):
    """Two sessions in the database; the first is the one that is tampered with."""
    await write(Session(seed=8), Session(seed=8).run(3))
    session = Session(seed=7)
    writer = await write(session, session.run(ROUNDS), home=tmp_path)
    await embed_all(pool)
    return writer


@pytest.fixture
async def vandal(fresh_database, written):
    """Someone whom no constraint holds back."""
    connection = await asyncpg.connect(
        fresh_database, server_settings={"session_replication_role": "replica"}
    )
    vandal = Vandal(connection, written.facts.session_id)
    await vandal.learn()
    yield vandal
    await connection.close()


async def test_an_untouched_ledger_is_in_order(pool, written):
    result = await verify(pool, written.facts.session_id, written.home)
    assert result.findings == ()
    assert (result.ok, result.anchored, result.in_flight) == (True, True, 0)
    assert (result.records, result.head_seq, result.head_hash) == (ROUNDS + 4, ROUNDS + 3, written.head.hash)
    assert [one.ok for one in await verify_all(pool)] == [True, True]


@pytest.mark.timeout(300)
async def test_two_hundred_tamperings_are_all_found(pool, written, vandal):
    rng = random.Random(20231101)
    deeds = [vandal.edit, vandal.edit, vandal.delete, vandal.insert, vandal.swap]
    done, missed = 0, []
    while done < 200:
        deed, table = rng.choice(deeds), rng.choice(VERIFIED)
        try:
            column = await deed(rng, table)
        except asyncpg.IntegrityConstraintViolationError:
            continue  # nobody can do that
        if column is None:
            continue
        result = await verify(pool, written.facts.session_id, written.home)
        await vandal.restore(table)
        done += 1
        named = [found for found in result.findings if found.table == table]
        if not any(column in ("*", found.column) or found.column == "*" for found in named):
            missed.append((deed.__name__, table, column, result.findings[:3]))
    assert missed == []
    assert (await verify(pool, written.facts.session_id, written.home)).ok


@pytest.mark.timeout(300)
@pytest.mark.parametrize("table", [*VERIFIED, "sessions"])
async def test_no_column_can_be_edited_unseen(pool, written, vandal, table):
    missed = []
    for column in SESSION_COLUMNS if table == "sessions" else vandal.kinds[table]:
        try:
            await vandal.edit(random.Random(column), table, column)
        except asyncpg.IntegrityConstraintViolationError:
            continue
        result = await verify(pool, written.facts.session_id, written.home)
        await vandal.restore(table)
        if not any(found.table == table and found.column in (column, "*") for found in result.findings):
            missed.append((column, result.findings[:3]))
    assert missed == []


async def test_a_finding_says_where_and_what(pool, written, vandal):
    id_ = await pool.fetchval(
        "SELECT id FROM votes WHERE session_id = $1 AND seq = 5 AND agent_name = 'risk'",
        written.facts.session_id,
    )
    await vandal.connection.execute("UPDATE votes SET action = 'APPROVE' WHERE id = $1", id_)
    (found,) = (await verify(pool, written.facts.session_id)).findings
    assert (found.table, found.id, found.column) == ("votes", str(id_), "action")
    assert str(found).endswith("action: expected REDUCE, found APPROVE")


async def test_a_tail_cut_off_everywhere_is_told_by_the_anchor(pool, written, vandal):
    session_id, cut = written.facts.session_id, ROUNDS
    await vandal.cut(random.Random(1), cut)
    result = await verify(pool, session_id, written.home)
    assert f"cycles {session_id}:{cut + 1}..{ROUNDS + 3} *: expected a record, found no row" in map(
        str, result.findings
    )


async def test_a_rewritten_history_is_told_by_the_anchor(pool, written, write):
    path = path_of(written.home, written.facts.session_id)
    line = path.read_text().split()
    path.write_text(f"{line[0]} {'0' * 64} {line[2]}\n")
    (found,) = (await verify(pool, written.facts.session_id, written.home)).findings
    assert (found.table, found.column) == ("cycles", "hash, seal")


async def test_the_round_in_progress_is_no_finding(pool, write):
    session = Session(seed=7)
    made = session.run(20, extras=False)
    number = next(i for i, r in enumerate(made) if any(p.state for p in r.orders))
    writer = await write(session, made[:number])
    await writer.approve(made[number])
    result = await verify(pool, session.facts.session_id)
    assert result.ok
    assert result.in_flight == sum(p.state is not None for p in made[number].orders)


async def test_an_order_without_an_approval_is_found(pool, write):
    session = Session(seed=7)
    made = session.run(20, extras=False)
    writer = await write(session, made[:1])
    writer.approve = lambda record: pool.execute("SELECT 1")
    for record in made[1:]:
        await writer.write(record)
    findings = (await verify(pool, session.facts.session_id)).findings
    sent = [p for r in made for p in r.orders if p.state]
    assert [f.expected for f in findings] == ["an approval of this order"] * len(sent)


async def test_a_session_without_its_row_is_found(pool, written, vandal):
    await vandal.connection.execute("DELETE FROM sessions WHERE id = $1", written.facts.session_id)
    results = {one.session_id: one for one in await verify_all(pool)}
    assert str(results[written.facts.session_id].findings[0]).endswith("expected a session, found no row")


async def test_a_pause_is_no_finding_and_a_silent_stop_is(pool, write):
    session = Session(seed=7)
    await write(session, session.run(3, extras=False))
    await pool.execute("UPDATE sessions SET status = 'PAUSED'")
    assert (await verify(pool, session.facts.session_id)).ok
    await pool.execute(
        "UPDATE sessions SET status = 'STOPPED', started_at = now() - $1::interval", timedelta(1)
    )
    (found,) = (await verify(pool, session.facts.session_id)).findings
    assert (found.table, found.column) == ("sessions", "status")


async def test_the_venues_word_on_an_order_of_which_no_answer_came_is_in_flight_until_a_record_has_it(
    pool, write
):
    session = Session(seed=9)
    writer = await write(session, [session._write("OPEN", detail={})])
    bought = session._request("manual-1", "BUY", Decimal("0.002"))
    known = session._state(bought, "FILLED", 1)
    lost = OrderState(order_seq=1, leg="manual-1", status="UNKNOWN", error="place_order: deadline")
    planned = PlannedOrder(request=bought, verdict=Approved(order_hash=order_hash(bought)), state=lost)
    record = session._write("MANUAL", orders=(planned,), detail={})
    await writer.approve(record)
    told = project(record.model_copy(update={"order_updates": (known,)}), writer.facts).orders[0]
    await pool.executemany(ORDER, [told])  # the execution server's word, whose answer was lost
    await writer.write(record)
    found = await verify(pool, writer.facts.session_id)
    assert (found.findings, found.in_flight) == ((), 1)

    for forged, columns in (
        ("quantity = quantity * 2", {"quantity"}),
        ("executed_quantity = executed_quantity * 2", {"executed_quantity", "status"}),
        ("status = 'REJECTED'", {"status", "filled_at"}),
        ("status = 'SENT'", {"status", "filled_at"}),
        ("status = 'DONE'", {"status", "filled_at"}),
        ("filled_at = NULL", {"status"}),
    ):
        await pool.execute(f"UPDATE orders SET {forged}")
        named = {(one.table, one.column) for one in (await verify(pool, writer.facts.session_id)).findings}
        assert {("orders", column) for column in columns} <= named, forged
        await pool.execute("DELETE FROM orders")
        await pool.executemany(ORDER, [told])

    fill = session._fill(bought, 1)
    await writer.write(session._write("MANUAL", fills=(fill,), order_updates=(known,), detail={}))
    found = await verify(pool, writer.facts.session_id)
    assert (found.findings, found.in_flight) == ((), 0)
    assert await pool.fetchval("SELECT error_message FROM orders") is None
    await pool.execute("UPDATE orders SET status = 'CANCELED'")
    assert [one.column for one in (await verify(pool, writer.facts.session_id)).findings] == ["status"]


ADD_ORDER = """
INSERT INTO orders (id, org_id, session_id, seq, leg, client_order_id, symbol, exchange, side, type, status, quantity,
    executed_quantity, executed_quote_quantity, stop_price, time_in_force, reduce_only, reason, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'binance', 'SELL', 'STOP_LOSS', 'NEW', $8, 0, 0, $9, 'GTC', true, '', $10, $10)
"""


async def test_what_the_execution_server_ordered_by_itself_is_in_flight_until_a_record_adopts_it(pool, write):
    session = Session(seed=9)
    writer = await write(session, [session._write("OPEN", detail={}), session.round()])
    request = session._protection("stop_loss-1", "STOP_LOSS", Decimal("0.98"))
    at, facts, leg = session.as_of, writer.facts, request.leg
    own = PlannedOrder(
        request=request, verdict=Approved(order_hash="0" * 64), state=session._state(request, "NEW", 1)
    )
    names = [derived_id(facts.session_id, kind, 1, leg) for kind in ("approval", "order")]
    cid = client_order_id(facts.session_id, 1, leg)
    who = (facts.org_id, facts.session_id, 1, leg, cid)
    await pool.execute(APPROVAL, names[0], *who, "0" * 64, at + timedelta(minutes=1))
    await pool.execute(ADD_ORDER, names[1], *who, request.symbol, request.quantity, request.stop_price, at)
    found = await verify(pool, facts.session_id)
    assert (found.ok, found.in_flight) == (True, 2), found.findings

    taken_in = WorkingOrder(request=request, state=own.state)
    detail = {"adopted": [taken_in.model_dump(mode="json")], "cursor": 3}
    await writer.write(session._write("MANUAL", order_updates=(own.state,), detail=detail))
    found = await verify(pool, facts.session_id)
    assert (found.ok, found.in_flight) == (True, 0), found.findings
    row = await pool.fetchrow("SELECT status, venue_order_id FROM orders WHERE id = $1", names[1])
    assert tuple(row) == ("NEW", own.state.venue_order_id)

    await pool.execute("UPDATE orders SET quantity = quantity + 1 WHERE id = $1", names[1])
    await pool.execute("DELETE FROM approvals WHERE id = $1", names[0])
    assert {(f.table, f.column) for f in (await verify(pool, facts.session_id)).findings} == {
        ("orders", "quantity"),
        ("approvals", "*"),
    }
