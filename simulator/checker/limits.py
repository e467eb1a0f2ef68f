"""I8: what reached the exchange is within the limits its session was opened with, whatever the gate said.

The limits are read from the session's row, the rest is counted here: what is held and open, how often something was sent,
what was lost. Only orders that add are held against them: on a spot exchange those that buy.
"""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

from simulator.checker.money import UNIT, units
from simulator.checker.verdict import must

Row = dict[str, Any]
SLACK = Decimal("1.06")
"""Prices move between the gate's look and the fill, and bad data is looked through to the last good price."""
IN_FLIGHT_S = 1.0
"""How long after the record that forbids it an order may still arrive."""
MINUTE = timedelta(minutes=1)


class Limits:
    """Follows one session."""

    def __init__(self) -> None:
        self.risk: dict[str, Any] = {}
        self.cash = self.base = self.equity = 0
        self._open: dict[int, int] = {}
        self._sent: list[tuple[Any, str]] = []
        self._peak = self._day_start = 0
        self._latched_at: float | None = None
        self._paused_at: float | None = None
        self._began: dict[int, float] = {}
        self._meant: dict[tuple[int, str], float] = {}
        self.refused: Counter[str] = Counter()

    def row(self, at: float, table: str, before: Row | None, after: Row | None) -> None:
        """A committed change of a row."""
        if table == "rounds" and after is not None and after["state"] in ("OPEN", "POLLED"):
            self._began[after["seq"]] = at
        elif table == "orders" and after is not None:
            self._meant.setdefault((after["seq"], after["leg"]), at)
        if table != "sessions" or after is None:
            return
        if before is None:
            self.risk = after["config"]["risk"]
            self.cash = self.equity = self._peak = self._day_start = units(after["initial_capital"])
        paused = after["status"] == "PAUSED"
        self._paused_at = None if not paused else at if self._paused_at is None else self._paused_at

    def hear(self, at: float, kind: str, facts: dict[str, Any]) -> None:
        """Something happened at the exchange."""
        if kind == "venue_trade":
            sign = 1 if facts["side"] == "BUY" else -1
            self.base += sign * facts["quantity"]
            self.cash -= sign * facts["quote"] + facts["fee"]
            if facts["order"] in self._open:
                self._open[facts["order"]] -= facts["quantity"]
        elif kind == "venue_ended":
            self._open.pop(facts["number"], None)

    def accepted(self, at: float, facts: dict[str, Any], row: Row) -> None:
        """The exchange took an order that ``row`` intended."""
        if facts["side"] != "BUY":
            return
        cid, mark = facts["cid"], facts["mark"]
        worth = max(price for price in (mark, facts["price"], facts["stop"]) if price is not None)
        notional = Decimal(facts["quantity"] * worth) / UNIT / UNIT
        limit = Decimal(self.risk["max_order_notional"])
        must(notional <= limit * SLACK, "I8", f"{cid}: an order of {notional:.2f}, the limit is {limit}")
        held = self.base + sum(self._open.values()) + facts["quantity"]
        share = Decimal(held * worth) / UNIT / (self.cash + self.base * mark // UNIT)
        most = Decimal(repr(self.risk["max_position_size"]))
        must(share <= most * SLACK, "I8", f"{cid}: a position of {share:.3f} of equity, the limit is {most}")
        if facts["price"] is not None:
            edge = mark * (1 + Decimal(repr(self.risk["price_collar"]))) * SLACK
            must(facts["price"] <= edge, "I8", f"{cid}: buys at {facts['price']}, the market is at {mark}")
        self._pace(cid, row)
        for since, what in ((self._latched_at, "a loss limit was reached"), (self._paused_at, "a pause")):
            must(
                since is None or at <= since + IN_FLIGHT_S,
                "I8",
                f"{cid}: bought {at - (since or at):.1f} s after {what}",
            )
        self._open[facts["number"]] = facts["quantity"]

    def record(self, at: float, body: dict[str, Any], equity: int) -> None:
        """A committed record, and the equity counted for it."""
        if "reset_breaker" in body["detail"]:
            self._peak = self._day_start = equity
            self._latched_at = None
        self.equity = equity
        if body["kind"] == "ROUND":
            self._peak = max(self._peak, equity)
        for limit, before in (("max_drawdown", self._peak), ("max_daily_loss", self._day_start)):
            if before - equity >= before * Decimal(repr(self.risk[limit])):
                must(limit in body["detail"].get("latched", {}), "I8",
                     f"record {body['seq']}: {before - equity} of {before} units lost, {limit} not latched")  # fmt: skip
                self._latched_at = at if self._latched_at is None else self._latched_at
        earlier = self._of_an_earlier_attempt(body)
        faulty = body["snapshot"] is not None and body["snapshot"]["faults"]
        for order in body["orders"]:
            asked, verdict = order["request"], order["verdict"]
            if verdict["kind"] == "refused":
                self.refused[verdict["rule"]] += 1
                must(
                    order["state"] is None,
                    "I8",
                    f"record {body['seq']}: {asked['leg']} was refused and placed",
                )
            elif asked["side"] == "BUY" and asked["leg"] not in earlier:
                must(not faulty, "I8", f"record {body['seq']}: {asked['leg']} buys on bad data")

    def _of_an_earlier_attempt(self, body: dict[str, Any]) -> list[str]:
        """Orders that the record only tells of: they were meant before it was begun anew, on what no record tells."""
        legs: list[str] = body["detail"].get("left_over", [])
        for leg in legs:
            late = self._meant[body["seq"], leg] - self._began[body["seq"]]
            must(late < 0, "I8", f"record {body['seq']}: {leg} is {late:.3f} s younger than its beginning")
        return legs

    def _pace(self, cid: str, row: Row) -> None:
        """Orders by their round's time, as the gate counts them."""
        now, prices = row["created_at"], [p for p in (row["price"], row["stop_price"]) if p is not None]
        wish = " ".join(
            map(str, (row["leg"].partition("-")[0], row["symbol"], row["side"], row["type"], *prices))
        )
        self._sent = [(then, what) for then, what in self._sent if then > now - MINUTE]
        self._sent.append((now, wish))
        most, repeats = self.risk["max_orders_per_minute"], self.risk["max_repeats"]
        must(
            len(self._sent) <= most, "I8", f"{cid}: {len(self._sent)} orders in a minute, the limit is {most}"
        )
        same = sum(what == wish for _, what in self._sent)
        must(same <= repeats, "I8", f"{cid}: the same wish {same} times in a minute, the limit is {repeats}")
