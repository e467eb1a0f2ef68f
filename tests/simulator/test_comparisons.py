"""The checker's own count of what is and what is not the floor's at its account."""

import asyncio
from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from db import venue_books
from simulator.checker.comparisons import EVERYTHING, LATE_S, SYMBOL, Comparisons
from simulator.checker.verdict import Violation
from simulator.database.server import Database, Pool
from simulator.database.tables import Tables
from simulator.engine.clocks import virtual
from simulator.engine.loop import VirtualLoop
from simulator.engine.process import CURRENT, Process
from simulator.world.chance import Chance
from tests.factories import ORG

UNIT = 10**8
TRADE = {"id": "t1", "side": "BUY", "price": 100 * UNIT, "quantity": UNIT, "quote": 100 * UNIT, "fee": UNIT}
BOOKED = {
    "trade_id": "1",
    "side": "BUY",
    "price": "100",
    "quantity": "1",
    "quote": "100",
    "fees": [["USDT", "1"]],
}
ADOPT = dict.fromkeys(("unknown_orders", "unknown_fills", "unexplained"), "adopt")
HALT = dict.fromkeys(ADOPT, "halt")
OPENING = {"balances": {"USDT": "1000"}, "since": {"BTC/USDT": 0}}
ORDER = {"client_order_id": "app-1"}


class Account:
    """What is said of an account to the checker, in the order in which it happens, a second apart."""

    def __init__(self, policy: dict[str, str], *, opened: bool = True) -> None:
        self.checker, self._at = Comparisons(), 0.0
        self.there("policy", **policy)
        self.there("account", cash=1000 * UNIT, base=0)
        if opened:
            self.entry("opening", OPENING)

    def there(self, kind: str, **facts: Any) -> None:
        self._at += 1.0
        self.checker.hear(self._at, kind, facts)

    def entry(self, kind: str, body: dict[str, Any]) -> None:
        self._row("venue_books", {"kind": kind, "body": body})

    def halt(self, key: str) -> None:
        self._row("floor_state", {"key": key, "value": {"source": "reconciliation", "reason": "strange"}})

    def lift(self, key: str) -> None:
        self.checker.row(self._at, "floor_state", {"key": key}, None)

    def end(self, after: float = 10.0) -> None:
        self._at += after
        self._row("reconciliations", {})
        self.checker.finish(self._at)

    def _row(self, table: str, row: dict[str, Any]) -> None:
        self._at += 1.0
        self.checker.row(self._at, table, None, row)


def _stranger(account: Account, name: str) -> None:
    if name == "order":
        account.there("foreign_order", cid="app-1")
    elif name == "trade":
        account.there("foreign_trade", **TRADE)
    else:
        account.there("foreign_money", cash=0, base=UNIT)


ADOPTED = {
    "order": ("order", ORDER),
    "trade": ("external_fill", BOOKED),
    "money": ("unexplained", {"asset": "BTC", "amount": "1"}),
}


@pytest.mark.parametrize("name", ADOPTED)
def test_what_is_not_the_floors_is_adopted_by_a_policy_that_adopts(name: str) -> None:
    adopted, passed_over = Account(ADOPT), Account(ADOPT)
    for account in (adopted, passed_over):
        _stranger(account, name)
    adopted.entry(*ADOPTED[name])
    adopted.end()
    with pytest.raises(Violation, match="is not ours and was not adopted"):
        passed_over.end()
    with pytest.raises(Violation, match="nothing strange has happened"):
        passed_over.halt(EVERYTHING if name == "money" else SYMBOL)


@pytest.mark.parametrize("name", ADOPTED)
def test_by_a_policy_that_halts_it_halts_until_a_person_adopts(name: str) -> None:
    key = EVERYTHING if name == "money" else SYMBOL
    account = Account(HALT)
    _stranger(account, name)
    with pytest.raises(Violation, match="is not ours, and nothing is halted"):
        account.end()
    account.halt(key)
    account.end()
    account.lift(key)
    account.end(LATE_S - 1.0)
    with pytest.raises(Violation, match="nothing is halted"):
        account.end(1.0)
    account.there("person_adopts")
    account.entry(*ADOPTED[name])
    account.there("person_done")
    account.end()


@pytest.mark.parametrize("name", ADOPTED)
def test_nothing_is_adopted_against_the_policy_or_twice(name: str) -> None:
    account, again = Account(HALT), Account(ADOPT)
    for each in (account, again):
        _stranger(each, name)
    with pytest.raises(Violation, match="is adopted, though the policy halts"):
        account.entry(*ADOPTED[name])
    again.entry(*ADOPTED[name])
    with pytest.raises(Violation, match="is adopted, and is no stranger's"):
        again.entry(*ADOPTED[name])


