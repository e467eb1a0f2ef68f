"""The checker sees what is planted: on spot and perpetuals, in plain, conditional and paired orders, to the unit."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chaos.checker import money, orders
from chaos.checker.exchange import ENDED, Order, There, read
from chaos.checker.findings import Findings
from tests.mcp_servers.execution.live.account import Account, opened
from tests.sandbox.conftest import running as running  # the exchange as a process

pytestmark = pytest.mark.timeout(120)
D = Decimal
EMPTY = There((), frozenset(), {"BTC": D(0), "USDT": D(100)}, D(50), {})
ROW = {"client_order_id": "a", "status": "FILLED", "executed_quantity": D(1)}
FILL = {
    "trade_id": "spot-BTCUSDT-1", "kind": "TRADE", "symbol": "BTC/USDT", "side": "BUY", "quantity": D(1),
    "price": D(10), "fee": D("0.1"),
}  # fmt: skip
PERP = {**FILL, "trade_id": "perp-BTCUSDT-9", "symbol": "BTC/USDT:USDT"}
THERE = Order("a", D(1), open=False)


@pytest.mark.parametrize(
    ("ours", "theirs", "what"),
    [
        ([ROW], [THERE, THERE], "doubled"),
        ([], [THERE], "lost"),
        ([ROW], [], "lost"),
        ([ROW], [replace(THERE, executed=D("0.5"))], "lost"),
        ([ROW], [replace(THERE, open=True)], "lost"),
        ([{**ROW, "status": "NEW"}], [THERE], "lost"),
        ([ROW], [THERE], ""),
    ],
)
def test_the_checker_sees_orders(ours: list[Any], theirs: list[Order], what: str) -> None:
    found = Findings()
    orders.compare(ours, theirs, found)
    assert found.clean is (not what) and (not what or getattr(found, what))


def test_the_checker_sees_fills_and_single_units_on_spot() -> None:
    missed, invented = Findings(), Findings()
    money.compare([], replace(EMPTY, fills=frozenset({"spot-BTCUSDT-1"})), EMPTY, missed)
    money.compare([FILL], EMPTY, EMPTY, invented)
    assert missed.lost and invented.doubled
    for usdt, clean in (("89.9", True), ("89.90000001", False)):
        found = Findings()
        there = replace(EMPTY, fills=frozenset({"spot-BTCUSDT-1"}), balances={"BTC": D(1), "USDT": D(usdt)})
        money.compare([FILL], there, EMPTY, found)
        assert found.clean is clean


@pytest.mark.parametrize(("cost", "clean"), [("8698.66777120", True), ("8698.66777121", False)])
def test_a_fee_in_coins_leaves_no_fraction_of_a_unit(cost: str, clean: bool) -> None:
    """0.16808 bought, 0.00016808 of them the fee: what is held is worth 8689.9691034288."""
    bought = {**FILL, "quantity": D("0.16791192"), "price": D("51753.14"), "fee": D("8.69866777")}
    opening = replace(EMPTY, balances={"USDT": D(10_000)})
    there = replace(
        EMPTY,
        fills=frozenset({"spot-BTCUSDT-1"}),
        balances={"BTC": D("0.16791192"), "USDT": 10_000 - D(cost)},
    )
    found = Findings()
    money.compare([bought], there, opening, found)
    assert found.clean is clean


@pytest.mark.parametrize(
    ("wallet", "position", "says"),
    [("49.9", "1", ""), ("49.90000001", "1", "wallet"), ("49.9", "0.99999999", "position"), ("49.9", "", "position")],
)  # fmt: skip
def test_the_checker_sees_single_units_on_perpetuals(wallet: str, position: str, says: str) -> None:
    held = {"BTCUSDT": D(position)} if position else {}
    there = replace(EMPTY, fills=frozenset({"perp-BTCUSDT-9"}), wallet=D(wallet), positions=held)
    found = Findings()
    money.compare([PERP], there, EMPTY, found)
    assert [says in one for one in found.ledger] == ([True] if says else [])


def test_profit_is_what_was_closed_and_funding_is_paid_by_the_wallet() -> None:
    fills = [
        PERP,
        {**PERP, "trade_id": "perp-BTCUSDT-10", "side": "SELL", "quantity": D("1.5"), "price": D(12), "fee": D(0)},
        {**PERP, "trade_id": "funding-1", "kind": "FUNDING", "quantity": D(0), "fee": D("-0.25")},
    ]  # fmt: skip
    there = replace(
        EMPTY,
        fills=frozenset({"perp-BTCUSDT-9", "perp-BTCUSDT-10"}),
        wallet=D(50) - D("0.1") + 2 + D("0.25"),
        positions={"BTCUSDT": D("-0.5")},
    )
    found = Findings()
    money.compare(fills, there, EMPTY, found)
    assert found.clean, found


async def traded(account: Account) -> None:
    """Both markets: a market order each, a stop that is triggered and a target that waits, a pair of which one leg fills."""
    await account.control("price", symbol="BTCUSDT", price="50000")
    await account.order("oo-spot")
    await account.order("oo-perp", "perp", quantity="0.02")
    for name, side, kind, price in (
        ("oo-stop", "SELL", "STOP_MARKET", "49000"), ("oo-target", "SELL", "TAKE_PROFIT_MARKET", "60000"),
    ):  # fmt: skip
        algo = {"symbol": "BTCUSDT", "side": side, "type": kind, "quantity": "0.01", "triggerPrice": price}
        more = {"algoType": "CONDITIONAL", "clientAlgoId": name, "reduceOnly": "true"}
        await account.send("POST", "perp", "algoOrder", {**algo, **more})
    pair = {
        "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.0009", "newOrderRespType": "RESULT",
        "aboveType": "TAKE_PROFIT", "aboveStopPrice": "60000", "aboveClientOrderId": "oo-above",
        "belowType": "STOP_LOSS", "belowStopPrice": "49000", "belowClientOrderId": "oo-below",
    }  # fmt: skip
    await account.send("POST", "spot", "orderList/oco", pair)
    await account.control("price", symbol="BTCUSDT", price="48900")


def rows_of(there: There, account: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows that a floor without a fault would have."""
    ordered = [
        {"client_order_id": one.name, "status": "NEW" if one.open else "FILLED", "executed_quantity": one.executed}
        for one in there.orders
    ]  # fmt: skip
    fills = []
    for kind, symbol in (("spot", "BTC/USDT"), ("perp", "BTC/USDT:USDT")):
        for one in account[f"{kind}_fills"]:
            quantity, price, fee = D(one["qty"]), D(one["price"]), D(one["commission"])
            buys = one["buyer" if kind == "perp" else "isBuyer"]
            if one["commissionAsset"] == "BTC":
                quantity, fee = quantity - fee, price * fee
            fills.append({
                "trade_id": f"{kind}-BTCUSDT-{one['id']}", "kind": "TRADE", "symbol": symbol, "price": price,
                "side": "BUY" if buys else "SELL", "quantity": quantity, "fee": fee,
            })  # fmt: skip
    return ordered, fills


