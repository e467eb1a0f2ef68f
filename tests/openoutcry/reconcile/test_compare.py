"""Reconciliation as rules (E4, E13, E16, P10): nothing differs when nothing differs; what is planted is found, exactly."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.errors import Conflict, OpenOutcryError
from openoutcry.reconcile.books import Books, Entry, Posting, of_fill, of_unexplained, reversal
from openoutcry.reconcile.compare import differences
from openoutcry.reconcile.facts import AccountFacts, FillFact
from openoutcry.reconcile.policy import ReconcileSettings, brought, halted, verdicts
from tests.openoutcry.reconcile.planted import PERP, PLANTS, SPOT, a_fill, an_account, plant

SETTINGS = ReconcileSettings()


def planted(seed: int, kinds: list[str]) -> tuple[AccountFacts, AccountFacts, set[tuple[str, str]]]:
    """Our side, the venue's, and what must be found."""
    random, ours = Random(seed), an_account(seed, 8)
    there, expected = ours.copy(), set()
    for number, kind in enumerate(kinds, start=1):
        expected.add((kind, plant(there, kind, 10**6 + number, random)))
    theirs = there.facts()
    balances, positions = dict(theirs.balances), dict(theirs.positions)
    if "balance_differs" in kinds:
        balances["USDT"] = balances.get("USDT", Decimal(0)) + Decimal("0.00000001")
    if "position_differs" in kinds:
        positions[PERP] = positions.get(PERP, Decimal(0)) - Decimal("0.001")
    return ours.facts(), replace(theirs, balances=balances, positions=positions), expected


@given(seed=st.integers(0, 10**6), fills=st.integers(0, 12))
def test_e13_the_same_state_on_both_sides_has_no_differences(seed: int, fills: int) -> None:
    facts = an_account(seed, fills).facts()
    assert differences(facts, facts) == ()
    turned = replace(facts, fills=facts.fills[::-1], orders=facts.orders[::-1])
    assert differences(facts, turned) == ()


@given(
    seed=st.integers(0, 10**6),
    kinds=st.lists(st.sampled_from(PLANTS), unique=True, min_size=1, max_size=4).filter(
        lambda kinds: (
            len({"busted_fill", "changed_fill"} & {*kinds}) < 2
            and len({"order_moved", "vanished_order"} & {*kinds}) < 2
        )
    ),
)
def test_e13_any_planted_differences_are_found_exactly(seed: int, kinds: list[str]) -> None:
    ours, theirs, expected = planted(seed, kinds)
    found = differences(ours, theirs)
    assert {(one.kind, one.subject) for one in found} == expected
    assert len(found) == len(expected)
    amounts = {one.kind: one.amount for one in found}
    assert amounts.get("balance_differs", Decimal("0.00000001")) == Decimal("0.00000001")
    assert amounts.get("position_differs", Decimal("-0.001")) == Decimal("-0.001")


@pytest.mark.parametrize(
    ("kind", "action", "halts"),
    [
        ("missing_fill", "book", None),
        ("order_moved", "follow", None),
        ("liquidation", "book", "symbol"),
        ("busted_fill", "reverse", "symbol"),
        ("changed_fill", "halt", "symbol"),
        ("vanished_order", "halt", "symbol"),
        ("restored_backup", "halt", "*"),
        ("unknown_order", "halt", "symbol"),
        ("unknown_fill", "halt", "symbol"),
        ("missing_move", "adopt", None),
        ("balance_differs", "halt", "*"),
        ("position_differs", "halt", "symbol"),
    ],
)
def test_e13_e16_p10_every_kind_has_its_verdict(kind: str, action: str, halts: str | None) -> None:
    ours, theirs, _ = planted(3, [kind])
    (word,) = verdicts(differences(ours, theirs), SETTINGS)
    assert word.action == action
    assert word.halts == (word.difference.symbol if halts == "symbol" else halts)
    assert word.reason
    assert halted([word]) == ({} if word.halts is None else {word.halts: word.reason})


@pytest.mark.parametrize("kind", ["unknown_order", "unknown_fill", "balance_differs", "position_differs"])
def test_e13_the_policy_may_adopt_instead(kind: str) -> None:
    adopting = ReconcileSettings(unknown_orders="adopt", unknown_fills="adopt", unexplained="adopt")
    ours, theirs, _ = planted(3, [kind])
    (word,) = verdicts(differences(ours, theirs), adopting)
    bare = word.difference.symbol if kind == "position_differs" else None
    assert (word.action, word.halts) == ("adopt", bare)
    left = adopting.model_copy(update={"external_positions": "leave"})
    assert verdicts(differences(ours, theirs), left)[0].halts is None


