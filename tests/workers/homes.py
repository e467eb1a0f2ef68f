"""A home with generated candles, and backtests run on it without a queue."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from db.candles import CandleStore, FundingSeries, Series
from db.jobs.rows import Output
from openoutcry.market.candles import Candles
from openoutcry.market.synthetic import SyntheticMarket
from tests.factories import ORG
from tests.openoutcry.backtest.asking import request
from workers.frames import Frame, Order, Preflight, Progress
from workers.kinds.backtest import run
from workers.work import Work

FIRST, MONTHS = datetime(2024, 1, 1, tzinfo=UTC), 4
JOB = UUID(int=77)


def furnished(home: Path, timeframe: str = "1h") -> Path:
    """Spot and perpetual of BTC and spot of ETH, January to April 2024, with funding."""
    store = CandleStore(home)
    for symbol in ("BTC/USDT", "ETH/USDT"):
        market = SyntheticMarket(7, symbol, timeframe, FIRST)
        for index in range(MONTHS):
            block = market.block(index)
            store.merge(Series("binance", symbol, timeframe), block.spot)
            if symbol == "BTC/USDT":
                store.merge(Series("binance", f"{symbol}:USDT", timeframe), block.perp)
                store.merge_funding(FundingSeries("binance", f"{symbol}:USDT"), block.funding)
    return home


def bars(home: Path, symbol: str = "BTC/USDT") -> Candles:
    """What is stored."""
    return CandleStore(home).read(Series("binance", symbol, "1h"))


class Ran:
    """A backtest that was run: what it said meanwhile, and what it left."""

    def __init__(self, home: Path, body=None, /, **changes) -> None:
        self.frames: list[Frame] = []
        period = {} if body else {"start": "2024-02-01", "end": "2024-04-30"}
        self.request = request(body, **(period | changes))
        order = Order(JOB, ORG, 1, "backtest", self.request.stored(), home, "postgresql://nowhere")
        self.output: Output | None = None
        self.error: Exception | None = None
        try:
            self.output = run(Work(order, self.frames.append))
        except Exception as error:  # for the test to judge
            self.error = error

    @property
    def preflight(self) -> dict:
        (frame,) = [frame for frame in self.frames if isinstance(frame, Preflight)]
        return frame.report

    def check(self, name: str, symbol: str | None = None) -> dict:
        """One check of the report."""
        return next(
            c for c in self.preflight["checks"] if c["name"] == name and symbol in (None, c["symbol"])
        )

    @property
    def progress(self) -> list[int]:
        return [frame.current for frame in self.frames if isinstance(frame, Progress)]
