"""Faults planted in the comparison of the account with the books."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mcp_servers.execution.venues.live import reconciler
from mcp_servers.execution.venues.live.keeper import Keeper
from mcp_servers.execution.venues.live.reconciler import Reconciler
from openoutcry.reconcile.policy import ReconcileSettings
from simulator.plant import Plant

STRANGE = frozenset({"unknown_order", "unknown_fill", "balance_differs"})


def _absorbed(real: Any) -> Any:
    def rows(words: Any, run: str) -> Any:
        return [
            ("fill" if kind == "external_fill" else kind, key, body) for kind, key, body in real(words, run)
        ]

    return rows


def _halved(real: Any) -> Any:
    def rows(words: Any, run: str) -> Any:
        found = real(words, run)
        for kind, _, body in found:
            if kind == "unexplained":
                body["amount"] = str((Decimal(body["amount"]) / 2).quantize(Decimal("1e-8")))
        return found

    return rows


def _unbooked(real: Any) -> Any:
    return lambda words, run: [entry for entry in real(words, run) if entry[0] != "fill"]


def _passed_over(real: Any) -> Any:
    return lambda found, settings: real([one for one in found if one.kind not in STRANGE], settings)


def _all_adopted(real: Any) -> Any:
    anything = ReconcileSettings(unknown_orders="adopt", unknown_fills="adopt", unexplained="adopt")
    return lambda found, settings: real(found, anything)


def _amnesia(real: Any) -> Any:
    async def orders(self: Any) -> Any:
        return (await real(self))[:-1]

    return orders


def _never_again(real: Any) -> Any:
    async def run(self: Any) -> None:
        """One comparison at the start was enough."""

    return run


ACCOUNT_PLANTS: Mapping[str, Plant] = {
    "absorb-strangers": Plant(
        "a stranger's fill is booked as the floor's own", reconciler, "rows_of", _absorbed
    ),
    "adopt-half": Plant("half of what nothing explains is adopted", reconciler, "rows_of", _halved),
    "account-loses-fill": Plant(
        "fills are not booked in the account's books", reconciler, "rows_of", _unbooked
    ),
    "deaf-to-strangers": Plant(
        "what is not the floor's own is passed over", reconciler, "verdicts", _passed_over
    ),
    "adopt-anything": Plant(
        "everything is adopted, whatever the policy", reconciler, "verdicts", _all_adopted
    ),
    "stranger-to-itself": Plant(
        "the newest order is not known as the floor's own", Reconciler, "_orders", _amnesia
    ),
    "compare-once": Plant("the account is compared at the start only", Keeper, "run", _never_again),
}
