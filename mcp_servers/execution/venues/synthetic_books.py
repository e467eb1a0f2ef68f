"""The order book of a synthetic market at the close of a bar: the very one the market server shows."""

from datetime import datetime

from db.candles import CandleReader, Series
from openoutcry.market.book import Book
from openoutcry.market.synthetic import SyntheticMarket
from openoutcry.market.synthetic_book import synthetic_book
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import millis

LEVELS = 20


class SyntheticBooks:
    """Books of one synthetic exchange and bar length. Nothing beyond the last closed bar decides them."""

    def __init__(self, reader: CandleReader, exchange: str, timeframe: str, seed: int) -> None:
        self._reader, self._exchange, self._timeframe, self._seed = reader, exchange, timeframe, seed
        self._decimals: dict[str, int] = {}

    async def book(self, symbol: str, at: datetime) -> Book | None:
        """The book at ``at``; None unless a bar closed just then."""
        series = Series(self._exchange, symbol, self._timeframe)
        last = self._reader.window(series, at, 1)
        if not len(last) or int(last.timestamp[0]) + series.bar_ms != millis(at):
            return None
        return synthetic_book(self._seed, symbol, last, self._decimals_of(symbol), LEVELS)

    def _decimals_of(self, symbol: str) -> int:
        spot = str(parse_symbol(symbol).spot())
        if spot not in self._decimals:
            self._decimals[spot] = SyntheticMarket(self._seed, spot, self._timeframe).decimals
        return self._decimals[spot]
