"""Money and positions, recounted in integers from what the exchange said: I1, I2, I6, I11, and every trade booked once."""

import json
from decimal import Decimal
from typing import Any

from simulator.checker.verdict import must

UNIT = 10**8
MONEY = frozenset(
    [
        "price",
        "stop_price",
        "quantity",
        "executed_quantity",
        "executed_quote_quantity",
        "fee",
        "equity",
        "cash",
        "initial_capital",
        "final_capital",
        "entry_price",
        "exit_price",
        "entry_quantity",
        "exit_quantity",
        "realized_pnl",
        "unrealized_pnl",
        "fees",
        "actual_pnl",
        "cost_usd",
        "stop_loss",
        "take_profit",
    ]
)
ABSORBING = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED"})
Row = dict[str, Any]


def units(value: Any) -> int:
    """A decimal amount in units of 1e-8; it must be a whole number of them."""
    scaled = Decimal(value) * UNIT
    whole = int(scaled)
    must(scaled == whole, "I1", f"{value} is not a whole number of units")
    return whole


def rounded(amount: int, by: int) -> int:
    """``amount / by`` to the nearest integer, ties to even."""
    whole, rest = divmod(amount, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))


class Money:
    """Follows the exchange's trades and the floor's books side by side."""

    def __init__(self) -> None:
        self.trades: dict[str, dict[str, Any]] = {}
        self.booked: dict[str, Row] = {}
        self.unbooked: dict[str, float] = {}
        self.cash: int | None = None
        self.base = 0

    def hear(self, at: float, kind: str, facts: dict[str, Any]) -> None:
        """A trade at the exchange."""
        if kind == "venue_trade":
            must(facts["id"] not in self.trades, "I4", f"trade {facts['id']} happened twice")
            self.trades[facts["id"]] = facts
            self.unbooked[facts["id"]] = at

    def row(self, at: float, table: str, before: Row | None, after: Row | None) -> None:
        """A committed change of a row."""
        if after is None:
            return
        for name in MONEY & after.keys():
            must(not isinstance(after[name], float), "I11", f"{table}.{name} is a float: {after[name]!r}")
        if table == "orders":
            self._order(before, after)
        elif table == "fills":
            self._fill(before, after)
        elif table == "sessions" and before is None:
            self.cash = units(after["initial_capital"])

    def record(self, at: float, body: dict[str, Any], row: Row) -> None:
        """A committed record: its cash and positions against its fills, counted here."""
        for fill in body["fills"]:
            quantity, price, fee = units(fill["quantity"]), units(fill["price"]), units(fill["fee"])
            quote = rounded(price * quantity, UNIT)
            sign = 1 if fill["side"] == "BUY" else -1
            self.base += sign * quantity
            self.cash = (self.cash or 0) - sign * quote - fee
        after = body["portfolio_after"]
        must(
            units(after["cash"]) == self.cash,
            "I1",
            f"record {row['seq']}: cash {after['cash']}, recounted {self.cash}",
        )
        held = sum(units(p["quantity"]) * (1 if p["side"] == "LONG" else -1) for p in after["positions"])
        must(held == self.base, "I2", f"record {row['seq']}: position {held}, recounted {self.base}")
        must(self.base >= 0, "I2", f"record {row['seq']}: spot position {self.base} is short")
        told = [fill["trade_id"] for fill in body["fills"]]
        rows = sorted(trade for trade, fill in self.booked.items() if fill["seq"] == row["seq"])
        must(sorted(told) == rows, "I2", f"record {row['seq']} tells fills {told}, its rows are {rows}")
        _no_float(body["portfolio_after"], "portfolio_after")

    def _order(self, before: Row | None, after: Row) -> None:
        done, asked = units(after["executed_quantity"]), units(after["quantity"])
        name = f"order {after['seq']}:{after['leg']}"
        must(0 <= done <= asked, "I6", f"{name}: executed {done} of {asked}")
        must(after["status"] != "FILLED" or done == asked, "I6", f"{name}: FILLED with {done} of {asked}")
        if before is not None:
            must(units(before["executed_quantity"]) <= done, "I6", f"{name}: executed quantity fell")
            ended = before["status"] in ABSORBING
            must(not ended or after["status"] == before["status"], "I6",
                 f"{name}: {before['status']} became {after['status']}")  # fmt: skip

    def _fill(self, before: Row | None, after: Row) -> None:
        trade = self.trades.get(after["trade_id"])
        name = f"fill {after['trade_id']}"
        must(before is None, "I2", f"{name} was changed after it was booked")
        must(after["trade_id"] not in self.booked, "I2", f"{name} is booked twice")
        must(trade is not None, "I2", f"{name} never happened at the exchange")
        assert trade is not None
        for mine, theirs in (("quantity", "quantity"), ("price", "price"), ("fee", "fee")):
            must(
                units(after[mine]) == trade[theirs],
                "I1",
                f"{name}: {mine} {after[mine]}, at the exchange {trade[theirs]}",
            )
        must(
            after["side"] == trade["side"], "I2", f"{name}: {after['side']}, at the exchange {trade['side']}"
        )
        self.booked[after["trade_id"]] = after
        self.unbooked.pop(after["trade_id"], None)

    def finish(self, cash: int, base: int) -> None:
        """In the end nothing is missing and nothing differs, to the unit."""
        lost = sorted(self.trades.keys() - self.booked.keys())
        must(not lost, "I18", f"trades never booked: {lost}")
        must((self.cash, self.base) == (cash, base), "I1",
             f"the floor has cash {self.cash}, base {self.base}; the exchange {cash}, {base}")  # fmt: skip


def _no_float(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            must(not (key in MONEY and isinstance(item, float)), "I11", f"{path}.{key} is a JSON number")
            _no_float(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            _no_float(item, path)


def body_of(row: Row) -> dict[str, Any]:
    """A record's stored body."""
    found: dict[str, Any] = json.loads(row["body"])
    return found
