"""Damaged files are found, named and fetched again; series go out to files and come back bit for bit."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from db.candles import CandleStore, FundingSeries, Series
from openoutcry.market.candles import FundingRates
from openoutcry.types.timeframes import millis
from outcry.__main__ import build
from tests.mcp_servers.market.binance_double import BinanceDouble, ManualClock, serving
from tests.mcp_servers.market.hosting import HOUR, PERP, SPOT, START, stored, walk
from tests.outcry.data.running import outcry, told
from wire.clock import WallClock

COUNT = 2500
NOW = START + COUNT * HOUR + timedelta(minutes=20)
BTC, FUNDING = Series("binance", SPOT, "1h"), FundingSeries("binance", PERP)
DATA = Path(__file__).parents[4] / "shared" / "data"


REFUSED = {"data": {"code": -1100, "msg": "Illegal characters found in parameter."}, "status": 400}


def run(home: Path, *words: str) -> tuple[int, str]:
    """In this process: exit code and stdout; a refusal is raised."""
    done = CliRunner().invoke(build("data"), ["data", *words, "--home", str(home)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


async def test_damaged_months_are_named_and_fetched_again(tmp_path: Path) -> None:
    store, sides = CandleStore(tmp_path), stored(tmp_path, COUNT)
    double = BinanceDouble(walk(3000), walk(3000, seed=2), ManualClock(NOW))
    funding = tmp_path / FUNDING.folder / "2024-02.parquet"
    bars = tmp_path / BTC.folder / "2024-03.parquet"
    before = store.read_funding(FUNDING)
    async with serving(double) as url:
        await told(tmp_path, url, "sync", "--symbols", PERP, "--funding", "--force-refresh")
        before = store.read_funding(FUNDING)
        assert run(tmp_path, "verify")[0] == 0
        flipped(bars)
        cut(funding)
        code, out = run(tmp_path, "verify", "--json")
        found = json.loads(out)
        assert code == 5
        assert [(one["path"], one["month"]) for one in found["damaged"]] == [
            (str(bars), "2024-03"),
            (str(funding), "2024-02"),
        ]
        code, done = await told(tmp_path, url, "repair")
        assert (code, [one["rows"] for one in done["repaired"]]) == (0, [744, 87])
        assert len(list((tmp_path / "quarantine").rglob("*.parquet.1"))) == 2
        assert await told(tmp_path, url, "repair") == (0, {"repaired": []})
    assert run(tmp_path, "verify")[0] == 0
    assert store.read(BTC).same_as(sides[SPOT])
    assert store.read_funding(FUNDING).same_as(before)


async def test_a_sync_repairs_what_it_finds_damaged(tmp_path: Path) -> None:
    store, sides = CandleStore(tmp_path), stored(tmp_path, COUNT)
    double = BinanceDouble(walk(3000), walk(3000, seed=2), ManualClock(NOW))
    cut(tmp_path / BTC.folder / "2024-02.parquet")
    flipped(tmp_path / BTC.folder / "2024-03.parquet")
    async with serving(double) as url:
        double.fault = lambda path: REFUSED if "klines" in path else None
        code, failed = await told(tmp_path, url, "sync", "--symbols", SPOT)
        assert (code, failed["status"]) == (1, "failed")
        assert "2024-02.parquet is damaged and could not be fetched again" in failed["errors"][SPOT]
        double.fault = None
        code, done = await told(tmp_path, url, "sync", "--symbols", SPOT)
    assert (code, done["status"], done["new_rows"]) == (0, "completed", 696 + 744)
    assert [Path(path).name for path in done["series"][0]["repaired"]] == [
        "2024-02.parquet",
        "2024-03.parquet",
    ]
    assert store.read(BTC).same_as(sides[SPOT])


async def test_what_cannot_be_fetched_stays_and_can_be_put_aside(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    made = Series("synthetic-7", SPOT, "1h")
    store.merge(made, walk(1000))
    path = tmp_path / made.folder / "2024-01.parquet"
    flipped(path)
    code, out, err = await outcry(tmp_path, "http://127.0.0.1:9", "repair")
    assert (code, out) == (1, "")
    assert "synthetic-7 is no exchange that can be asked" in err
    assert path.exists()
    code, out = run(tmp_path, "repair", "--drop", "--json")
    assert (code, path.exists()) == (0, False)
    assert [str(kept) for kept in (tmp_path / "quarantine").rglob("*.parquet.1")] == [
        json.loads(out)["repaired"][0]["kept_at"]
    ]
    store.merge(made, walk(1000))
    assert store.read(made).same_as(walk(1000))


def rewritten(path: Path, change: Any) -> None:
    """A file that is whole, with its store's footer, and wrong."""
    table = pq.read_table(path)
    pq.write_table(change(table), path)


