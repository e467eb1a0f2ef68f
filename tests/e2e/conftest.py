"""Homes with recorded candles, of a seeded market."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from db.migrate import upgrade
from openoutcry.market.candles import Candles
from openoutcry.market.synthetic import SyntheticMarket
from outcry.database import database_url
from tests.e2e.floor import outcry

MONTHS = 3
UNTRAINED = "regimes: {train: false}\n"
"""A floor has a model of regimes trained where there is none: half a minute of a core beside every test of something else."""


@pytest.fixture(scope="session")
def candle_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three months of hourly spot and perpetual candles, imported through the command line."""
    folder = tmp_path_factory.mktemp("candles")
    home = untrained(folder / "home")
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


@pytest.fixture(scope="session")
def begun_home(candle_home: Path) -> Path:
    """The same with a database at this version's schema: a floor on a home without one makes its own, in three seconds."""
    with database_url(candle_home, make=True) as url:
        asyncio.run(upgrade(url))
    shutil.rmtree(candle_home / "run")
    return candle_home


@pytest.fixture
def new_home(tmp_path: Path) -> Path:
    """A home with nothing in it but that no regimes are trained."""
    return untrained(tmp_path / "home")


def untrained(home: Path) -> Path:
    """See that a floor on ``home`` trains nothing."""
    home.mkdir()
    (home / "config.yaml").write_text(UNTRAINED)
    return home


def copied(home: Path, copy: Path) -> Path:
    """A home of its own, whose database belongs to whom it did (``shutil`` does not keep that)."""
    subprocess.run(["cp", "-a", home, copy], check=True)
    return copy


@pytest.fixture
def home(begun_home: Path, tmp_path: Path) -> Path:
    """A fresh home with those candles and an empty database."""
    return copied(begun_home, tmp_path / "home")
