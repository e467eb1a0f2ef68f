"""Profit and loss, recounted in integers from the fills: what was paid for what is held, what was earned, what it is worth."""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from simulator.checker.money import rounded, units
from simulator.checker.verdict import must

FINE = 10**18
Body = dict[str, Any]


@dataclass
class Held:
    """What is open of one role, and what was paid for it, in units."""

    quantity: int = 0
    cost: int = 0


class Accounts:
    """Follows the records of one session. A share of a cost may be rounded by a unit, so earnings may differ by one a sale."""

    def __init__(self) -> None:
        self.initial = 0
        self.equity = 0
        self._held: dict[str, Held] = {}
        self._earned = self._fees = self._slack = 0

    def opened(self, capital: int) -> None:
        """A session begins."""
        self.initial = self.equity = capital

    def record(self, body: Body) -> None:
        """A committed record: its figures against those counted here."""
        for fill in body["fills"]:
            self._book(fill)
        after, name = body["portfolio_after"], f"record {body['seq']}"
        must(
            units(after["fees_paid"]) == self._fees,
            "I1",
            f"{name}: fees {after['fees_paid']}, recounted {self._fees}",
        )
        told = units(after["realized_pnl"])
        must(
            abs(told - self._earned) <= self._slack,
            "I5",
            f"{name}: realized {told}, recounted {self._earned}",
        )
        paid = sum(_value(p["entry_price"], p["quantity"]) for p in after["positions"])
        must(units(after["cash"]) == self.initial + told - self._fees - paid, "I1",
             f"{name}: cash {after['cash']} is not capital and earnings without fees and what is held cost")  # fmt: skip
        marks, quote = body["detail"].get("marks", {}), (body["snapshot"] or {}).get("quote")
        if quote is not None:
            must(
                marks.get(quote["symbol"]) == quote["price"],
                "I5",
                f"{name}: valued at {marks}, quoted {quote['price']}",
            )
        if all(p["symbol"] in marks for p in after["positions"]):
            worth = sum(_value(marks[p["symbol"]], p["quantity"]) for p in after["positions"])
            self.equity = units(after["cash"]) + worth
            must(
                units(body["equity"]) == self.equity,
                "I5",
                f"{name}: equity {body['equity']}, recounted {self.equity}",
            )

    def _book(self, fill: dict[str, Any]) -> None:
        quantity, quote = units(fill["quantity"]), _value(fill["price"], fill["quantity"])
        self._fees += units(fill["fee"])
        role = role_of(fill)
        own = self._held.setdefault(role, Held())
        if fill["side"] == "BUY":
            own.quantity, own.cost = own.quantity + quantity, own.cost + quote
            return
        self._earned += quote
        for held in (own, *(other for name, other in self._held.items() if name != role)):
            part = min(quantity, held.quantity)
            if part:
                gone = held.cost - rounded(held.cost * (held.quantity - part), held.quantity)
                held.quantity, held.cost = held.quantity - part, held.cost - gone
                self._earned, quantity, self._slack = self._earned - gone, quantity - part, self._slack + 2
        must(quantity == 0, "I2", f"fill {fill['trade_id']} sells {quantity} units more than were held")


def role_of(fill: dict[str, Any]) -> str:
    """Whose position a fill opens or adds to: a person's or the floor's own."""
    return "manual" if (fill["leg"] or "").startswith("manual") else "trade"


def _value(price: Any, quantity: Any) -> int:
    """Price times quantity to the unit, ties to even. An average price may have eighteen decimals."""
    with localcontext(prec=60):
        scaled = int((Decimal(price) * FINE).to_integral_exact())
    return rounded(scaled * units(quantity), FINE)
