"""Homes with recorded candles: real ones where they are at hand, else a seeded market's."""

import shutil
from pathlib import Path

import pytest

from openoutcry.market.candles import Candles
from openoutcry.market.synthetic import SyntheticMarket
from tests.e2e.floor import CANDLES, outcry

MONTHS = 3
UNTRAINED = "regimes: {train: false}\n"
"""A floor has a model of regimes trained where there is none: half a minute of a core beside every test of something else."""


@pytest.fixture(scope="session")
def candle_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three months of hourly spot and perpetual candles, imported through the command line."""
    folder = tmp_path_factory.mktemp("candles")
    home = folder / "home"
    home.mkdir()
    (home / "config.yaml").write_text(UNTRAINED)
    market = SyntheticMarket(11, "BTC/USDT", "1h")
    blocks = [market.block(index) for index in range(MONTHS)]
    for symbol, name in (("BTC/USDT", "spot"), ("BTC/USDT:USDT", "perp")):
        file = folder / f"{name}.csv"
        file.write_text(
            "".join(
                _line(bars, i)
                for b in blocks
                for bars in (getattr(b, name),)
                for i in range(len(bars.timestamp))
            )
        )
        outcry(
            home,
            "data",
            "import",
            str(file),
            "--symbol",
            symbol,
            "--exchange",
            "binance",
            "--timeframe",
            "1h",
        )
    return home


def _line(bars: Candles, i: int) -> str:
    """One line of Binance's kline layout."""
    prices = ",".join(
        repr(float(column[i])) for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)
    )
    return f"{int(bars.timestamp[i])},{prices},{int(bars.timestamp[i]) + 3_599_999},0,0,0,0,0\n"


@pytest.fixture
def home(candle_home: Path, tmp_path: Path) -> Path:
    """A fresh home with those candles."""
    copy = tmp_path / "home"
    shutil.copytree(candle_home, copy)
    return copy


@pytest.fixture
def real_home(tmp_path: Path) -> Path:
    """A home with real hourly candles of BTC; skipped where the shared data is not at hand."""
    if not CANDLES.exists():
        pytest.skip(f"no real candles at {CANDLES}")
    copy = tmp_path / "home"
    copy.mkdir()
    (copy / "config.yaml").write_text(UNTRAINED)
    for file, symbol in (
        ("spot/BTCUSDT_1h.parquet", "BTC/USDT"),
        ("perp/BTCUSDT_1h.parquet", "BTC/USDT:USDT"),
    ):
        words = (
            "data",
            "import",
            str(CANDLES / file),
            "--symbol",
            symbol,
            "--exchange",
            "binance",
            "--timeframe",
            "1h",
        )
        outcry(copy, *words)
    return copy
