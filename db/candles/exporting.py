"""A stored series as a file for other programs; importing it gives the same rows bit for bit."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from db.candles.parquet import Arrays, table_of
from db.candles.series import FundingSeries, Series
from db.candles.store import CANDLE_COLUMNS, FIRST, FUNDING_COLUMNS, LAST, CandleStore
from openoutcry.errors import BadInput, DataUnavailable

WRITABLE = ".parquet, .csv, .json, the last two also as .gz"
CHUNK_ROWS = 50_000


def export_file(
    store: CandleStore,
    series: Series | FundingSeries,
    path: Path,
    *,
    start: datetime = FIRST,
    end: datetime = LAST,
    overwrite: bool = False,
) -> int:
    """Write the rows with ``start <= time < end``; how many. The file is there whole or not at all.

    Raises BadInput (ending, folder, file exists), DataUnavailable (no rows) or CandleFileBroken.
    """
    write = _writer(path)
    if path.exists() and not overwrite:
        raise BadInput(f"--out: {path} exists; --overwrite replaces it", field="out")
    if not path.parent.is_dir():
        raise BadInput(f"--out: there is no folder {path.parent}", field="out")
    names, arrays = _columns(store, series, start, end)
    if not len(arrays[0]):
        raise DataUnavailable(f"nothing is stored of {series} in that time; see `outcry data list`")
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("xb") as sink:
            write(sink, names, arrays)
            sink.flush()
            os.fsync(sink.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return len(arrays[0])


def _columns(
    store: CandleStore, series: Series | FundingSeries, start: datetime, end: datetime
) -> tuple[tuple[str, ...], Arrays]:
    if isinstance(series, Series):
        return CANDLE_COLUMNS, store.read(series, start, end).arrays()
    return FUNDING_COLUMNS, store.read_funding(series, start, end).arrays()


Writer = Callable[[IO[bytes], tuple[str, ...], Arrays], None]


def _writer(path: Path) -> Writer:
    name = path.name.lower()
    for ending, write in ((".parquet", _parquet), (".csv", _csv), (".json", _json)):
        if name.endswith(ending):
            return write
        if ending != ".parquet" and name.endswith(f"{ending}.gz"):
            return _packed(write)
    raise BadInput(f"--out: {path.name} is not a kind of file I can write ({WRITABLE})", field="out")


def _packed(write: Writer) -> Writer:
    def packed(sink: IO[bytes], names: tuple[str, ...], arrays: Arrays) -> None:
        with gzip.GzipFile(fileobj=sink, mode="wb", mtime=0, filename="") as inner:
            write(cast(IO[bytes], inner), names, arrays)

    return packed


def _parquet(sink: IO[bytes], names: tuple[str, ...], arrays: Arrays) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table_of(names, arrays), sink, compression="zstd", use_dictionary=False)


def _csv(sink: IO[bytes], names: tuple[str, ...], arrays: Arrays) -> None:
    sink.write((",".join(names) + "\n").encode())
    for part in _parts(arrays):
        rows = (",".join(map(repr, row)) for row in part)
        sink.write(("\n".join(rows) + "\n").encode())


def _json(sink: IO[bytes], names: tuple[str, ...], arrays: Arrays) -> None:
    before = b"[\n"
    for part in _parts(arrays):
        rows = (json.dumps(row if len(names) > 2 else dict(zip(names, row, strict=True))) for row in part)
        sink.write(before + ",\n".join(rows).encode())
        before = b",\n"
    sink.write(b"\n]\n")


def _parts(arrays: Arrays) -> Iterator[list[tuple[float, ...]]]:
    """The rows as Python numbers, some at a time."""
    for lo in range(0, len(arrays[0]), CHUNK_ROWS):
        yield list(zip(*(column[lo : lo + CHUNK_ROWS].tolist() for column in arrays), strict=True))
