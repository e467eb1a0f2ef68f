"""Orders: placed through the queue, filtered, cancelled, refused with the gate's reason."""

from decimal import Decimal
from typing import Any

import msgspec

from openoutcry.types.commands import CancelOrder, PlaceOrder
from tests.api.test_errors import is_error

MARKET = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.01}
LIMIT = {**MARKET, "type": "LIMIT", "price": 15000.5}


async def test_a_market_order_comes_back_filled(answered, admin):
    answer = await admin.post("/api/v1/orders", json=MARKET)
    order = answer.json()["order"]
    assert (answer.status_code, order["status"]) == (201, "FILLED")
    assert (order["symbol"], order["side"], order["quantity"]) == ("BTC/USDT", "BUY", 0.01)
    assert order["executed_quantity"] == 0.01
    assert order["executed_quote_quantity"] > 0
    assert answer.json()["message"] == "Order created successfully"
    assert (await admin.get(f"/api/v1/orders/{order['id']}")).json()["order"] == order
    assert answered.stand_in.executed == [
        PlaceOrder(symbol="BTC/USDT", side="BUY", type="MARKET", quantity=Decimal("0.01"))
    ]


async def test_a_limit_order_works_and_can_be_cancelled_once(answered, admin):
    placed = (await admin.post("/api/v1/orders", json=LIMIT)).json()["order"]
    assert (placed["status"], placed["price"], placed["filled_at"]) == ("NEW", 15000.5, None)
    new = (await admin.get("/api/v1/orders?status=new")).json()["orders"]
    assert placed["id"] in [order["id"] for order in new]
    gone = await admin.delete(f"/api/v1/orders/{placed['id']}")
    assert gone.status_code == 200
    assert gone.json()["message"] == "Order cancelled successfully"
    assert (gone.json()["order"]["status"], gone.json()["order"]["canceled_at"] is None) == (
        "CANCELED",
        False,
    )
    again = is_error(await admin.delete(f"/api/v1/orders/{placed['id']}"), 400, "ORDER_FINAL")
    assert (again["order_id"], again["order_status"]) == (placed["id"], "CANCELED")
    assert answered.stand_in.executed[1:] == [CancelOrder(order_id=placed["id"])]


async def test_what_the_floor_finds_final_cannot_be_cancelled(answered, admin):
    resting = (await admin.get("/api/v1/orders?status=NEW")).json()["orders"]
    unknown_to_it = next(order for order in resting if order["leg"] != "manual-1")
    is_error(await admin.delete(f"/api/v1/orders/{unknown_to_it['id']}"), 400, "ORDER_FINAL")


async def test_a_refused_order_comes_back_with_rule_value_and_limit(admin):
    answer = await admin.post("/api/v1/orders", json={**MARKET, "quantity": 5})
    order = answer.json()["order"]
    assert (answer.status_code, order["status"]) == (201, "REJECTED")
    assert order["refusal"] == {
        "rule": "max_position_size",
        "value": "0.31",
        "limit": "0.2",
        "message": "larger than a position may be",
    }
    said = "larger than a position may be (max_position_size: 0.31 against a limit of 0.2)"
    assert order["error_message"] == said
    assert answer.json()["message"] == f"Order rejected: {said}"


MALFORMED_ORDERS: list[tuple[dict[str, Any], str, str | None]] = [
    ({"symbol": None}, "symbol", None),
    ({"symbol": "???"}, "symbol", None),
    ({"side": "LONG"}, "side", None),
    ({"type": "STOP"}, "type", None),
    ({"quantity": 0}, "quantity", None),
    ({"quantity": -1}, "quantity", None),
    ({"quantity": "NaN"}, "quantity", None),
    ({"quantity": 1e300}, "quantity", None),
    ({"quantity": True}, "quantity", None),
    ({"type": "LIMIT"}, "price", "Price is required for limit orders"),
    ({"type": "LIMIT", "price": 0}, "price", None),
    ({"type": "LIMIT", "price": -5}, "price", None),
    ({"price": 100}, "price", "price: a market order takes no price"),
    ({"time_in_force": "DAY"}, "time_in_force", None),
    ({"session_id": "x"}, "session_id", None),
    ({"stop_loss": 0}, "stop_loss", None),
    ({"take_profit": "NaN"}, "take_profit", None),
    ({"trailing_stop": 0}, "trailing_stop", None),
    ({"trailing_stop": 0.9}, "trailing_stop", None),
    ({"trailing_stop": "2%"}, "trailing_stop", None),
    ({"stop_price": 100}, "stop_price", None),
    ({"oco": True}, "oco", None),
    ({"status": "FILLED"}, "status", None),
    ({"mode": "LIVE"}, "mode", None),
    ({"symbol": "DOGE/USDT"}, "symbol", None),
]