def test_i7_what_an_account_comes_with_in_perpetuals_halts_its_symbol_unless_it_is_left_so() -> None:
    held = {PERP: Decimal("-0.5"), "BTC/USDT:USDT": Decimal(0)}
    assert list(brought(held, ReconcileSettings())) == [PERP]
    assert brought(held, ReconcileSettings(external_positions="leave")) == {}


def test_p10_a_restored_backup_halts_the_whole_account_even_when_all_its_orders_are_final() -> None:
    there = an_account(4, 8)
    here = an_account(4, 8)
    del here.orders[5:], here.fills[5:]
    ours, theirs = here.facts(), there.facts()
    found = differences(ours, theirs)
    assert {one.kind for one in found} == {"restored_backup"}
    assert len(found) == 6  # three orders, and a fill of each
    assert "*" in halted(verdicts(found, SETTINGS)) and "*" in halted(verdicts(found, ReconcileSettings()))
    assert ReconcileSettings().restored == "halt"
    adopting = ReconcileSettings(restored="adopt")
    assert {(one.action, one.halts) for one in verdicts(found, adopting)} == {("adopt", None)}


def test_e16_a_busted_fill_is_undone_by_new_entries_and_history_stays() -> None:
    random, books = Random(1), Books()
    fills = [a_fill(random, number, "oo-1") for number in range(5)]
    for fill in fills:
        assert books.fill(fill)
        assert not books.fill(fill)
    before = list(books.postings())
    assert books.void(fills[2])
    assert not books.void(fills[2])
    assert list(books.postings())[:5] == before
    assert len(books) == 6
    without = Books()
    for fill in (*fills[:2], *fills[3:]):
        without.fill(fill)
    for account in ("venue", "trade", "fee"):
        left, right = books.balances(account), without.balances(account)
        assert {k: v for k, v in left.items() if v} == {k: v for k, v in right.items() if v}
    with pytest.raises(Conflict, match="never booked"):
        books.void(a_fill(random, 99, "oo-1"))


def test_e16_a_voided_perpetual_fill_gives_its_position_back() -> None:
    books, fill = Books(), a_fill(Random(1), 1, "oo-1", PERP)
    books.fill(fill)
    assert books.positions()[PERP] == fill.turn() != 0
    books.void(fill)
    assert books.positions() == {PERP: 0}


def test_e13_what_is_adopted_never_becomes_profit_or_loss() -> None:
    books = Books()
    books.fill(a_fill(Random(2), 1, "someone"), external=True)
    books.post(of_unexplained("BNB", Decimal(-3), "run-1"))
    assert books.balances("trade") == books.balances("fee") == {}
    held, external = books.balances("venue"), books.balances("external")
    assert {asset: -amount for asset, amount in external.items()} == held


def test_e4_a_fill_is_booked_once_and_another_under_its_id_is_refused() -> None:
    books, fill = Books(), a_fill(Random(2), 1, "oo-1")
    assert books.fill(fill)
    with pytest.raises(Conflict):
        books.fill(replace(fill, quantity=fill.quantity + 1))
    with pytest.raises(OpenOutcryError, match="sum to"):
        books.post(Posting("x", (Entry("venue", "BTC", Decimal(1)),)))


@given(seed=st.integers(0, 10**6), symbol=st.sampled_from([SPOT, PERP]), external=st.booleans())
def test_entries_of_a_fill_sum_to_nothing_and_move_what_the_fill_moves(
    seed: int, symbol: str, external: bool
) -> None:
    fill: FillFact = a_fill(Random(seed), 1, "oo-1", symbol)
    posting = of_fill(fill, external=external)
    total, held = {}, {}
    for entry in (*posting.entries, *reversal(posting).entries):
        total[entry.account, entry.asset] = total.get((entry.account, entry.asset), 0) + entry.amount
    assert not any(total.values())
    for entry in posting.entries:
        if entry.account == "venue":
            held[entry.asset] = held.get(entry.asset, 0) + entry.amount
    assert {k: v for k, v in held.items() if v} == {k: v for k, v in fill.flows().items() if v}


def test_e16_a_bust_that_the_venue_still_lists_is_known_by_its_money() -> None:
    account = an_account(5, 8)
    facts = account.facts()
    gone = next(fill for fill in facts.fills if fill.symbol == SPOT)
    balances = dict(facts.balances)
    for asset, amount in gone.flows().items():
        balances[asset] = balances[asset] - amount
    theirs = replace(facts, balances=balances)
    (one,) = differences(facts, theirs)
    assert (one.kind, one.subject) == ("busted_fill", gone.trade_id)
    kept = tuple(fill for fill in facts.fills if fill is not gone)
    after = replace(facts, fills=kept, balances=balances, voided=frozenset({gone.key}))
    assert differences(after, theirs) == ()