def renamed(table: Any) -> Any:
    return table.rename_columns(["timestamp", *"ohlcv"]).replace_schema_metadata(table.schema.metadata)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda t: t.set_column(4, "close", pc_negative(t.column("close"))),
            "rows break the rules, the first at",
        ),
        (lambda t: t.slice(1), "not what its footer says"),
        (lambda t: t.take(list(range(len(t) - 1, -1, -1))), "not what its footer says"),
        (lambda t: t.replace_schema_metadata(None), "not written by this store"),
        (renamed, "unreadable"),
    ],
    ids=["negative", "shorter", "backwards", "foreign", "renamed"],
)
def test_a_whole_file_with_wrong_rows_is_damaged_too(tmp_path: Path, change: Any, reason: str) -> None:
    stored(tmp_path, 1000)
    path = tmp_path / BTC.folder / "2024-01.parquet"
    rewritten(path, change)
    code, out = run(tmp_path, "verify", "binance BTC/USDT 1h", "--json")
    assert code == 5
    (damage,) = json.loads(out)["damaged"]
    assert damage["path"] == str(path)
    assert reason in damage["reason"]


def pc_negative(column: Any) -> Any:
    import pyarrow.compute as pc

    return pc.negate(column)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "json", "json.gz", "parquet"])
@pytest.mark.parametrize("real", [False, pytest.param(True, marks=pytest.mark.skipif(
    not DATA.exists(), reason="needs the recorded candles in ../shared/data"))])  # fmt: skip
def test_a_series_comes_back_from_its_file_bit_for_bit(tmp_path: Path, ending: str, real: bool) -> None:
    store, out = CandleStore(tmp_path), tmp_path / f"out.{ending}"
    if real:
        run(tmp_path, "import", str(DATA / "spot/BTCUSDT_1h.parquet"), "--symbol", SPOT, "--timeframe", "1h")
    else:
        stored(tmp_path, 1000)
    code, text = run(tmp_path, "export", "binance BTC/USDT 1h", "--out", str(out))
    assert (code, f"{len(store.read(BTC)):,} rows in" in text) == (0, True)
    other = tmp_path / "other"
    run(other, "import", str(out), "--symbol", SPOT, "--timeframe", "1h")
    assert CandleStore(other).read(BTC).same_as(store.read(BTC))


@pytest.mark.parametrize("ending", ["csv", "json.gz", "parquet"])
def test_funding_rates_come_back_too(tmp_path: Path, ending: str) -> None:
    store, out = CandleStore(tmp_path), tmp_path / f"rates.{ending}"
    paid = [millis(START) + 8 * 3_600_000 * n for n in range(300)]
    store.merge_funding(FUNDING, FundingRates.of(paid, [1e-7 * n - 1.1e-05 for n in range(300)]))
    run(tmp_path, "export", "binance/BTC-USDT_USDT/funding", "--out", str(out))
    run(tmp_path / "other", "import", str(out), "--symbol", PERP)
    assert CandleStore(tmp_path / "other").read_funding(FUNDING).same_as(store.read_funding(FUNDING))


