"""What ``make chaos`` is made of; rows P1, P4, P5, P7, P8 and the seventeen crash points."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chaos.checker.books import Findings, _fills, _money, _orders
from chaos.reaper import Kill, Reaper, Slice
from chaos.results import append, read, summary

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("outcry", "api", "orchestrator", "agents", "mcp_servers", "db", "wire")
CALL = re.compile(r"crashpoint\((.*)\)")
NAME = re.compile(r'"(k\d+)"')


def test_all_seventeen_crash_points_are_in_the_code() -> None:
    files = [path for package in PRODUCT for path in (ROOT / package).rglob("*.py")]
    found = {name for path in files for call in CALL.findall(path.read_text()) for name in NAME.findall(call)}
    assert found == {f"k{number}" for number in range(1, 18)}


def test_a_slice_goes_on_until_a_few_kills_were_counted() -> None:
    reaper = Reaper.__new__(Reaper)
    reaper.slice = Slice(3, kills=[Kill("k17")])
    assert reaper._goes_on(59.0, 60.0) and reaper._goes_on(61.0, 60.0)
    with pytest.raises(RuntimeError, match="1 kills in 400 s"):
        reaper._goes_on(400.0, 60.0)
    reaper.slice.kills += [Kill("k9"), Kill("postgres")]
    assert reaper._goes_on(59.0, 60.0) and not reaper._goes_on(61.0, 60.0)


ROW = {"client_order_id": "a", "status": "FILLED", "executed_quantity": Decimal(1)}
FILL = {
    "trade_id": "spot-X-1",
    "side": "BUY",
    "quantity": Decimal(1),
    "price": Decimal(10),
    "fee": Decimal("0.1"),
}
THERE = {"clientOrderId": "a", "executedQty": "1"}


@pytest.mark.parametrize(
    ("ours", "theirs", "what"),
    [
        ([ROW], [THERE, THERE], "doubled"),
        ([], [THERE], "lost"),
        ([ROW], [], "lost"),
        ([ROW], [{**THERE, "executedQty": "0.5"}], "lost"),
        ([ROW], [THERE], ""),
    ],
)
def test_the_checker_sees_orders(ours: list[Any], theirs: list[Any], what: str) -> None:
    found = Findings()
    _orders(ours, theirs, found)
    assert found.clean is (not what) and (not what or getattr(found, what))


def test_the_checker_sees_fills_and_single_units() -> None:
    missed, invented = Findings(), Findings()
    _fills([], [{"symbol": "X", "id": 1}], missed)
    _fills([FILL], [], invented)  # type: ignore[list-item]
    assert missed.lost and invented.doubled
    opening = {"BTC": Decimal(0), "USDT": Decimal(100)}
    for usdt, clean in (("89.9", True), ("89.90000001", False)):
        found = Findings()
        balances = [
            {"asset": "BTC", "free": "1", "locked": "0"},
            {"asset": "USDT", "free": usdt, "locked": "0"},
        ]
        _money([FILL], balances, opening, found)  # type: ignore[list-item]
        assert found.clean is clean


def test_slices_add_up(tmp_path: Path) -> None:
    told = {
        "seed": 1, "kills": [{"what": "k9", "ready_s": 1.0, "order_s": 2.0}] * 30, "orders": 40, "pauses": 1,
        "during_pauses": 0, "findings": {"doubled": [], "lost": [], "ledger": []}, "gave_up": "", "commit": "abc",
    }  # fmt: skip
    append(tmp_path / "r", told)
    append(tmp_path / "r", {**told, "seed": 2})
    said = summary(read(tmp_path / "r"))
    assert "60 kills in 2 slices" in said and "p < 5.00%" in said and "k9 60" in said
    assert "a process: to READY p50 1.0 s, p99 1.0 s (n=60), to the first order made p50 2.0 s" in said
    append(tmp_path / "r", {**told, "findings": {"doubled": ["a"], "lost": [], "ledger": []}})
    assert "doubled 1" in summary(read(tmp_path / "r")) and "p <" not in summary(read(tmp_path / "r"))
