"""Lists that the database writes are, to the byte, the rows as they are written one by one."""

import msgspec

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


async def test_an_amount_under_a_millionth_is_written_without_exponent(world, admin):
    await world.pool.execute(f"UPDATE orders SET quantity = 0.000000010 WHERE id = {NTH.format(n=0)}")
    listed = (await admin.get("/api/v1/orders?limit=1")).content
    assert b'"quantity":0.00000001,' in listed
    order = msgspec.json.decode(listed)["orders"][0]
    assert (await admin.get(f"/api/v1/orders/{order['id']}")).json()["order"] == order


async def test_a_list_of_nothing_is_a_list(admin):
    answer = await admin.get("/api/v1/orders?symbol=ETHUSDT")
    assert answer.content == b'{"orders":[],"count":0}'
    assert "x-page-anchor" not in answer.headers
