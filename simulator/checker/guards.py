"""I7 by the records: a position of the floor's own has its stop and its target, stops that trail follow, exposure is bounded."""

from decimal import Decimal
from typing import Any

from simulator.checker.accounts import role_of
from simulator.checker.money import ABSORBING, units
from simulator.checker.verdict import must

LEAVING = frozenset({"exit", "flatten", "guard_exit", "halt_exit"})
MOST_TRIES = 3
"""Rounds one after the other in which a guard was refused."""
SLACK = Decimal("1.06")
"""Prices move between the gate's look and the fill."""
STEP = Decimal("0.1")
"""A stop is moved when it lags by this part of its distance."""
TICK = 10**6
Body = dict[str, Any]


class Guards:
    """Follows the records of one session."""

    def __init__(self) -> None:
        self._without = {"stop_loss": 0, "take_profit": 0}
        self._stops: dict[int, int] = {}

    def record(self, body: Body, risk: dict[str, Any]) -> None:
        """A committed record, and the limits of its session."""
        quote = (body["snapshot"] or {}).get("quote")
        self._trailing(body, risk, None if quote is None else units(quote["price"]))
        after = body["portfolio_after"]
        if body["kind"] != "ROUND" or not any(p["role"] == "trade" for p in after["positions"]):
            self._without = dict.fromkeys(self._without, 0)
            return
        legs = _legs(body)
        for guard in self._without:
            self._guarded(body["seq"], guard, legs, priced=quote is not None)
        if quote is not None:
            gross = sum(Decimal(p["quantity"]) * Decimal(quote["price"]) for p in after["positions"])
            must(
                gross <= Decimal(body["equity"]) * SLACK,
                "I8",
                f"record {body['seq']}: gross exposure {gross} of equity {body['equity']}",
            )

    def _guarded(self, seq: int, guard: str, legs: list[tuple[str, str | None]], *, priced: bool) -> None:
        covered = any(leg in {guard, *LEAVING} and state not in ABSORBING | {None} for leg, state in legs)
        tried = any(leg == guard for leg, _ in legs)
        self._without[guard] = 0 if covered else self._without[guard] + 1
        must(
            covered or tried or self._without[guard] < (1 if priced else 2),
            "I7",
            f"record {seq}: a position without a {guard}, and none tried",
        )
        must(
            self._without[guard] <= MOST_TRIES, "I7", f"record {seq}: no {guard} for {MOST_TRIES + 1} rounds"
        )

    def _trailing(self, body: Body, risk: dict[str, Any], price: int | None) -> None:
        """What trails never goes back, and a round that knows the price leaves none behind."""
        before, self._stops = self._stops, {}
        for position in body["portfolio_after"]["positions"]:
            if position["stop_loss"] is None:
                continue
            name = f"record {body['seq']}: the stop of position {position['ordinal']}"
            stop = units(position["stop_loss"])
            self._stops[position["ordinal"]] = stop
            known, trail = before.get(position["ordinal"]), _trail(position, body, risk)
            if trail is None or known is None or _added(position, body):
                continue
            must(stop >= known, "I7", f"{name} went back from {known} to {stop}")
            if body["kind"] == "ROUND" and price is not None:
                lag = price - price * trail - stop
                must(lag <= price * trail * STEP + TICK, "I7", f"{name} is at {stop}, the price at {price}")


def _legs(body: Body) -> list[tuple[str, str | None]]:
    """Legs that worked or were asked for, without their numbers, and where each stands."""
    states = {(u["order_seq"], u["leg"]): u["status"] for u in body["order_updates"]}
    found = [
        (w["request"]["leg"], states.get((w["state"]["order_seq"], w["state"]["leg"]), w["state"]["status"]))
        for w in (*body["working"], *body["detail"].get("adopted", ()))
    ]
    found += [(o["request"]["leg"], (o["state"] or {}).get("status")) for o in body["orders"]]
    return [(leg.partition("-")[0], state) for leg, state in found]


def _added(position: dict[str, Any], body: Body) -> bool:
    """Whether the record added to a position: what is added brings a stop of its own, which may lie lower.

    Told by the fills: the size alone may have fallen, for exits of the same record may have taken away more than was added.
    """
    return any(fill["side"] == "BUY" and role_of(fill) == position["role"] for fill in body["fills"])


def _trail(position: dict[str, Any], body: Body, risk: dict[str, Any]) -> Decimal | None:
    """How far the stop of a position follows, as the floor's settings or the order by hand has it."""
    own = risk["trailing_stop"] if position["role"] == "trade" else None
    trail = own or body["detail"].get("trails", {}).get(str(position["opened_seq"]))
    return None if trail is None else Decimal(repr(trail))
