"""One month of a series as a Parquet file: written once, checksummed, with its facts in the footer."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from db.candles.errors import CandleFileBroken

if TYPE_CHECKING:
    import pyarrow.parquet

FACTS_KEY = b"openoutcry"
MOST_ROWS = 31 * 24 * 60
"""A month of one-minute bars."""
Arrays = tuple[NDArray[Any], ...]
"""Columns of equal length; the first is ``timestamp`` (int64 ms), the others float64."""


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """What a file holds: rows, first and last timestamp (ms), and the holes between them.

    ``outages`` counts holes, ``missing`` the bars that would fill them; both are 0 without a fixed step.
    """

    rows: int
    first: int
    last: int
    outages: int
    missing: int


def facts_of(timestamp: NDArray[np.int64], step_ms: int | None) -> MonthFacts:
    """Facts of ascending, non-empty timestamps."""
    outages = missing = 0
    if step_ms is not None:
        holes = np.diff(timestamp) // step_ms - 1
        outages, missing = int((holes > 0).sum()), int(holes.sum())
    return MonthFacts(len(timestamp), int(timestamp[0]), int(timestamp[-1]), outages, missing)


def write_month(path: Path, names: Sequence[str], arrays: Arrays, step_ms: int | None) -> None:
    """Write and fsync a file that is not there yet."""
    import pyarrow.parquet as pq

    facts = json.dumps(asdict(facts_of(arrays[0], step_ms))).encode()
    table = table_of(names, arrays).replace_schema_metadata({FACTS_KEY: facts})
    encodings = dict.fromkeys(names[1:], "BYTE_STREAM_SPLIT") | {names[0]: "DELTA_BINARY_PACKED"}
    with path.open("xb") as sink:
        # Half again as large as zstd over plain values, and read three times as fast.
        pq.write_table(
            table,
            sink,
            compression="lz4",
            use_dictionary=False,
            column_encoding=encodings,
            write_page_checksum=True,
        )
        sink.flush()
        os.fsync(sink.fileno())


def table_of(names: Sequence[str], arrays: Arrays) -> "pyarrow.Table":
    """The columns as an Arrow table, without a copy."""
    import pyarrow as pa

    # pa.array and to_numpy would import pandas where it is installed: 60 MB for nothing
    types = [pa.int64(), *[pa.float64()] * (len(arrays) - 1)]
    columns = [
        pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])
        for kind, values in zip(types, arrays, strict=True)
    ]
    return pa.Table.from_arrays(columns, names=list(names))


class OpenMonth:
    """A file held open, its facts read and its rows not yet: no writer can take it away any more."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        """Raises CandleFileBroken (torn, not ours) or FileNotFoundError."""
        self.path, self._names = path, tuple(names)
        self._file = _opened(path)
        self.facts = _facts(path, self._file)

    def arrays(self) -> Arrays:
        """All rows. Raises CandleFileBroken (corrupt, or not what the footer says)."""
        import pyarrow as pa

        try:
            table = self._file.read(columns=list(self._names), use_threads=False)
            arrays = tuple(np.from_dlpack(_whole(table.column(name))) for name in self._names)
        except (pa.ArrowException, OSError, KeyError, TypeError, BufferError) as error:
            raise CandleFileBroken(self.path, f"unreadable ({_short(error)})") from error
        stamps = arrays[0]
        sound = stamps.dtype == np.int64 and all(column.dtype == np.float64 for column in arrays[1:])
        if not sound or not self._as_said(stamps):
            raise CandleFileBroken(self.path, "its rows are not what its footer says")
        return arrays

    def _as_said(self, stamps: NDArray[Any]) -> bool:
        facts = self.facts
        return (
            len(stamps) == facts.rows > 0
            and (stamps[0], stamps[-1]) == (facts.first, facts.last)
            and bool((stamps[1:] > stamps[:-1]).all())
        )


def read_month(path: Path, names: Sequence[str]) -> Arrays:
    """All rows of a file. Raises CandleFileBroken (torn, corrupt, not ours) or FileNotFoundError."""
    return OpenMonth(path, names).arrays()


def read_facts(path: Path) -> MonthFacts:
    """Facts from the footer alone; raises as read_month does."""
    return _facts(path, _opened(path))


def _opened(path: Path) -> "pyarrow.parquet.ParquetFile":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise CandleFileBroken(path, f"not a whole Parquet file ({_short(error)})") from error


def _facts(path: Path, file: "pyarrow.parquet.ParquetFile") -> MonthFacts:
    try:
        facts = MonthFacts(**json.loads((file.metadata.metadata or {})[FACTS_KEY]))
    except (KeyError, ValueError, TypeError) as error:
        raise CandleFileBroken(path, "not written by this store (no facts in its footer)") from error
    if not file.metadata.num_rows == facts.rows <= MOST_ROWS:
        raise CandleFileBroken(path, "its rows are not what its footer says")
    return facts


def _whole(column: "pyarrow.ChunkedArray") -> "pyarrow.Array":
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()  # which copies


def _short(error: Exception) -> str:
    return str(error).partition("\n")[0][:160]
