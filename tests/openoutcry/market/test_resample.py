"""A longer bar is exactly what its shorter ones say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.market.candles import Candles
from openoutcry.market.resample import resampled
from openoutcry.market.synthetic import SyntheticMarket

MINUTE, HOUR = 60_000, 3_600_000
BARS = SyntheticMarket(1, "BTC/USDT", "1m").block(0).spot


@given(
    start=st.integers(0, 200),
    count=st.integers(0, 400),
    holes=st.sets(st.integers(0, 399)),
    late=st.integers(0, 90),
)
def test_each_bar_is_its_minutes(start: int, count: int, holes: set[int], late: int) -> None:
    keep = [row for row in range(start, start + count) if row - start not in holes]
    bars = Candles.of(*[column[keep] for column in BARS.arrays()])
    until = int(bars.timestamp[-1]) + MINUTE + late * MINUTE if len(bars) else 0
    made = resampled(bars, HOUR, until)
    wanted = {}
    for row in range(len(bars)):
        wanted.setdefault(int(bars.timestamp[row]) // HOUR * HOUR, []).append(row)
    if len(bars) and bars.timestamp[0] % HOUR:
        wanted.pop(int(bars.timestamp[0]) // HOUR * HOUR)
    wanted = {at: rows for at, rows in wanted.items() if at + HOUR <= until}
    assert made.timestamp.tolist() == list(wanted)
    for index, rows in enumerate(wanted.values()):
        assert made.open[index] == bars.open[rows[0]]
        assert made.close[index] == bars.close[rows[-1]]
        assert made.high[index] == bars.high[rows].max()
        assert made.low[index] == bars.low[rows].min()
        assert np.isclose(made.volume[index], bars.volume[rows].sum())
