"""Files as people have them go in whole; a bad row is named by its place and nothing of its file goes in."""

import gzip
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from db.candles import CandleStore, FundingSeries, MergeReport, RowsConflict, Series
from db.candles.importing import BadRows, Imported, Target, import_file
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles, FundingRates
from outcry.commands.data import app
from tests.db.candles.series_of_bars import BTC_1H, changed, walk, without

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BARS = without(walk(60), [7, 8, 9])
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


def into(store: CandleStore, path: Path, **target: object) -> Imported:
    return import_file(store, path, Target("binance", "BTC/USDT", "1h", **target), now=NOW)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> CandleStore:
    return CandleStore(tmp_path / "home")


def rows(bars: Candles, factor: int = 1) -> list[list[float]]:
    return [
        [int(row[0]) * factor, *map(float, row[1:])]
        for row in zip(*map(np.ndarray.tolist, bars.arrays()), strict=True)
    ]


def klines(bars: Candles, factor: int = 1) -> str:
    tail = "0,1.5,3,0.5,0.5,0"
    return "".join(f"{','.join(map(repr, row))},{tail}\n" for row in rows(bars, factor))


def iso(bars: Candles, pattern: str = "{}+00:00") -> str:
    times = bars.timestamp.astype("datetime64[ms]").astype("datetime64[s]").astype(str)
    lines = [
        ",".join([pattern.format(time.replace("T", " ")), *map(repr, row[1:])])
        for time, row in zip(times, rows(bars), strict=True)
    ]
    return "date,open,high,low,close,volume\n" + "\n".join(lines) + "\n"


def table(bars: Candles, dated: bool) -> pa.Table:
    columns = dict(zip(("timestamp", "open", "high", "low", "close", "volume"), bars.arrays(), strict=True))
    if dated:
        stamps = columns.pop("timestamp").astype("datetime64[ms]")
        columns = {"date": pa.array(stamps, type=pa.timestamp("ns", tz="UTC")), **columns}
    return pa.table(columns)


def write_parquet(path: Path, bars: Candles) -> None:
    pq.write_table(table(bars, dated=False), path)


def write_feather(path: Path, bars: Candles) -> None:
    pyarrow.feather.write_feather(table(bars, dated=True), str(path))


def write_zip(path: Path, bars: Candles) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("BTCUSDT-1h-2024-01.csv", klines(bars))