def test_an_export_is_cut_by_its_times_and_never_half_written(tmp_path: Path) -> None:
    stored(tmp_path, 1000)
    out, series = tmp_path / "out.csv.gz", "binance BTC/USDT 1h"
    run(tmp_path, "export", series, "--out", str(out), "--from", "2024-01-10", "--to", "2024-01-11")
    lines = gzip.decompress(out.read_bytes()).decode().splitlines()
    assert len(lines) == 1 + 48
    for words, said in (
        (["--out", str(out)], "exists; --overwrite"),
        (["--out", str(tmp_path / "no" / "out.csv")], "there is no folder"),
        (["--out", str(tmp_path / "out.xlsx")], "not a kind of file I can write"),
        (["--out", str(tmp_path / "b.csv"), "--from", "2025-01-01"], "nothing is stored of"),
        (
            ["--out", str(tmp_path / "b.csv"), "--from", "2024-02-01", "--to", "2024-01-01"],
            "--from: must be before",
        ),
    ):
        with pytest.raises(Exception, match=said):
            run(tmp_path, "export", series, *words)
    with pytest.raises(Exception, match="must name exchange, symbol and timeframe"):
        run(tmp_path, "export", "BTC/USDT", "--out", str(tmp_path / "b.csv"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["candles", "funding", "out.csv.gz"]


async def test_symbols_stored_and_listed(tmp_path: Path) -> None:
    stored(tmp_path, 100)
    CandleStore(tmp_path).merge(Series("kraken", "ETH/EUR", "1h"), walk(50))
    closed = (START + 100 * HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"symbols": [SPOT, PERP, "ETH/EUR"], "exchange": None, "source": "stored", "count": 3}
    assert json.loads(run(tmp_path, "symbols", "--json")[1]) == {**body, "last_updated": closed}
    assert run(tmp_path, "symbols", "--exchange", "kraken")[1] == "ETH/EUR\n"
    double = BinanceDouble(walk(30), walk(30), ManualClock(NOW))
    async with serving(double) as url:
        code, listed = await told(tmp_path, url, "symbols", "--source", "exchange", "--exchange", "binance")
    assert (code, listed["symbols"], listed["count"]) == (0, [SPOT, PERP], 2)
    with pytest.raises(Exception, match="--source: 'x' must be exchange or stored"):
        run(tmp_path, "symbols", "--source", "x")
    with pytest.raises(Exception, match="--exchange: ccxt knows no exchange 'binanc'; did you mean binance"):
        run(tmp_path, "symbols", "--source", "exchange", "--exchange", "binanc")


def test_freshness_is_counted_from_the_close_of_the_newest_bar(tmp_path: Path) -> None:
    store, hour = CandleStore(tmp_path), 3_600_000
    now = millis(WallClock().now())
    newest = now - now % hour - 3 * hour
    bars = walk(10)
    shifted = type(bars).of(bars.timestamp + (newest - int(bars.timestamp[-1])), *bars.arrays()[1:])
    store.merge(BTC, shifted)
    store.merge(Series("binance", PERP, "1h"), bars)
    code, out = run(tmp_path, "freshness", "--symbols", "btcusdt,BTC/USDT:USDT,SOL/USDT", "--json")
    found = json.loads(out)["freshness"]
    assert code == 3
    assert 2.0 <= found["btcusdt"]["hours_old"] <= 3.01
    assert found["btcusdt"]["is_stale"] is False
    assert datetime.fromisoformat(found["btcusdt"]["last_update"]) == datetime.fromtimestamp(
        (newest + hour) / 1000, tz=UTC
    )
    assert found["BTC/USDT:USDT"]["is_stale"] is True
    assert found["SOL/USDT"] == {"last_update": None, "hours_old": None, "is_stale": True}
    assert run(tmp_path, "freshness", "--symbols", SPOT)[0] == 0
    assert run(tmp_path, "freshness", "--symbols", SPOT, "--threshold-hours", "1.5")[0] == 3
    for words in (["--threshold-hours", "0"], ["--threshold-hours", "nan"], ["--symbols", "nonsense"]):
        with pytest.raises(Exception, match=r"threshold-hours|symbols"):
            run(tmp_path, "freshness", *words)
