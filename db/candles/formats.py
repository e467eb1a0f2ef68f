"""Reading the files people have: Parquet, feather, CSV and JSON, as exchanges and programs write them."""

import json
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from db.candles.csvfile import read_csv
from db.candles.packed import content_of
from db.candles.rawfile import PRICE_NAMES, RawFile
from openoutcry.errors import BadInput

if TYPE_CHECKING:
    import pyarrow as pa

INT64 = 1 << 62
READABLE = ".parquet .feather .csv .json, the last two also as .gz or .zip"


def read_raw(path: Path) -> RawFile:
    """The columns of a file, by its name's ending. Raises BadInput naming the row where one is to blame."""
    try:
        raw = _reader(path)(path)
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file", field="file") from error
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name}: cannot be read: {error}", field="file") from error
    if "funding_rate" in path.name and not raw.is_funding and "open" in raw.columns:
        # freqtrade keeps funding rates as candles whose open is the rate
        return RawFile({**raw.columns, "funding_rate": raw.columns["open"]}, raw.place)
    return raw


def _reader(path: Path) -> Callable[[Path], RawFile]:
    endings = [ending.lower() for ending in path.suffixes]
    packed = endings[-1:] in ([".gz"], [".zip"])
    ending = "".join(endings[-2:] if packed else endings[-1:])
    if ending in (".parquet", ".feather", ".arrow"):
        return _arrow_file
    if ending in (".csv", ".csv.gz", ".csv.zip", ".txt") or endings[-1:] == [".zip"]:
        return read_csv
    if ending in (".json", ".json.gz"):
        return _json_file
    raise BadInput(f"{path.name}: not a file I can read ({READABLE})", field="file")


def _arrow_file(path: Path) -> RawFile:
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet

    parquet = path.suffix.lower() == ".parquet"
    try:
        table = pa.parquet.ParquetFile(path).read() if parquet else pa.feather.read_table(path)
    except pa.ArrowException as error:
        raise BadInput(f"{path.name}: damaged or not what its name says: {error}", field="file") from error
    return RawFile(_columns(table), lambda index: f"row {index + 1}")


def _columns(table: "pa.Table") -> dict[str, NDArray[Any]]:
    return {str(name).strip().lower(): table.column(name).to_numpy() for name in table.column_names}


def _json_file(path: Path) -> RawFile:
    try:
        rows = json.loads(content_of(path))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path.name}: not valid JSON: {error}", field="file") from error
    if not isinstance(rows, list) or not rows:
        raise BadInput(f"{path.name}: must be a list of candles", field="file")
    keys = list(rows[0]) if isinstance(rows[0], dict) else list(range(1 + len(PRICE_NAMES)))
    names = [
        key.strip().lower() if isinstance(key, str) else ("timestamp", *PRICE_NAMES)[key] for key in keys
    ]
    cells: list[list[Any]] = []
    for index, row in enumerate(rows):
        try:
            cells.append([row[key] for key in keys])
        except (TypeError, KeyError, IndexError) as error:
            raise BadInput(f"row {index + 1}: must hold {', '.join(names)}", field="file") from error
    columns = {name: _json_column([row[n] for row in cells]) for n, name in enumerate(names)}
    return RawFile(columns, lambda index: f"row {index + 1}")


def _json_column(cells: list[Any]) -> NDArray[Any]:
    if all(type(cell) is int and abs(cell) < INT64 for cell in cells):
        return np.array(cells, dtype=np.int64)
    if all(type(cell) is float for cell in cells):
        return np.array(cells, dtype=np.float64)
    column = np.empty(len(cells), dtype=object)
    column[:] = [np.nan if cell is None else cell for cell in cells]
    return column
