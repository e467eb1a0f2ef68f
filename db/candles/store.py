"""The candle store: Parquet files of closed candles and funding rates under a home folder.

``{home}/candles/{exchange}/{symbol}/{timeframe}/YYYY-MM.parquet`` and ``{home}/funding/…`` likewise. The
folder of BTC/USDT is ``BTC-USDT`` and that of the perpetual BTC/USDT:USDT ``BTC-USDT_USDT``.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from db.candles.absent import absences, forget, remember
from db.candles.folder import listing
from db.candles.merging import MergeReport
from db.candles.months import Coverage, MonthFiles
from db.candles.series import FundingSeries, Series, symbol_of
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.market.spans import Span, minus, union
from openoutcry.types.timeframes import millis

CANDLE_COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
FUNDING_COLUMNS = ("timestamp", "funding_rate")
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2262, 1, 1, tzinfo=UTC)


def files_of(home: Path, series: Series | FundingSeries) -> MonthFiles:
    """The month files of a series."""
    if isinstance(series, Series):
        return MonthFiles(home / series.folder, CANDLE_COLUMNS, series.bar_ms)
    return MonthFiles(home / series.folder, FUNDING_COLUMNS, None)


class CandleStore:
    """Reads and writes whole series. For many small reads at moving times use CandleReader."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def merge(self, series: Series, candles: Candles, *, replace: bool = False) -> MergeReport:
        """Store closed candles in ascending order, all or none; storing the same again changes nothing.

        Raises RowsConflict when stored bars differ (unless ``replace``), CandleFileBroken, StoreBusy, StoreFailed.
        """
        return files_of(self.home, series).merge(candles.arrays(), "replace" if replace else "refuse")

    def merge_funding(self, series: FundingSeries, rates: FundingRates, replace: bool = False) -> MergeReport:
        """Store funding rates; as ``merge``."""
        return files_of(self.home, series).merge(rates.arrays(), "replace" if replace else "refuse")

    def add(
        self, series: Series | FundingSeries, rows: Candles | FundingRates, *, replace: bool = False
    ) -> MergeReport:
        """Store what is new. Stored rows stay as they are, and the report names those that were given differently.

        With ``replace`` the given ones take their place.
        """
        return files_of(self.home, series).merge(rows.arrays(), "replace" if replace else "keep")

    def read(self, series: Series, start: datetime = FIRST, end: datetime = LAST) -> Candles:
        """Bars with ``start <= open time < end``; empty when there are none. Raises CandleFileBroken."""
        return Candles.of(*files_of(self.home, series).read(millis(start), millis(end) - 1))

    def read_funding(
        self, series: FundingSeries, start: datetime = FIRST, end: datetime = LAST
    ) -> FundingRates:
        """Rates paid at ``start <= time < end``."""
        return FundingRates.of(*files_of(self.home, series).read(millis(start), millis(end) - 1))

    def holes(self, series: Series | FundingSeries, bounds: Span) -> list[Span]:
        """The stretches inside ``bounds`` that are not stored, absent ones included. Raises CandleFileBroken."""
        return minus([bounds], files_of(self.home, series).spans(bounds))

    def absent(self, series: Series | FundingSeries) -> list[Span]:
        """The stretches its exchange is known not to have."""
        return union(one.span for one in absences(self.home / series.folder))

    def remember_absent(
        self, series: Series | FundingSeries, spans: Iterable[Span], asked_at: datetime
    ) -> None:
        """Note that the exchange does not have these stretches. Raises StoreBusy."""
        remember(self.home / series.folder, spans, asked_at)

    def forget_absent(self, series: Series | FundingSeries, bounds: Span) -> None:
        """Forget what the exchange is known not to have inside ``bounds``."""
        forget(self.home / series.folder, bounds)

    def series(self) -> list[Series]:
        """Every candle series that has a file, sorted by exchange, symbol and timeframe."""
        root = self.home / "candles"
        return [Series(*names) for names in _folders(root, depth=3)]

    def funding_series(self) -> list[FundingSeries]:
        """Every funding series that has a file."""
        return [FundingSeries(*names) for names in _folders(self.home / "funding", depth=2)]

    def last(self, series: Series | FundingSeries) -> datetime | None:
        """The newest row's time, from one footer; None when nothing is stored. Raises CandleFileBroken."""
        return files_of(self.home, series).last()

    def coverage(self, series: Series | FundingSeries, as_of: datetime = LAST) -> Coverage:
        """First and last bar, rows and holes of what was closed (or paid) then, from the footers.

        Raises DataUnavailable without any, or CandleFileBroken.
        """
        grain = series.bar_ms if isinstance(series, Series) else 0
        found = files_of(self.home, series).coverage(millis(as_of) - grain)
        if found is None:
            raise DataUnavailable(f"nothing is stored of {series}")
        return found


def _folders(root: Path, depth: int) -> list[tuple[str, ...]]:
    """Names (exchange, symbol, …) of the folders at this depth that hold month files; others are not ours."""
    found = []
    for folder in sorted(root.glob("/".join("*" * depth))):
        exchange, symbol, *rest = folder.relative_to(root).parts
        try:
            names = (exchange, symbol_of(symbol), *rest)
            Series(*names) if depth == 3 else FundingSeries(*names)
        except BadInput:
            continue
        if listing(folder):
            found.append(names)
    return found
