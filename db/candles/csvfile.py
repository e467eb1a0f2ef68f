"""CSV with a header, or without one in the order time, open, high, low, close, volume (Binance's klines)."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from db.candles.packed import content_of
from db.candles.rawfile import PRICE_NAMES, RATE_NAMES, TIME_NAMES, RawFile
from openoutcry.errors import BadInput

SAMPLE_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of all columns, how many lines stand before the data, and whether times are plain integers."""

    names: tuple[str, ...]
    skip: int
    integer_times: bool

    @property
    def time_at(self) -> int:
        """Position of the time column."""
        return next((i for i, name in enumerate(self.names) if name in TIME_NAMES), 0)


def read_csv(path: Path) -> RawFile:
    """The columns that matter. Raises BadInput naming the first line that cannot be read."""
    import pyarrow as pa
    import pyarrow.csv as pc

    content = content_of(path).removeprefix(b"\xef\xbb\xbf")
    layout = layout_of(content)
    numbers = [name for name in layout.names if name in PRICE_NAMES or name in RATE_NAMES]
    time = layout.names[layout.time_at]
    types = {
        time: pa.int64() if layout.integer_times else pa.string(),
        **dict.fromkeys(numbers, pa.float64()),
    }
    try:
        table = pc.read_csv(
            io.BytesIO(content),
            read_options=pc.ReadOptions(column_names=list(layout.names), skip_rows=layout.skip),
            convert_options=pc.ConvertOptions(column_types=types, include_columns=list(types)),
        )
    except pa.ArrowException as error:
        raise _first_bad_line(content, layout) or BadInput(f"{path.name}: {error}", field="file") from error
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    return RawFile(columns, lambda index: f"line {_line_of(content, layout, index)}")


def layout_of(content: bytes) -> Layout:
    """How the file is laid out, from its first lines. Raises BadInput when it can be no candles."""
    sample = _lines(content[:SAMPLE_BYTES], after=0)
    number, first = next(sample, (0, []))
    if len(first) < 2:
        raise BadInput("line 1: neither a header nor candles", field="file")
    if is_number(first[1]):
        if len(first) < 6:
            raise BadInput(f"line {number}: {len(first)} columns and no header; six are needed", field="file")
        rest = (f"column {n}" for n in range(7, len(first) + 1))
        return Layout(("timestamp", *PRICE_NAMES, *rest), number - 1, first[0].strip().isdigit())
    names = tuple(cell.strip().lower() for cell in first)
    if len(set(names)) < len(names):
        raise BadInput(f"line {number}: the header names a column twice", field="file")
    layout = Layout(names, number, False)
    _, second = next(sample, (0, []))
    times = second[layout.time_at] if len(second) > layout.time_at else ""
    return Layout(names, number, times.strip().isdigit())


def is_number(cell: str) -> bool:
    """True for text that float() reads."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _lines(content: bytes, after: int) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every line with content after the first ``after`` lines."""
    reader = csv.reader(io.StringIO(content.decode("utf-8", errors="replace"), newline=""))
    try:
        for cells in reader:
            if cells and reader.line_num > after:
                yield reader.line_num, cells
    except csv.Error as error:
        raise BadInput(f"line {reader.line_num}: {error}", field="file") from error


def _first_bad_line(content: bytes, layout: Layout) -> BadInput | None:
    for number, cells in _lines(content, layout.skip):
        if len(cells) != len(layout.names):
            return BadInput(
                f"line {number}: {len(cells)} columns instead of {len(layout.names)}", field="file"
            )
        for name, cell in zip(layout.names, cells, strict=True):
            time = name == layout.names[layout.time_at] and layout.integer_times
            number_wanted = name in PRICE_NAMES or name in RATE_NAMES
            if (time and not cell.strip().isdigit()) or (number_wanted and not is_number(cell or "nan")):
                return BadInput(f"line {number}: {name} {cell!r} is not a number", field="file")
    return None


def _line_of(content: bytes, layout: Layout, index: int) -> int:
    lines = _lines(content, layout.skip)
    return next(number for i, (number, _) in enumerate(lines) if i == index)
