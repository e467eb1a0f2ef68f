"""Whatever a file holds, importing it succeeds whole or fails with an input error and stores nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.candles import CandleStore
from db.candles.importing import Target, import_file
from openoutcry.errors import BadInput
from tests.db.candles.series_of_bars import walk

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("timestamp", "open", "high", "low", "close", "volume")
BARS = walk(30)


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("valid")
    table = pa.table(dict(zip(NAMES, BARS.arrays(), strict=True)))
    pq.write_table(table, folder / "x.parquet")
    pyarrow.feather.write_feather(table, str(folder / "x.feather"))
    rows = [list(row) for row in zip(*(column.tolist() for column in BARS.arrays()), strict=True)]
    (folder / "x.json").write_text(json.dumps(rows))
    (folder / "x.csv").write_text("\n".join(",".join(map(repr, row)) for row in rows))
    lines = "\n".join(",".join(map(repr, row)) for row in rows)
    (folder / "h.csv").write_text(f"{','.join(NAMES)}\n{lines}")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


BYTES = st.one_of(st.binary(max_size=6), st.sampled_from([b",", b"\n", b"-", b"nan", b'"', b"9" * 30]))
MUTATION = st.tuples(st.integers(0, 10_000), st.integers(0, 6), BYTES)


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(["x.parquet", "x.feather", "x.json", "x.csv", "h.csv"]),
    changes=st.lists(MUTATION, max_size=4),
)
def test_a_mutated_file_is_imported_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    valid: dict[str, bytes],
    name: str,
    changes: list[tuple[int, int, bytes]],
) -> None:
    content = valid[name]
    for at, cut, put in changes:
        at %= len(content) + 1
        content = content[:at] + put + content[at + cut :]
    _import(tmp_path_factory.mktemp("fuzz"), name, content)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["x.parquet", "x.feather", "x.json", "x.csv", "x.csv.gz", "x.zip"]),
    content=st.binary(max_size=400),
)
def test_any_bytes_are_imported_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes
) -> None:
    _import(tmp_path_factory.mktemp("fuzz"), name, content)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(value=JSONS)
def test_any_json_is_imported_or_refused(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    _import(tmp_path_factory.mktemp("fuzz"), "x.json", json.dumps(value).encode())


def _import(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    store = CandleStore(folder / "home")
    try:
        done = import_file(store, folder / name, Target("binance", "BTC/USDT", "1h"), now=NOW)
    except BadInput:
        assert store.series() == []
    else:
        assert done.merge.added == store.coverage(done.series).rows
