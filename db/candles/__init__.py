"""Closed candles and funding rates on disk: written atomically as Parquet, read fast at any ``as_of``."""

from db.candles.errors import CandleFileBroken, RowsConflict, StoreBusy, StoreFailed
from db.candles.merging import MergeReport
from db.candles.months import Coverage
from db.candles.reader import CandleReader
from db.candles.series import FundingSeries, Series
from db.candles.store import CandleStore

__all__ = [
    "CandleFileBroken",
    "CandleReader",
    "CandleStore",
    "Coverage",
    "FundingSeries",
    "MergeReport",
    "RowsConflict",
    "Series",
    "StoreBusy",
    "StoreFailed",
]