WRITERS = {
    "shared.parquet": write_parquet,
    "freqtrade.feather": write_feather,
    "freqtrade.parquet": lambda path, bars: pq.write_table(table(bars, dated=True), path),
    "binance.csv": lambda path, bars: path.write_text(klines(bars)),
    "binance_2025_us.csv": lambda path, bars: path.write_text(klines(bars, factor=1000)),
    "binance_header.csv": lambda path, bars: path.write_text(f"{HEADER}\n{klines(bars)}"),
    "binance.zip": write_zip,
    "bom_and_blank.csv": lambda path, bars: path.write_text("\ufeff" + iso(bars) + "\n\n", encoding="utf-8"),
    "seconds.csv": lambda path, bars: path.write_text(
        "\n".join(",".join(map(repr, [int(r[0]) // 1000, *r[1:]])) for r in rows(bars))
    ),
    "naive_dates.csv": lambda path, bars: path.write_text(iso(bars, "{}")),
    "packed.csv.gz": lambda path, bars: path.write_bytes(gzip.compress(iso(bars).encode())),
    "freqtrade.json": lambda path, bars: path.write_text(json.dumps(rows(bars))),
    "freqtrade.json.gz": lambda path, bars: path.write_bytes(gzip.compress(json.dumps(rows(bars)).encode())),
    "exchange_api.json": lambda path, bars: path.write_text(
        json.dumps([[row[0], *map(repr, row[1:]), 0, "1.5"] for row in rows(bars)])
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_layout_gives_the_same_bars(tmp_path: Path, store: CandleStore, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path, BARS)
    done = into(store, path)
    assert done.merge == MergeReport(added=57)
    assert (done.file.rows, done.file.gaps, done.file.missing) == (57, 1, 3)
    assert store.read(BTC_1H).same_as(BARS)
    assert into(store, path).merge == MergeReport(equal=57)


def test_milliseconds_and_microseconds_may_meet_in_one_file(tmp_path: Path, store: CandleStore) -> None:
    path = tmp_path / "joined.csv"
    path.write_text(klines(BARS[:30]) + klines(BARS[30:], factor=1000))
    into(store, path)
    assert store.read(BTC_1H).same_as(BARS)


def with_cell(lines: list[str], row: int, column: int, text: str) -> list[str]:
    cells = lines[row].split(",")
    cells[column] = text
    return [*lines[:row], ",".join(cells), *lines[row + 1 :]]


BROKEN = [
    (lambda lines: with_cell(lines, 5, 2, "1.0"), "line 6: high is below"),
    (lambda lines: [*lines[:9], lines[3], *lines[9:]], "line 10: the time is earlier than the row before"),
    (lambda lines: [*lines[:9], lines[8], *lines[9:]], "line 10: the time is the same"),
    (
        lambda lines: [*lines[:3], "", lines[3].rpartition(",")[0], *lines[4:]],
        "line 5: 11 columns instead of 12",
    ),
    (
        lambda lines: [*lines[:3], lines[3].replace(lines[3].split(",")[4], "abc"), *lines[4:]],
        "line 4: close 'abc'",
    ),
    (
        lambda lines: [*lines[:3], lines[3].replace(lines[3].split(",")[4], "nan"), *lines[4:]],
        "line 4: a value is",
    ),
    (
        lambda lines: [*lines[:3], lines[3].replace(lines[3].split(",")[4], ""), *lines[4:]],
        "line 4: a value is",
    ),
    (lambda lines: [*lines[:3], "x" + lines[3], *lines[4:]], "line 4: timestamp 'x"),
    (lambda lines: ["1,2,3,4"], "4 columns and no header"),
    (lambda lines: [], "neither a header nor candles"),
    (lambda lines: ["time,price", "1,2"], "no open column"),
]


@pytest.mark.parametrize(("breaking", "message"), BROKEN)
def test_a_bad_row_is_named_and_nothing_goes_in(
    tmp_path: Path, store: CandleStore, breaking, message: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("\n".join(breaking(klines(BARS).splitlines())) + "\n")
    with pytest.raises(BadInput) as caught:
        into(store, path)
    assert message in str(caught.value)
    assert store.series() == []


def test_many_bad_rows_are_counted_and_the_first_shown(tmp_path: Path, store: CandleStore) -> None:
    write_parquet(tmp_path / "x.parquet", changed(BARS, 0, volume=-1.0))
    with pytest.raises(BadRows, match="1 bad row, nothing imported: row 1: the volume is negative"):
        into(store, tmp_path / "x.parquet")
    with pytest.raises(BadRows) as caught:
        import_file(store, tmp_path / "x.parquet", Target("binance", "BTC/USDT", "1d"), now=NOW)
    assert caught.value.total == 55
    assert "; and 45 more" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.parquet", b"not parquet at all"), ("x.feather", b"ARROW1"), ("x.csv.gz", b"no"), ("x.zip", b"PK"),
        ("x.json", b"{"), ("x.json", b"[]"), ("x.json", b"[[1,2]]"), ("x.xlsx", b""),
        ("x.csv", b"\xff\xfe\x00\x01,\n1"),
    ],
)  # fmt: skip
def test_an_unreadable_file_is_an_input_error(
    tmp_path: Path, store: CandleStore, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=r"x\.|line 1|must be a list|row 1|column"):
        into(store, tmp_path / name)
    with pytest.raises(BadInput, match="no such file"):
        into(store, tmp_path / f"absent-{name.replace('.xlsx', '.csv')}")


def test_a_bar_that_is_not_closed_yet_is_refused(tmp_path: Path, store: CandleStore) -> None:
    write_parquet(tmp_path / "x.parquet", BARS)
    at = datetime(2024, 2, 1, 11, 30, tzinfo=UTC)
    with pytest.raises(BadRows, match=r"row 57: the bar is not closed yet"):
        import_file(store, tmp_path / "x.parquet", Target("binance", "BTC/USDT", "1h"), now=at)


def test_a_conflict_in_the_last_month_leaves_the_first_month_untouched(
    tmp_path: Path, store: CandleStore
) -> None:
    store.merge(BTC_1H, BARS[40:])
    write_parquet(tmp_path / "x.parquet", changed(BARS, 56, close=BARS.close[56] * 1.00001))
    with pytest.raises(RowsConflict):
        into(store, tmp_path / "x.parquet")
    assert store.read(BTC_1H).same_as(BARS[40:])
    assert into(store, tmp_path / "x.parquet", replace=True).merge == MergeReport(40, 16, 1)


def test_funding_is_recognised_and_kept_apart(tmp_path: Path, store: CandleStore) -> None:
    paid = walk(30, step_ms=8 * 3_600_000).timestamp
    rates = FundingRates.of(paid, np.linspace(-1e-4, 2e-4, 30))
    perp = FundingSeries("binance", "BTC/USDT:USDT")
    target = Target("binance", "BTC/USDT:USDT")
    pq.write_table(pa.table({"timestamp": paid, "funding_rate": rates.rate}), tmp_path / "f.parquet")
    lines = "".join(f"{t},8,{r!r}\n" for t, r in zip(paid.tolist(), rates.rate.tolist(), strict=True))
    (tmp_path / "f.csv").write_text("calc_time,funding_interval_hours,last_funding_rate\n" + lines)
    candles = Candles.of(paid, rates.rate, *[np.zeros(30)] * 4)
    write_feather(tmp_path / "BTC_USDT_USDT-8h-funding_rate.feather", candles)
    answer = [
        {"symbol": "BTCUSDT", "fundingTime": t, "fundingRate": f"{r!r}"}
        for t, r in zip(paid.tolist(), rates.rate.tolist(), strict=True)
    ]
    (tmp_path / "api.json").write_text(json.dumps(answer))
    for name in ("f.parquet", "f.csv", "BTC_USDT_USDT-8h-funding_rate.feather", "api.json"):
        done = import_file(store, tmp_path / name, target, now=NOW)
        assert (done.series, done.merge.equal + done.merge.added) == (perp, 30)
    assert store.read_funding(perp).same_as(rates)
    with pytest.raises(BadInput, match="BTC/USDT:USDT"):
        import_file(store, tmp_path / "f.csv", Target("binance", "BTC/USDT"), now=NOW)


@pytest.fixture
def cli(tmp_path: Path):
    runner = CliRunner()

    def run(*words: str):
        return runner.invoke(app, [*words, "--home", str(tmp_path / "home")])

    return run


def test_the_command_imports_lists_and_exits_with_meaning(tmp_path: Path, cli) -> None:
    good, bad, other = tmp_path / "good.parquet", tmp_path / "bad.parquet", tmp_path / "other.parquet"
    write_parquet(good, BARS)
    write_parquet(bad, changed(BARS, 3, low=1e9))
    write_parquet(other, changed(BARS, 3, volume=1e9))
    where = ("--symbol", "BTC-USDT", "--timeframe", "1H")
    assert json.loads(cli("list", "--json").stdout) == []
    done = cli("import", str(good), *where)
    assert done.exit_code == 0
    assert (
        "binance BTC/USDT 1h: 57 rows, 2024-01-30 00:00 to 2024-02-01 11:00, 1 gaps with 3 missing"
        in done.stdout
    )
    assert "57 new, 0 already there" in done.stdout
    again = cli("import", str(good), *where, "--json")
    assert (again.exit_code, json.loads(again.stdout)["added"], json.loads(again.stdout)["equal"]) == (
        0,
        0,
        57,
    )
    refused = cli("import", str(bad), *where, "--json")
    assert refused.exit_code == 3
    assert json.loads(refused.stdout)["error"]["rows"] == [
        {"where": "row 4", "reason": "low is above open or close"}
    ]
    assert cli("import", str(other), *where).exit_code == 4
    assert cli("import", str(good), "--symbol", "BTC/USDT").exit_code == 3
    assert cli("import", str(good)).exit_code == 2
    listed = json.loads(cli("list", "--json").stdout)
    assert [(row["symbol"], row["rows"], row["gaps"], row["missing"]) for row in listed] == [
        ("BTC/USDT", 57, 1, 3)
    ]
    assert "BTC/USDT" in cli("list").stdout
    path = tmp_path / "home" / BTC_1H.folder / "2024-01.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    assert cli("list").exit_code == 5
    assert cli("import", str(good), *where).exit_code == 5


REAL = Path(__file__).parents[4] / "shared/data"


@pytest.mark.skipif(not REAL.exists(), reason=f"needs the real candles in {REAL}")
def test_real_candles_have_their_known_points(store: CandleStore) -> None:
    day, hour = Series("binance", "BTC/USDT", "1d"), BTC_1H
    import_file(store, REAL / "spot/BTCUSDT_1d.parquet", Target("binance", "BTC/USDT", "1d"), now=NOW)
    done = into(store, REAL / "spot/BTCUSDT_1h.parquet")
    assert (done.file.rows, done.file.gaps, done.file.missing) == (64_981, 28, 128)
    assert store.coverage(hour) == done.file
    bars = store.read(day)
    top, bottom = int(bars.high.argmax()), int(bars.low[bars.timestamp > 1_577_836_800_000].argmin())
    assert (
        store.read(day, datetime(2021, 11, 10, tzinfo=UTC), datetime(2021, 11, 11, tzinfo=UTC)).high[0]
        == 69_000.0
    )
    assert (
        store.read(day, datetime(2020, 3, 13, tzinfo=UTC), datetime(2020, 3, 14, tzinfo=UTC)).low[0]
        == 3_782.13
    )
    assert len(bars) == 2_932
    assert top > bottom
