"""G19: our books of random fills against an independent ledger in whole units, to the last unit.

python -m benchmarks.reconcile [--fills 1000000] [--seed 19]

Fees in three assets. The oracle below knows nothing of ``openoutcry``: plain integers of 10^-8. Exits with 1 when any
asset of any account differs by even one unit.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from time import perf_counter

from benchmarks.machine import machine
from openoutcry.reconcile.books import Books
from openoutcry.reconcile.facts import FillFact

UNIT = 10**8
SYMBOLS = ("BTC/USDT", "ETH/USDT", "BNB/USDT")
AT = datetime(2026, 1, 1, tzinfo=UTC)
Raw = tuple[int, str, str, int, int, str, int]
"""Number, symbol, side, price in units, quantity in units, asset of the fee, fee in units."""


def fills(count: int, seed: int) -> Iterator[Raw]:
    """Random fills on ticks of 0.01 and steps of 0.00001, fees in base, quote or BNB."""
    random = Random(seed)
    for number in range(count):
        symbol = SYMBOLS[random.randrange(3)]
        side = "BUY" if random.random() < 0.5 else "SELL"
        price = random.randrange(1, 10**7) * (UNIT // 100)
        quantity = random.randrange(1, 10**6) * (UNIT // 100_000)
        asset = (symbol.partition("/")[0], "USDT", "BNB")[random.randrange(3)]
        yield number, symbol, side, price, quantity, asset, random.randrange(10**6)


def oracle(raw: Iterator[Raw]) -> dict[str, int]:
    """What the account holds, in units."""
    held: dict[str, int] = defaultdict(int)
    for _, symbol, side, price, quantity, asset, fee in raw:
        base, _, quote = symbol.partition("/")
        sign = 1 if side == "BUY" else -1
        worth, rest = divmod(price * quantity, UNIT)
        assert rest == 0
        held[base] += sign * quantity
        held[quote] -= sign * worth
        held[asset] -= fee
    return held


def text(units: int) -> Decimal:
    """Units as the decimal text an exchange would send."""
    return Decimal(f"{units // UNIT}.{units % UNIT:08d}")


def booked(raw: Iterator[Raw]) -> Books:
    """The same fills through our books; every hundredth is told twice."""
    books = Books()
    for number, symbol, side, price, quantity, asset, fee in raw:
        p, q = text(price), text(quantity)
        fill = FillFact(
            symbol, str(number), f"oo-{number}", str(number), "BUY" if side == "BUY" else "SELL",
            p, q, p * q, ((asset, text(fee)),), AT,
        )  # fmt: skip
        books.fill(fill)
        if number % 100 == 0:
            books.fill(fill)
    return books


def difference(count: int, seed: int) -> dict[str, int]:
    """By asset: units by which our books differ from the oracle, and from the sum of their own other accounts."""
    books, truth = booked(fills(count, seed)), oracle(fills(count, seed))
    if len(books) != count:
        return {"fills": len(books) - count}
    found = {}
    others = [books.balances(name) for name in ("trade", "fee", "external")]
    for asset in sorted({*truth, *books.balances()}):
        ours = books.balances().get(asset, Decimal(0))
        own = ours + sum((other.get(asset, Decimal(0)) for other in others), Decimal(0))
        units = ours * UNIT - truth.get(asset, 0)
        if units or own:
            found[asset] = int(units) or -1
    return found


def main() -> None:
    """Print the figure with N, seed, machine and commit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fills", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=19)
    asked = parser.parse_args()
    started = perf_counter()
    found = difference(asked.fills, asked.seed)
    print(
        json.dumps(
            {
                "figure": "G19", "fills": asked.fills, "seed": asked.seed, "fee_assets": ["base", "USDT", "BNB"],
                "difference_units": found or 0, "seconds": round(perf_counter() - started, 1), **machine(),
            }
        )
    )  # fmt: skip
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
