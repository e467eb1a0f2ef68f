"""Lists that the database writes are, to the byte, the rows as they are written one by one."""

import re

import msgspec
import pytest

from api.encoding import encode
from api.routes.trades import Trade
from api.shapes.base import shaped
from db.keys import DEFAULT_ORG
from db.reads.trades import list_trades


class Listed(msgspec.Struct):
    """A list of decisions, not looked into."""

    decisions: list[msgspec.Raw]
    count: int
    filter: msgspec.Raw


NTH = "(SELECT id FROM orders ORDER BY seq DESC, leg OFFSET {n} LIMIT 1)"
TEXTS = """E'"quoted" \\\\ / \\b\\f\\n\\r\\t \\x01\\x1f \\x7f é \\u2028 😀 </script>'"""
ODD = (
    f"reason = {TEXTS}, venue_order_id = {TEXTS}, error_message = ''",
    "price = 10000, stop_price = 1.50, quantity = 0.0000010, executed_quantity = 0.00, executed_quote_quantity = 1E10",
    "price = 123456789012345678.123456789012345678, quantity = 10, placed_at = NULL, reduce_only = true",
    "filled_at = '2024-01-01T00:00:00.1Z', canceled_at = '2024-01-01T01:00:00.000001+01:00', expired_at = '0990-12-31T23:59:59Z'",
    "status = 'UNKNOWN', error_message = NULL, refusal = NULL",
    "status = 'INTENT', error_message = NULL, refusal = NULL, placed_at = NULL, filled_at = NULL",
    """status = 'REJECTED', error_message = NULL, refusal = '{"rule": "r", "value": "1", "limit": "0.2"}'""",
    """status = 'REJECTED', error_message = NULL,
        refusal = '{"message": "", "limit": "2", "rule": "r", "value": "\\"", "more": 1}'""",
    f"""status = 'REJECTED', error_message = NULL,
        refusal = jsonb_build_object('rule', 'r', 'value', '1', 'limit', '2', 'message', {TEXTS})""",
    """status = 'REJECTED', error_message = 'said', refusal = '{"rule": "r", "value": "1", "limit": "2", "message": "m"}'""",
)


async def test_every_order_of_the_list_reads_as_it_does_alone(world, admin):
    for number, change in enumerate(ODD):
        done = await world.pool.execute(f"UPDATE orders SET {change} WHERE id = {NTH.format(n=number)}")
        assert done == "UPDATE 1", change
    whole = (await admin.get("/api/v1/orders?limit=5000")).content
    rows = msgspec.json.decode(whole)["orders"]
    assert len(rows) > len(ODD)
    alone = [(await admin.get(f"/api/v1/orders/{row['id']}")).content for row in rows]
    written = b",".join(one.removeprefix(b'{"order":')[:-1] for one in alone)
    assert whole == b'{"orders":[%s],"count":%d}' % (written, len(rows))


CONTEXT = """jsonb_build_object('whole', 3, 'real', 1.0::float8, 'part', 0.30000000000000004, 'text', {texts}, 'none', null,
    ', spaced : ', jsonb_build_array(true, -2.5, '{{"a": [1, 2]}}', jsonb_build_object()), 'tiny', 0.00012)"""
SAID = (
    f"reasoning = {TEXTS}, outcome_reason = {TEXTS}, context = {CONTEXT.format(texts=TEXTS)}",
    "confidence = 0, context = '{}', cost_usd = 1.50, prompt_tokens = 7, completion_tokens = 5",
    "confidence = 1, actual_pnl = -10.00, outcome = 'FAILURE', created_at = created_at + interval '1.5 seconds'",
    "confidence = 0.30000000000000004, actual_pnl = 1E10, outcome = 'SUCCESS'",
)
TIMED = "jsonb_build_object('round_s', {s}, 'poll_s', jsonb_build_object('risk', {s}))"