@pytest.mark.parametrize("name", ["trade", "money"])
def test_what_comes_between_the_first_telling_and_its_commit_is_to_be_explained(name: str) -> None:
    account, passed_over = Account(ADOPT, opened=False), Account(ADOPT, opened=False)
    for each in (account, passed_over):
        _stranger(each, name)
        each.entry("opening", OPENING)
    account.entry(*ADOPTED[name])
    account.end()
    with pytest.raises(Violation, match=f"^I1: {name} .* is not ours and was not adopted"):
        passed_over.end()


def test_what_the_first_telling_holds_is_nobodys_to_explain() -> None:
    told = {"balances": {"USDT": "900", "BTC": "1"}, "since": {"BTC/USDT": 2}}
    account, wrong = Account(ADOPT, opened=False), Account(ADOPT, opened=False)
    for each in (account, wrong):
        _stranger(each, "trade")
        for cash in (UNIT, 2 * UNIT):
            each.there("foreign_money", cash=cash, base=0)
    with pytest.raises(Violation, match="90100000000 units of USDT at first, which it never held"):
        wrong.entry("opening", {**told, "balances": {"USDT": "901", "BTC": "1"}})
    account.entry("opening", told)
    with pytest.raises(Violation, match="trade 1 is adopted, and is no stranger's"):
        account.entry("external_fill", BOOKED)
    account.entry("unexplained", {"asset": "USDT", "amount": "2"})
    account.end()


def test_a_strangers_trade_is_never_the_floors_own_nor_the_other_way_round() -> None:
    account = Account(ADOPT)
    account.there("foreign_trade", **TRADE)
    with pytest.raises(Violation, match=r"^I2: trade 1 is booked as the floor's own, and is not"):
        account.entry("fill", BOOKED)
    account = Account(ADOPT)
    account.there("venue_trade", **TRADE)
    with pytest.raises(Violation, match=r"^I1: trade 1 is adopted, and is no stranger's"):
        account.entry("external_fill", BOOKED)


def test_the_floors_own_trades_are_in_the_books_of_the_account_at_their_amounts() -> None:
    account = Account(ADOPT)
    account.there("venue_trade", **TRADE)
    account.end(LATE_S - 2.0)
    with pytest.raises(Violation, match=r"^I2: trades \['1'\] are not in the books of the account"):
        account.end()
    with pytest.raises(Violation, match=r"^I1: trade 1: fee 200000000, there 100000000"):
        account.entry("fill", {**BOOKED, "fees": [["USDT", "2"]]})
    account = Account(ADOPT)
    account.there("venue_trade", **TRADE)
    account.entry("fill", BOOKED)
    account.end()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            lambda a: a.entry("unexplained", {"asset": "BTC", "amount": "0.5"}),
            "50000000 units of BTC are adopted",
        ),
        (lambda a: a.entry("void", BOOKED), "the books of the account have a void"),
        (
            lambda a: a.entry("opening", {**OPENING, "balances": {"USDT": "7"}}),
            "the books of the account have",
        ),
        (lambda a: a.checker.finish(100.0), "the account was compared at 0.0 s last"),
    ],
)
def test_amounts_and_times_are_looked_at(wrong: Callable[[Account], None], says: str) -> None:
    account = Account(ADOPT)
    account.there("foreign_money", cash=0, base=UNIT)
    with pytest.raises(Violation, match=says):
        wrong(account)


def test_p6_what_was_booked_when_the_answer_was_lost_is_booked_once_and_told_as_booked() -> None:
    loop = VirtualLoop(Random(1))
    chance = Chance(1, SimpleNamespace(note=lambda *_, **__: None), {})  # type: ignore[arg-type]
    rows = [("unexplained", "1:USDT", {"asset": "USDT", "amount": "1"})]

    async def booked() -> tuple[bool, bool, list[Any]]:
        CURRENT.set(Process("execution", 1))
        pool: Any = Pool(Database(Tables(lambda _: None), chance, asyncio.get_running_loop().time))
        chance.arm("db_commit_unknown")
        first = await venue_books.book(pool, ORG, "a", rows, 0)
        return first, await venue_books.book(pool, ORG, "a", rows, 0), await venue_books.read(pool, "a")

    try:
        with virtual(loop.time):
            first, second, there = loop.run_until_complete(booked())
    finally:
        loop.close()
    assert (first, second, len(there)) == (True, False, 1)
    assert chance.happened == {"db_commit_unknown": 1}
