"""From approval to exchange: I3, I4, I9, I14, and nothing asked of an exchange that said to wait."""

import hashlib
import json
from decimal import Decimal
from typing import Any

from simulator.checker.money import ABSORBING, units
from simulator.checker.verdict import must

Row = dict[str, Any]
REQUEST = (
    "leg", "symbol", "side", "type", "quantity", "price",
    "stop_price", "time_in_force", "reduce_only", "oco_group", "reason",
)  # fmt: skip
UNRESOLVED = frozenset({"SENT", "UNKNOWN"})
HALT_S = 1.0


class Orders:
    """Every order's way, by its client order id."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.approved: dict[str, Row] = {}
        self.at_venue: dict[str, dict[str, Any]] = {}
        self.ended: dict[str, float] = {}
        self._halted_at: float | None = None
        self.unresolved: dict[str, float] = {}

    def hear(self, at: float, kind: str, facts: dict[str, Any]) -> None:
        """Something reached the exchange."""
        if kind == "venue_accepted":
            self._accepted(at, facts)
        elif kind == "venue_ended":
            self.ended[facts["cid"]] = at
        elif kind == "order_told":
            row = next(
                (r for r in self.rows.values() if (r["seq"], r["leg"]) == (facts["seq"], facts["leg"])), None
            )
            must(row is not None and (row["status"] not in ("INTENT", "SENT") or row["status"] == facts["status"]),
                 "I6", f"{facts['leg']} of round {facts['seq']} was told as {facts['status']}, its row is not")  # fmt: skip
        elif kind == "venue_request":
            must(
                not facts["banned"],
                "I17",
                f"{facts['process']} asked the exchange before Retry-After had passed",
            )

    def row(self, at: float, table: str, before: Row | None, after: Row | None) -> None:
        """A committed change of a row."""
        if table == "approvals":
            self._approval(before, after)
        elif table == "orders" and after is not None:
            self.rows[after["client_order_id"]] = after
            if after["status"] in UNRESOLVED:
                self.unresolved.setdefault(after["client_order_id"], at)
            else:
                self.unresolved.pop(after["client_order_id"], None)
        elif table == "floor_state" and (after or before or {}).get("key") == "halt":
            self._halted_at = at if after is not None else None

    def unheard(self) -> dict[str, float]:
        """Since when orders have ended at the exchange of which only the next round will hear."""
        return {
            cid: at
            for cid, at in self.ended.items()
            if cid in self.rows and self.rows[cid]["status"] not in ABSORBING
        }

    def finish(self, at: float) -> None:
        """In the end every order of the exchange is known as it is, and none is in doubt."""
        doubt = sorted(self.unresolved)
        must(not doubt, "I18", f"still unresolved: {doubt}")
        for cid, order in self.at_venue.items():
            row = self.rows[cid]
            live = cid not in self.ended and order["filled"] < order["quantity"]
            must(
                live or row["status"] in ABSORBING,
                "I18",
                f"{cid} has ended at the exchange, the floor says {row['status']}",
            )
            must(units(row["executed_quantity"]) == order["filled"], "I18",
                 f"{cid}: executed {row['executed_quantity']}, at the exchange {order['filled']} units")  # fmt: skip

    def trade(self, at: float, facts: dict[str, Any]) -> None:
        """A trade belongs to an order."""
        self.at_venue[facts["cid"]]["filled"] += facts["quantity"]

    def _accepted(self, at: float, facts: dict[str, Any]) -> None:
        cid = facts["cid"]
        must(cid not in self.at_venue, "I4", f"{cid} reached the exchange twice")
        row, approval = self.rows.get(cid), self.approved.get(cid)
        must(row is not None, "I3", f"{cid} reached the exchange and no intent is committed")
        must(approval is not None, "I3", f"{cid} reached the exchange without an approval")
        assert row is not None and approval is not None
        must(
            row["status"] in UNRESOLVED,
            "I3",
            f"{cid} reached the exchange while its row said {row['status']}",
        )
        asked = {"side": row["side"], "type": row["type"], "quantity": units(row["quantity"])}
        for name, value in asked.items():
            must(facts[name] == value, "I3", f"{cid}: {name} {facts[name]} at the exchange, {value} intended")
        must(hash_of(row) == approval["order_hash"], "I3", f"{cid}: the approval is of another order")
        must(approval["expires_at"] >= row["created_at"], "I3", f"{cid}: the approval had expired")
        if (
            self._halted_at is not None and facts["side"] == "BUY"
        ):  # a spot exchange sells what is held, and no more
            must(
                at <= self._halted_at + HALT_S,
                "I9",
                f"{cid} was accepted {at - self._halted_at:.3f} s after the halt",
            )
        self.at_venue[cid] = {**facts, "filled": 0}

    def _approval(self, before: Row | None, after: Row | None) -> None:
        must(before is None, "I3", "an approval was used again or taken back")
        if after is not None:
            must(
                after["client_order_id"] not in self.approved,
                "I3",
                f"{after['client_order_id']}: approved twice",
            )
            self.approved[after["client_order_id"]] = after


def hash_of(row: Row) -> str:
    """The digest an approval binds, from the order's own columns."""

    def plain(value: Any) -> Any:
        if not isinstance(value, Decimal):
            return value
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text

    asked = {name: plain(row[name]) for name in REQUEST}
    return hashlib.sha256(
        json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()
