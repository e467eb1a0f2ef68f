"""E13, E16: reconciliation figure by figure: how a fill moves books, what a difference says, where one thing ends the search."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from openoutcry.errors import Conflict, OpenOutcryError
from openoutcry.reconcile.books import Books, Entry, Posting, of_fill, of_move
from openoutcry.reconcile.compare import Difference, differences
from openoutcry.reconcile.facts import AccountFacts, FillFact, MoneyMove, OrderFact
from openoutcry.reconcile.policy import ReconcileSettings, verdicts

D = Decimal
T0 = datetime(2023, 1, 1, tzinfo=UTC)
SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"


def fill(symbol: str = SPOT, side: str = "BUY", trade_id: str = "7", **more: Any) -> FillFact:
    known: dict[str, Any] = {
        "symbol": symbol, "trade_id": trade_id, "client_order_id": "oo-1", "venue_order_id": "9", "side": side, "price": D(100),
        "quantity": D(2), "quote": D(200), "fees": (), "executed_at": T0,
    }  # fmt: skip
    return FillFact(**known | more)


def order(name: str = "oo-1", **more: Any) -> OrderFact:
    known: dict[str, Any] = {
        "client_order_id": name, "venue_order_id": "9", "symbol": SPOT, "side": "BUY", "quantity": D(3), "executed": D(2),
        "open": True,
    }  # fmt: skip
    return OrderFact(**known | more)


@pytest.mark.parametrize(
    ("one", "flows", "turn"),
    [
        (fill(), {"BTC": D(2), "USDT": D(-200)}, D(0)),
        (fill(side="SELL"), {"BTC": D(-2), "USDT": D(200)}, D(0)),
        (
            fill(fees=(("BTC", D("0.1")), ("BNB", D(3)))),
            {"BTC": D("1.9"), "USDT": D(-200), "BNB": D(-3)},
            D(0),
        ),
        (fill(fees=(("BTC", D("0.1")), ("BTC", D("0.2")))), {"BTC": D("1.7"), "USDT": D(-200)}, D(0)),
        (fill(PERP), {}, D(2)),
        (fill(PERP, "SELL", realized=D(5), fees=(("USDT", D(1)),)), {"USDT": D(4)}, D(-2)),
        (fill(PERP, realized=D(-5)), {"USDT": D(-5)}, D(2)),
    ],
)
def test_e13_how_a_fill_moves_balances_and_position(
    one: FillFact, flows: dict[str, Decimal], turn: Decimal
) -> None:
    assert (one.flows(), one.turn()) == (flows, turn)


def test_e13_two_fees_in_one_asset_are_two_fees() -> None:
    books = Books()
    assert books.fill(fill(fees=(("BNB", D(1)), ("BNB", D(2)), ("USDT", D(0)))))
    assert books.balances() == {"BTC": D(2), "USDT": D(-200), "BNB": D(-3)}
    assert books.balances("fee") == {"BNB": D(3)}
    assert books.balances("trade") == {"BTC": D(-2), "USDT": D(200)}
    assert books.balances("external") == {}


def test_e13_another_bots_fill_is_external_and_only_when_said_so() -> None:
    assert {one.account for one in of_fill(fill(fees=(("BNB", D(1)),))).entries} == {"venue", "trade", "fee"}
    assert {one.account for one in of_fill(fill(fees=(("BNB", D(1)),)), external=True).entries} == {
        "venue",
        "external",
    }
    books = Books()
    books.fill(fill(), external=True)
    assert books.balances("external") == {"BTC": D(-2), "USDT": D(200)}


@pytest.mark.parametrize(
    ("kind", "account"),
    [("funding", "trade"), ("liquidation", "trade"), ("deposit", "external"), ("withdrawal", "external"),
     ("transfer", "external"), ("other", "external")],
)  # fmt: skip
def test_e13_funding_is_ours_and_a_deposit_is_not(kind: Any, account: Any) -> None:
    posting = of_move(MoneyMove("m-1", kind, "USDT", D(5)))
    assert posting == Posting("move:m-1", (Entry("venue", "USDT", D(5)), Entry(account, "USDT", D(-5))))


def test_e13_entries_that_sum_to_something_in_any_asset_are_refused() -> None:
    books = Books()
    even, odd = (Entry("venue", "BTC", D(1)), Entry("trade", "BTC", D(-1))), (Entry("venue", "USDT", D(1)),)
    with pytest.raises(OpenOutcryError, match="not to nothing"):
        books.post(Posting("k", (*even, *odd)))
    with pytest.raises(OpenOutcryError, match="not to nothing"):
        books.post(Posting("k", (Entry("venue", "BTC", D(1)), Entry("trade", "BTC", D(1)))))
    assert len(books) == 0 and books.post(Posting("k", even)) and not books.post(Posting("k", even))
    with pytest.raises(Conflict) as refused:
        books.post(Posting("k", even[::-1]))
    assert refused.value.args and getattr(refused.value, "field", None) == "key"


def test_e16_a_position_goes_and_comes_with_its_fill() -> None:
    books = Books()
    books.fill(fill(PERP, "SELL"))
    books.fill(fill(PERP, "BUY", "8", quantity=D(5)))
    assert books.positions() == {PERP: D(3)}
    assert books.void(fill(PERP, "SELL")) and not books.void(fill(PERP, "SELL"))
    assert books.positions() == {PERP: D(5)}
    with pytest.raises(Conflict) as refused:
        books.void(fill(trade_id="99"))
    assert getattr(refused.value, "field", None) == "trade_id"


def test_e13_a_difference_says_what_each_side_has_and_by_how_much() -> None:
    assert (Difference("missing_fill", SPOT, "7").ours, Difference("missing_fill", SPOT, "7").theirs) == (
        "",
        "",
    )
    cases = [
        (AccountFacts(orders=(order(),)), AccountFacts(orders=(order(executed=D("2.5")),)),
         ("order_moved", "open, 2 of 3", "open, 2.5 of 3", D("0.5"))),
        (AccountFacts(orders=(order(),)), AccountFacts(orders=(order(open=False),)),
         ("order_moved", "open, 2 of 3", "final, 2 of 3", D(0))),
        (AccountFacts(orders=(order(),)), AccountFacts(), ("vanished_order", "open, 2 of 3", "", D(0))),
        (AccountFacts(), AccountFacts(orders=(order("theirs"),)), ("unknown_order", "", "open, 2 of 3", D(0))),
        (AccountFacts(), AccountFacts(moves=(MoneyMove("m", "deposit", "USDT", D(5)),), balances={"USDT": D(5)}),
         ("missing_move", "", "deposit", D(5))),
        (AccountFacts(fills=(fill(),), balances={"BTC": D(2), "USDT": D(-200)}), AccountFacts(complete_from={SPOT: 7}),
         ("busted_fill", "BUY 2 at 100", "", D(-2))),
        (AccountFacts(orders=(order(open=False),)),
         AccountFacts(orders=(order(open=False),), fills=(fill(),), balances={"BTC": D(2), "USDT": D(-200)}),
         ("missing_fill", "", "BUY 2 at 100", D(2))),
    ]  # fmt: skip
    for ours, theirs, wanted in cases:
        (found,) = differences(ours, theirs)
        assert (found.kind, found.ours, found.theirs, found.amount) == wanted


@pytest.mark.parametrize("first", [{}, {SPOT: 8}, {"ETH/USDT": 1}])
def test_e16_a_fill_older_than_what_was_read_is_not_called_voided(first: dict[str, int]) -> None:
    held = {"BTC": D(2), "USDT": D(-200)}
    assert (
        differences(
            AccountFacts(fills=(fill(),), balances=held), AccountFacts(balances=held, complete_from=first)
        )
        == ()
    )
    named = fill(trade_id="T-7")
    facts = AccountFacts(fills=(named,), balances=held)
    assert differences(facts, AccountFacts(balances=held, complete_from={SPOT: 1})) == ()


@pytest.mark.parametrize("name", ["autoclose-1", "adl_autoclose", "settlement_autoclose-2"])
def test_e16_the_venues_own_closing_orders_are_liquidations(name: str) -> None:
    theirs = AccountFacts(fills=(fill(PERP, "SELL", client_order_id=name),), positions={PERP: D(-2)})
    assert [one.kind for one in differences(AccountFacts(), theirs)] == ["liquidation"]


def test_e16_money_that_went_like_no_single_fill_or_like_two_is_not_a_bust() -> None:
    spot, again = fill(), fill(trade_id="8")
    held = {"BTC": D(4), "USDT": D(-400)}
    both = AccountFacts(fills=(spot, again), balances=held)
    lost = AccountFacts(fills=(spot, again), balances={"BTC": D(2), "USDT": D(-200)})
    assert [one.kind for one in differences(both, lost)] == ["balance_differs", "balance_differs"]
    other = AccountFacts(
        fills=(spot, fill(trade_id="8", quantity=D(1))), balances={"BTC": D(3), "USDT": D(-400)}
    )
    gone = AccountFacts(fills=other.fills, balances={"BTC": D(1), "USDT": D(-200)})
    (bust,) = differences(other, gone)
    assert (bust.kind, bust.subject, bust.amount, bust.ours, bust.theirs) == (
        "busted_fill",
        "7",
        D(-2),
        "BUY 2 at 100",
        "",
    )
    unlisted = AccountFacts(fills=(other.fills[1],), balances={"BTC": D(1), "USDT": D(-200)})
    assert {one.kind for one in differences(other, unlisted)} == {"balance_differs"}


def test_e13_everything_that_explains_money_is_counted_whatever_stands_before_it() -> None:
    """A move, a bust, a changed fill and a new one, one after the other: nothing is left over."""
    kept, voided, fresh = fill(trade_id="1"), fill(trade_id="2"), fill(trade_id="4", client_order_id="oo-1")
    changed = replace(kept, quantity=D(3), quote=D(300))
    ours = AccountFacts(
        orders=(order(open=False),), fills=(kept, voided), balances={"BTC": D(4), "USDT": D(-400)}
    )
    theirs = AccountFacts(
        orders=(order(open=False),), fills=(changed, fresh), balances={"BTC": D(5), "USDT": D(-500), "BNB": D(1)},
        moves=(MoneyMove("m-1", "deposit", "BNB", D(1)),), complete_from={SPOT: 1},
    )  # fmt: skip
    assert [one.kind for one in differences(ours, theirs)] == [
        "missing_fill",
        "changed_fill",
        "busted_fill",
        "missing_move",
    ]


@pytest.mark.parametrize("quantity", [D(2), D(3)])
def test_e13_a_perpetuals_changed_fill_moves_its_position_by_the_difference(quantity: Decimal) -> None:
    kept = fill(PERP, client_order_id="oo-1")
    changed = replace(kept, quantity=quantity, price=D(101), quote=quantity * 101)
    ours = AccountFacts(orders=(order(symbol=PERP, open=False),), fills=(kept,), positions={PERP: D(2)})
    theirs = replace(ours, fills=(changed,), positions={PERP: quantity})
    assert [one.kind for one in differences(ours, theirs)] == ["changed_fill"]
    unmoved = replace(theirs, positions={PERP: D(5)})
    last = differences(ours, unmoved)[-1]
    assert (last.kind, last.amount) == ("position_differs", 5 - quantity)


def test_e13_a_fee_told_in_another_order_is_the_same_fee() -> None:
    fees = (("BNB", D(1)), ("BTC", D("0.1")))
    held = {"BNB": D(-1), "BTC": D("1.9"), "USDT": D(-200)}
    ours = AccountFacts(fills=(fill(fees=fees),), balances=held)
    assert differences(ours, AccountFacts(fills=(fill(fees=fees[::-1]),), balances=held)) == ()


def test_e13_left_alone_it_looks_every_ten_seconds_and_halts_what_it_cannot_explain() -> None:
    settings = ReconcileSettings()
    assert settings.every_s == 10.0
    assert (settings.unknown_orders, settings.unknown_fills, settings.unexplained) == ("halt", "halt", "halt")
    assert settings.moved_money == "adopt"
    for kind, action in (
        ("funding", "book"),
        ("liquidation", "book"),
        ("deposit", "adopt"),
        ("transfer", "adopt"),
    ):
        move = MoneyMove("m", kind, "USDT", D(5))  # type: ignore[arg-type]
        (word,) = verdicts(
            [Difference("missing_move", None, "m", theirs=kind, amount=D(5), move=move)], settings
        )
        assert (word.action, word.halts) == (action, None) and "5" in word.reason
    strict = ReconcileSettings(moved_money="halt")
    move = MoneyMove("m", "funding", "USDT", D(5))
    (word,) = verdicts(
        [Difference("missing_move", None, "m", theirs="funding", amount=D(5), move=move)], strict
    )
    assert word.action == "book", "funding is ours, whatever is done about deposits"


def test_e13_balances_are_named_in_order() -> None:
    found = differences(
        AccountFacts(), AccountFacts(balances={"USDT": D(1), "ETH": D(1), "BTC": D(1), "BNB": D(0)})
    )
    assert [one.subject for one in found] == ["BTC", "ETH", "USDT"]


def test_e13_two_moves_explain_what_both_brought() -> None:
    moves = (MoneyMove("m-1", "deposit", "USDT", D(5)), MoneyMove("m-2", "deposit", "BNB", D(7)))
    theirs = AccountFacts(moves=moves, balances={"USDT": D(5), "BNB": D(7)})
    assert [one.kind for one in differences(AccountFacts(), theirs)] == ["missing_move", "missing_move"]


def test_e16_a_fill_whose_fee_took_all_that_was_bought_is_known_by_what_was_paid() -> None:
    whole = fill(fees=(("BTC", D(2)),))
    ours = AccountFacts(fills=(whole,), balances={"USDT": D(-200)})
    (bust,) = differences(ours, AccountFacts(fills=(whole,)))
    assert (bust.kind, bust.subject) == ("busted_fill", "7")
