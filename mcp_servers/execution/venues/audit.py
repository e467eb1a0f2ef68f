"""An independent checker of a paper venue's journal: balances by double entry from the lines alone.

It shares no code with the engine or the portfolio: JSON in, integers of 1e-8 counted, balances out.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

UNIT = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class LedgerBalances:
    """What the account holds if every fill, perpetuals too, exchanged quote for base outright.

    ``quote`` and ``quantities`` (by symbol, signed) are the account's; ``postings`` sums every account of the
    double entry per unit of account, which must all be zero. ``orders`` counts accepted orders, ``names``
    their distinct client order ids.
    """

    quote: Decimal
    quantities: dict[str, Decimal]
    fees: Decimal
    funding: Decimal
    postings: dict[str, Decimal]
    orders: int
    names: int
    fills: int


def ledger_balances(path: Path) -> LedgerBalances:
    """Add up a journal. A line without its newline was never answered and does not count."""
    book: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    names: list[str] = []
    fills = 0
    for line in path.read_bytes().split(b"\n")[:-1]:
        for event in json.loads(line)["events"]:
            if event["kind"] == "opened":
                _post(book, "quote", Decimal(event["capital"]), "account", "owner")
            elif event["kind"] == "accepted":
                names.append(event["client_order_id"])
            elif event["kind"] == "filled":
                fills += event["fill"]["kind"] == "TRADE"
                _fill(book, event["fill"])
    units = {unit for unit, _ in book}
    return LedgerBalances(
        quote=book["quote", "account"],
        quantities={u: book[u, "account"] for u in sorted(units - {"quote"}) if book[u, "account"]},
        fees=book["quote", "fees"],
        funding=book["quote", "funding"],
        postings={
            unit: sum((v for (u, _), v in book.items() if u == unit), Decimal(0)) for unit in sorted(units)
        },
        orders=len(names),
        names=len(set(names)),
        fills=fills,
    )


def _fill(book: defaultdict[tuple[str, str], Decimal], fill: dict[str, str]) -> None:
    fee = _units(Decimal(fill["fee"]))
    if fill["kind"] == "FUNDING":
        _post(book, "quote", fee, "funding", "account")
        return
    quantity = Decimal(fill["quantity"])
    paid = _units(Decimal(fill["price"]) * quantity)
    taker, giver = ("account", "market") if fill["side"] == "BUY" else ("market", "account")
    _post(book, fill["symbol"], quantity, taker, giver)
    _post(book, "quote", paid, giver, taker)
    _post(book, "quote", fee, "fees", "account")


def _post(
    book: defaultdict[tuple[str, str], Decimal], unit: str, amount: Decimal, debit: str, credit: str
) -> None:
    book[unit, debit] += amount
    book[unit, credit] -= amount


def _units(amount: Decimal) -> Decimal:
    return amount.quantize(UNIT, rounding=ROUND_HALF_EVEN)
