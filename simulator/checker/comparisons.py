"""The books of the account, recounted: what is not the floor's is adopted or halts, by its policy, and is never its profit.

I2 by the account: each trade of the floor's own is booked as its own, once, at its amounts. I1: what a stranger traded, or what
came and went without a word, stands on an account of its own to the unit, or the floor has halted because of it.
"""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from simulator.checker.money import Row, units
from simulator.checker.verdict import must

LATE_S = 40.0
"""Comparisons are 15 s apart; one that money makes wait takes 16 s."""
PAIR = "BTC/USDT"
SYMBOL, EVERYTHING = f"halt:{PAIR}", "halt"
POLICY = {"order": "unknown_orders", "trade": "unknown_fills", "money": "unexplained"}
HALTS = {"order": SYMBOL, "trade": SYMBOL, "money": EVERYTHING}
BASE, QUOTE = "BTC", "USDT"
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Strange:
    """What happened at the account and was not the floor's doing. ``facts`` are the exchange's, money by asset in units."""

    kind: str
    at: float
    facts: Facts


class Comparisons:
    """Follows one account."""

    def __init__(self) -> None:
        self.policy: dict[str, str] = {}
        self._own: dict[str, tuple[float, Facts]] = {}
        self._open: dict[tuple[str, str], Strange] = {}
        self._there: dict[str, int] = {BASE: 0, QUOTE: 0}
        self._booked: dict[str, int] = {BASE: 0, QUOTE: 0}
        self._moves: dict[str, list[int]] = {BASE: [], QUOTE: []}
        self._people = 0
        self._stood: dict[str, float | None] = {}
        self._compared_at = 0.0

    def hear(self, at: float, kind: str, facts: Facts) -> None:
        """Something happened at the account."""
        if kind == "policy":
            self.policy = facts
        elif kind == "account":
            self._there = {BASE: facts["base"], QUOTE: facts["cash"]}
        elif kind in ("venue_trade", "foreign_trade"):
            for asset, amount in _flows(facts).items():
                self._there[asset] += amount
        if kind == "venue_trade":
            self._own[facts["id"][1:]] = at, facts
        elif kind == "foreign_trade":
            self._open["trade", facts["id"][1:]] = Strange("trade", at, facts)
        elif kind == "foreign_order":
            self._open["order", facts["cid"]] = Strange("order", at, facts)
        elif kind == "foreign_money":
            for asset, amount in ((QUOTE, facts["cash"]), (BASE, facts["base"])):
                self._moved(at, asset, amount)
        elif kind in ("person_adopts", "person_done"):
            self._people += 1 if kind == "person_adopts" else -1

    def row(self, at: float, table: str, before: Row | None, after: Row | None) -> None:
        """A committed change of a row."""
        if table == "floor_state":
            self._halt(at, before, after)
        elif table == "reconciliations":
            self._compared_at = at
        elif table == "venue_books" and after is not None:
            self._entry(at, after["kind"], after["body"])

    def finish(self, at: float) -> None:
        """The faults have stopped long ago."""
        must(
            at - self._compared_at <= LATE_S,
            "I18",
            f"the account was compared at {self._compared_at:.1f} s last",
        )
        late = {number for number, (when, _) in self._own.items() if at - when > LATE_S}
        must(not late, "I2", f"trades {sorted(late)} are not in the books of the account")
        for (kind, name), strange in self._open.items():
            what = f"{kind} {name} of {strange.at:.1f} s"
            must(self.policy[POLICY[kind]] == "halt", "I1", f"{what} is not ours and was not adopted")
            must(self._halted(at, HALTS[kind]), "I1", f"{what} is not ours, and nothing is halted")
        if not self._own and not self._open:
            must(
                self._booked == self._there,
                "I1",
                f"the books of the account have {self._booked}, the exchange has {self._there}",
            )

    def _moved(self, at: float, asset: str, amount: int) -> None:
        if not amount:
            return
        self._there[asset] += amount
        self._moves[asset].append(amount)
        known = self._open.pop(("money", asset), None)
        left = amount + (0 if known is None else known.facts["amount"])
        if left:
            self._open["money", asset] = Strange("money", at, {"amount": left})

    def _opened(self, at: float, body: Facts) -> None:
        """What the account held when it was told is nobody's to explain. An order that is still open is, and so is what came
        after the telling and before it was written, which a slow database puts seconds apart.
        """
        for asset, amount in body["balances"].items():
            self._booked[asset] += units(amount)
        first = body["since"][PAIR]
        later = {key: one for key, one in self._open.items() if key[0] == "trade" and int(key[1]) >= first}
        self._open = {key: one for key, one in self._open.items() if key[0] == "order"} | later
        for asset, moves in self._moves.items():
            traded = sum(_flows(one.facts)[asset] for one in later.values())
            moved = self._there[asset] - traded - self._booked[asset]
            must(
                moved in accumulate(reversed(moves), initial=0),
                "I1",
                f"the books of the account have {self._booked[asset]} units of {asset} at first, which it never held",
            )
            if moved:
                self._open["money", asset] = Strange("money", at, {"amount": moved})

    def _entry(self, at: float, kind: str, body: Facts) -> None:
        """An entry of the account's books."""
        if kind == "opening":
            self._opened(at, body)
        elif kind == "fill":
            number = body["trade_id"]
            must(number in self._own, "I2", f"trade {number} is booked as the floor's own, and is not")
            self._fill(body, self._own.pop(number)[1])
        elif kind == "external_fill":
            self._fill(body, self._adopted("trade", body["trade_id"]).facts)
        elif kind == "order":
            self._adopted("order", body["client_order_id"])
        elif kind == "unexplained":
            strange, amount = self._adopted("money", body["asset"]), units(body["amount"])
            moved = strange.facts["amount"]
            must(amount == moved, "I1", f"{amount} units of {body['asset']} are adopted, {moved} came")
            self._booked[body["asset"]] += amount
        else:
            must(False, "I1", f"the books of the account have a {kind}: {body}")

    def _adopted(self, kind: str, name: str) -> Strange:
        strange = self._open.pop((kind, name), None)
        must(strange is not None, "I1", f"{kind} {name} is adopted, and is no stranger's")
        allowed = self._people > 0 or self.policy[POLICY[kind]] == "adopt"
        must(allowed, "I1", f"{kind} {name} is adopted, though the policy halts")
        assert strange is not None
        return strange

    def _fill(self, body: Facts, trade: Facts) -> None:
        told = {name: units(body[name]) for name in ("price", "quantity", "quote")}
        told["fee"] = sum(units(amount) for _, amount in body["fees"])
        for name, amount in told.items():
            must(
                amount == trade[name], "I1", f"trade {body['trade_id']}: {name} {amount}, there {trade[name]}"
            )
        must(
            body["side"] == trade["side"],
            "I2",
            f"trade {body['trade_id']}: {body['side']} in the account's books",
        )
        for asset, amount in _flows(trade).items():
            self._booked[asset] += amount

    def _halt(self, at: float, before: Row | None, after: Row | None) -> None:
        key = (after or before or {})["key"]
        if key not in (SYMBOL, EVERYTHING):
            return
        self._stood[key] = at if after is None else None
        if before is not None or after is None or after["value"]["source"] != "reconciliation":
            return
        causes = [
            kind for kind, _ in self._open if HALTS[kind] == key and self.policy[POLICY[kind]] == "halt"
        ]
        must(bool(causes), "I1", f"{key}: {after['value']['reason']}: nothing strange has happened")

    def _halted(self, at: float, *keys: str) -> bool:
        """Whether a halt stands, or stood a moment ago: whoever lifts it without adopting anything is told again."""
        found = [self._stood[key] for key in (*keys, EVERYTHING) if key in self._stood]
        return any(until is None or at - until <= LATE_S for until in found)


def _flows(trade: Facts) -> dict[str, int]:
    sign = 1 if trade["side"] == "BUY" else -1
    return {BASE: sign * trade["quantity"], QUOTE: -sign * trade["quote"] - trade["fee"]}
