"""G19: the books close to the last unit. The figure of a million is ``make bench ARGS=reconcile``."""

from decimal import Decimal

import pytest

from benchmarks import reconcile
from openoutcry.reconcile.facts import FillFact


def test_g19_our_books_are_the_independent_ledgers() -> None:
    assert reconcile.difference(20_000, 1) == {}


def test_the_figure_notices_a_single_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    flows = FillFact.flows

    def off(fill: FillFact) -> dict[str, Decimal]:
        moved = flows(fill)
        return (
            {**moved, "BTC": moved["BTC"] + Decimal("0.00000001")}
            if fill.trade_id == "7" and "BTC" in moved
            else moved
        )

    first = next(n for n in range(100) if list(reconcile.fills(8, n))[7][1] == "BTC/USDT")
    monkeypatch.setattr(FillFact, "flows", off)
    assert reconcile.difference(8, first) == {"BTC": 1}
