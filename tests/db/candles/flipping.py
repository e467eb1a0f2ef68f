"""A process that keeps replacing a year of bars with another version of it, until killed. Argument: home."""

import sys
from pathlib import Path

from db.candles import CandleStore
from openoutcry.market.candles import Candles
from tests.db.candles.series_of_bars import BTC_1H, walk

YEAR = 24 * 366
VERSIONS = (walk(YEAR, seed=1), walk(YEAR, seed=2))


def version_of(bars: Candles) -> int | None:
    """Which version these bars are, whole; None for a mixture."""
    return next((i for i, version in enumerate(VERSIONS) if bars.same_as(version)), None)


def main(home: str) -> None:
    store = CandleStore(Path(home))
    current = version_of(store.read(BTC_1H))
    print("ready", flush=True)
    for turn in range(1, 10_000):
        store.merge(BTC_1H, VERSIONS[((current or 0) + turn) % 2], replace=True)


if __name__ == "__main__":
    main(sys.argv[1])