def compared(ordered: list[Any], fills: list[Any], there: There, opening: There) -> Findings:
    found = Findings()
    orders.compare(ordered, there.orders, found)
    money.compare(fills, there, opening, found)
    return found


async def test_the_exchanges_own_ledger_is_read_on_both_markets(running: Any) -> None:
    async with opened(running) as account:
        opening = read((await account.truth())["accounts"][account.name])
        await traded(account)
        async with asyncio.timeout(20):
            while True:
                books = (await account.truth())["accounts"][account.name]
                there = read(books)
                done = {one.name: one for one in there.orders}
                if not done["oo-stop"].open and not done["oo-below"].open:
                    break
                await asyncio.sleep(0.1)
    assert {name: (one.executed, one.open) for name, one in done.items()} == {
        "oo-spot": (D("0.001"), False), "oo-perp": (D("0.02"), False), "oo-stop": (D("0.01"), False),
        "oo-target": (D(0), True), "oo-below": (D("0.0009"), False), "oo-above": (D(0), False),
    }  # fmt: skip
    assert len(there.orders) == 6  # the triggered stop and its order are one
    ordered, fills = rows_of(there, books)
    assert compared(ordered, fills, there, opening).clean
    assert there.wallet != opening.wallet and there.positions == {"BTCUSDT": D("0.01")}
    for name in ("oo-perp", "oo-stop", "oo-target", "oo-above"):
        row = next(one for one in ordered if one["client_order_id"] == name)
        without = [one for one in ordered if one is not row]
        assert compared(without, fills, there, opening).lost == [f"{name}: at the exchange, and no row"]
        gone = replace(there, orders=tuple(one for one in there.orders if one.name != name))
        assert len(compared(ordered, fills, gone, opening).lost) == 1
        twice = replace(there, orders=(*there.orders, done[name]))
        assert compared(ordered, fills, twice, opening).doubled == [f"{name}: 2 orders at the exchange"]
        assert row["status"] in ENDED or done[name].open
    unbooked = compared(ordered, [one for one in fills if "perp" not in one["trade_id"]], there, opening)
    assert len(unbooked.lost) >= 2 and len(unbooked.ledger) == 2
