"""A process that stores every n-th bar, one at a time. Arguments: home, which, n, count."""

import sys
from pathlib import Path

from db.candles import CandleStore
from tests.db.candles.series_of_bars import BTC_1H, walk


def main(home: str, which: int, of: int, count: int) -> None:
    store, bars = CandleStore(Path(home)), walk(count)
    for row in range(which, count, of):
        store.merge(BTC_1H, bars[row : row + 1])


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