async def test_a_malformed_order_never_becomes_one(answered, admin):
    for change, field, details in MALFORMED_ORDERS:
        before = await answered.pool.fetchval("SELECT count(*) FROM orders")
        answer = await admin.post("/api/v1/orders", json={**MARKET, **change})
        assert answer.status_code == 400, answer.text
        body = answer.json()
        assert body["field"] == field
        assert details is None or body["details"] == details
        assert await answered.pool.fetchval("SELECT count(*) FROM orders") == before


async def test_protection_reaches_the_floor_with_its_order(answered, admin):
    wanted = {**MARKET, "stop_loss": 19000.25, "take_profit": "23000", "trailing_stop": 0.03}
    assert (await admin.post("/api/v1/orders", json=wanted)).status_code == 201
    (command,) = answered.stand_in.executed
    assert (command.stop_loss, command.take_profit) == (Decimal("19000.25"), Decimal("23000"))
    assert command.trailing_stop == 0.03


async def test_amounts_reach_the_floor_exactly(answered, admin):
    text = '{"symbol":"btcusdt","side":"sell","type":"limit","quantity":0.012345678901234567,"price":"19999.999999999999"}'
    answer = await admin.post("/api/v1/orders", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text
    (command,) = answered.stand_in.executed
    assert command.quantity == Decimal("0.012345678901234567")
    assert command.price == Decimal("19999.999999999999")
    exact = msgspec.json.Decoder(float_hook=Decimal).decode(answer.content)["order"]
    assert exact["quantity"] == Decimal("0.012345678901234567")
    assert b'"quantity":0.012345678901234567,' in answer.content


async def test_filters_combine(world, viewer):
    every = (await viewer.get("/api/v1/orders?limit=1000")).json()["orders"]
    assert len(every) == sum(len(record.orders) for record in world.records)
    assert every == sorted(every, key=lambda order: order["created_at"], reverse=True)
    for symbol in ("BTC/USDT", "BTC/USDT:USDT"):
        for status in ("FILLED", "NEW", "CANCELED", "REJECTED"):
            query = {"symbol": symbol, "status": status, "session_id": world.session_id, "limit": 1000}
            found = (await viewer.get("/api/v1/orders", params=query)).json()
            wanted = [o for o in every if (o["symbol"], o["status"]) == (symbol, status)]
            assert found == {"orders": wanted, "count": len(wanted)}
    nobodys = "00000000-0000-0000-0000-00000000ffff"
    assert (await viewer.get(f"/api/v1/orders?session_id={nobodys}")).json() == {"orders": [], "count": 0}
    page = (await viewer.get("/api/v1/orders?limit=3&offset=2")).json()["orders"]
    assert page == every[2:5]


async def test_an_order_on_its_way_or_unclear_is_shown_as_new(world, viewer):
    ids = [
        row["id"] for row in await world.pool.fetch("SELECT id FROM orders WHERE status = 'FILLED' LIMIT 3")
    ]
    for order_id, status in zip(ids, ("INTENT", "SENT", "UNKNOWN"), strict=True):
        await world.pool.execute(
            "UPDATE orders SET status = $2, placed_at = NULL WHERE id = $1", order_id, status
        )
        order = (await viewer.get(f"/api/v1/orders/{order_id}")).json()["order"]
        assert order["status"] == "NEW"
        assert order["placed_at"] == order["created_at"]
        assert ("looked up" in (order["error_message"] or "")) == (status == "UNKNOWN")
    shown = (await viewer.get("/api/v1/orders?status=NEW&limit=1000")).json()["orders"]
    assert {str(order_id) for order_id in ids} <= {order["id"] for order in shown}