@pytest.mark.parametrize("who", ["floor", "risk"])
async def test_every_decision_of_the_list_reads_as_it_does_alone(world, admin, who):
    # A number under a millionth has its own test.
    await world.pool.execute("UPDATE decisions SET context = context - 'macd_12_26_9_hist'")
    nth = "(SELECT id FROM decisions ORDER BY seq DESC OFFSET {n} LIMIT 1)"
    for number, change in enumerate(SAID):
        done = await world.pool.execute(f"UPDATE decisions SET {change} WHERE id = {nth.format(n=number)}")
        assert done == "UPDATE 1", change
    last = await world.pool.fetchval("SELECT max(seq) FROM decisions")
    for number, seconds in enumerate((0.125, 2, 0.0001234)):
        told = f"UPDATE cycles SET timings = {TIMED.format(s=seconds)} WHERE seq = $1"
        assert await world.pool.execute(told, last - number) == "UPDATE 1"
    answer = await admin.get(f"/api/v1/decisions?limit=500&agent_name={who}")
    listed = msgspec.json.decode(answer.content, type=Listed)
    assert listed.count == len(listed.decisions) > len(SAID)
    for row in listed.decisions:
        decision_id = msgspec.json.decode(row)["id"]
        alone = (await admin.get(f"/api/v1/decisions/{decision_id}")).content
        assert alone[: len(row)] == bytes(row)[:-1] + b","
    whole = b",".join(bytes(row) for row in listed.decisions)
    wanted = bytes(listed.filter)
    assert answer.content == b'{"decisions":[%s],"count":%d,"filter":%s}' % (whole, listed.count, wanted)


TRADED = (
    f"trade_id = {TEXTS}, symbol = {TEXTS}, liquidity = {TEXTS}",
    "order_id = NULL, price = 10000, quantity = 1.50, fee = -0.00",
    "executed_at = executed_at + interval '0.1 seconds', price = 1E10, fee = 0.0000010",
    "executed_at = executed_at + interval '0.000001 seconds'",
)


async def test_every_trade_of_the_list_reads_as_its_row(world, admin):
    nth = "(SELECT id FROM fills WHERE kind = 'TRADE' ORDER BY executed_at DESC, seq DESC OFFSET {n} LIMIT 1)"
    for number, change in enumerate(TRADED):
        done = await world.pool.execute(f"UPDATE fills SET {change} WHERE id = {nth.format(n=number)}")
        assert done == "UPDATE 1", change
    rows = await list_trades(world.pool, DEFAULT_ORG, limit=1000)
    trades = [
        shaped(
            row,
            Trade,
            id=row["trade_id"],
            side=row["side"].lower(),
            timestamp=row["executed_at"],
            status="filled",
            order_type=(row["order_type"] or "market").lower(),
            fees=row["fee"],
        )
        for row in rows
    ]
    listed = (await admin.get("/api/v1/trades?limit=1000&start_time=2000-01-01T00:00:00Z")).content
    assert len(trades) > len(TRADED)
    assert listed == re.sub(rb'(\.\d*?)0+Z",', rb'\1Z",', encode(trades))  # as many digits as it takes


async def test_an_amount_under_a_millionth_is_written_without_exponent(world, admin):
    await world.pool.execute(f"UPDATE orders SET quantity = 0.000000010 WHERE id = {NTH.format(n=0)}")
    listed = (await admin.get("/api/v1/orders?limit=1")).content
    assert b'"quantity":0.00000001,' in listed
    order = msgspec.json.decode(listed)["orders"][0]
    assert (await admin.get(f"/api/v1/orders/{order['id']}")).json()["order"] == order


async def test_a_number_under_a_millionth_is_the_same_number(admin):
    listed = (await admin.get("/api/v1/decisions?limit=1")).content
    assert b'"macd_12_26_9_hist":-0.0000001,' in listed
    decision = msgspec.json.decode(listed)["decisions"][0]
    alone = (await admin.get(f"/api/v1/decisions/{decision['id']}")).json()
    assert {name: alone[name] for name in decision} == decision


async def test_a_list_of_nothing_is_a_list(admin):
    answer = await admin.get("/api/v1/orders?symbol=ETHUSDT")
    assert answer.content == b'{"orders":[],"count":0}'
    assert "x-page-anchor" not in answer.headers
