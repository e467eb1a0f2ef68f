"""Money between the wallets of spot and perpetuals, and what an account has used of its order limit."""

import asyncio
from typing import Any

import pytest

from sandbox.accounts import Account
from sandbox.exchange import Exchange
from sandbox.limits import Limits
from sandbox.units import ONE
from tests.sandbox.asking import Desk
from tests.sandbox.clients import perpetual, spot
from tests.sandbox.conftest import AT

MOVE, MOVED = "POST /sapi/v1/asset/transfer", "GET /sapi/v1/asset/transfer"
USED = "GET /api/v3/rateLimit/order"
Ready = dict[str, Any]


@pytest.fixture
def desk(exchange: Exchange, trader: Account) -> Desk:
    return Desk(exchange, trader)


def wallets(desk: Desk) -> tuple[int, int]:
    """USDT of spot and of perpetuals, in whole units."""
    ledger, user = desk.exchange.ledger, desk.account
    return ledger.free[user.name, "USDT"], ledger.free[user.perp, "USDT"]


def move(desk: Desk, amount: str, *, kind: str = "MAIN_UMFUTURE", asset: str = "USDT") -> Any:
    return desk.ask(MOVE, type=kind, asset=asset, amount=amount)


def test_what_leaves_one_wallet_is_in_the_other_to_the_unit(desk: Desk) -> None:
    free, margin = wallets(desk)
    there = move(desk, "12.34567891")
    assert wallets(desk) == (free - 1_234_567_891, margin + 1_234_567_891)
    back = move(desk, "0.00000001", kind="UMFUTURE_MAIN")
    assert wallets(desk) == (free - 1_234_567_890, margin + 1_234_567_890)
    assert there["tranId"] < back["tranId"] and desk.exchange.ledger.difference() == {}
    income = desk.ask("GET /fapi/v1/income", incomeType="TRANSFER", startTime=AT)
    assert [row["income"] for row in income][-2:] == ["12.34567891", "-0.00000001"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"amount": "100000.00000001"}, -5013),
        ({"amount": "50000.00000001", "kind": "UMFUTURE_MAIN"}, -5013),
        ({"amount": "0"}, -1100),
        ({"amount": "-1"}, -1100),
        ({"amount": "0.000000001"}, -1111),
        ({"amount": "1", "asset": "BTC"}, -5012),
        ({"amount": "1", "kind": "MAIN_FUNDING"}, -5012),
    ],
)
def test_what_cannot_be_moved_moves_nothing(desk: Desk, asked: dict[str, str], code: int) -> None:
    before = wallets(desk)
    assert move(desk, **asked)["code"] == code
    assert wallets(desk) == before and desk.ask(MOVED, type="MAIN_UMFUTURE")["total"] == 0


def test_money_that_an_order_or_a_position_needs_stays(desk: Desk) -> None:
    desk.order(side="BUY", type="LIMIT", timeInForce="GTC", quantity="1", price="50000")
    assert move(desk, "50000.01")["code"] == -5013
    assert "tranId" in move(desk, "50000")
    desk.ask("POST /fapi/v1/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="1")
    (row,) = desk.ask("GET /fapi/v2/balance")
    most = int(row["availableBalance"].replace(".", ""))
    assert most < wallets(desk)[1]
    over, all_of_it = (f"{units // ONE}.{units % ONE:08d}" for units in (most + 1, most))
    assert move(desk, over, kind="UMFUTURE_MAIN")["code"] == -5013
    assert "tranId" in move(desk, all_of_it, kind="UMFUTURE_MAIN")


def test_transfers_are_listed_newest_first_by_page_and_time(desk: Desk) -> None:
    made = []
    for n in (1, 2, 3):
        made.append(move(desk, str(n))["tranId"])
        desk.exchange.clock.advance(1_000)  # type: ignore[attr-defined]
    move(desk, "0.5", kind="UMFUTURE_MAIN")
    first = desk.ask(MOVED, type="MAIN_UMFUTURE", size=2)
    assert first["total"] == 3 and [row["tranId"] for row in first["rows"]] == [made[2], made[1]]
    assert first["rows"][0] == {
        "asset": "USDT", "amount": "3", "type": "MAIN_UMFUTURE", "status": "CONFIRMED", "tranId": made[2],
        "timestamp": AT + 2_000,
    }  # fmt: skip
    assert [row["tranId"] for row in desk.ask(MOVED, type="MAIN_UMFUTURE", size=2, current=2)["rows"]] == [
        made[0]
    ]
    middle = desk.ask(MOVED, type="MAIN_UMFUTURE", startTime=AT + 500, endTime=AT + 1_500)
    assert [row["tranId"] for row in middle["rows"]] == [made[1]]
    assert [row["amount"] for row in desk.ask(MOVED, type="UMFUTURE_MAIN")["rows"]] == ["0.5"]


def test_the_order_limit_counts_new_orders_of_ten_seconds_by_account_and_venue(desk: Desk) -> None:
    def count() -> int:
        (row,) = desk.ask(USED)
        assert (row["rateLimitType"], row["interval"], row["intervalNum"], row["limit"]) == (
            "ORDERS",
            "SECOND",
            10,
            100,
        )
        return int(row["count"])

    assert count() == 0
    for _ in range(2):
        desk.order(side="BUY", type="MARKET", quantity="0.001")
    assert count() == 2
    desk.ask("POST /fapi/v1/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.001")
    other = Desk(desk.exchange, desk.exchange.open_account("other", {"USDT": "1"}, "0"), desk.limits)
    assert count() == 2 and other.ask(USED)[0]["count"] == 0
    desk.exchange.clock.advance(10_000)  # type: ignore[attr-defined]
    assert count() == 0


def test_the_order_limit_of_perpetuals_is_the_one_that_holds(exchange: Exchange, trader: Account) -> None:
    limits = Limits()
    limits.orders["perp"] = 7
    said = Desk(exchange, trader, limits).ask("GET /fapi/v1/rateLimit/order")
    assert said == [{"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 7}]


async def until(client: Any, kind: str, asset: str, amount: float) -> None:
    """Wait until the stream of balances says so."""
    while (await client.watch_balance({"type": kind}))[asset]["total"] != pytest.approx(amount, abs=1e-8):
        pass


async def test_unmodified_ccxt_moves_money_and_its_streams_say_so(running: Ready) -> None:
    client, futures, listener = spot(running), perpetual(running), spot(running, pro=True)
    try:
        had = (await client.fetch_balance())["USDT"]["total"]
        margin = (await futures.fetch_balance())["USDT"]["total"]
        await listener.load_markets()
        heard = asyncio.create_task(until(listener, "spot", "USDT", had - 12.5))
        await asyncio.sleep(1.0)  # until it is subscribed
        moved = await client.transfer("USDT", 12.5, "spot", "swap")
        await asyncio.wait_for(heard, 20)
        assert (await futures.fetch_balance())["USDT"]["total"] == pytest.approx(margin + 12.5)
        await client.transfer("USDT", 12.5, "linear", "spot")
        assert (await client.fetch_balance())["USDT"]["total"] == pytest.approx(had)
        (listed, *_) = [one for one in await client.fetch_transfers("USDT") if one["id"] == moved["id"]]
        assert (listed["amount"], listed["status"]) == (12.5, "ok")
        (limit,) = await client.privateGetRateLimitOrder()
        assert (limit["limit"], int(limit["count"]) >= 0) == (100, True)
        assert [row["limit"] for row in await client.fapiPrivateGetRateLimitOrder()] == [300]
    finally:
        for each in (client, futures, listener):
            await each.close()
