"""The floor's own way to a model: the keeper asks, a worker trains, the keeper follows."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from db.candles import CandleStore, Series
from db.models import reading
from db.pool import open_pool
from db.regimes import history
from db.regimes.keeping import RegimeKeeper
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.regime.request import KIND, LEAST_BARS, parse_request
from openoutcry.regime.settings import RegimeSettings
from tests.factories import ORG
from tests.openoutcry.regime.markets import START, pronounced
from workers.frames import Order, Progress
from workers.kinds import find, regime_training
from workers.work import Work

SERIES = Series("binance", "BTC/USDT", "1h")
MODEL = "regime-binance-BTC-USDT-1h"
HOUR = timedelta(hours=1)
ROOT = Path(__file__).resolve().parents[2]
SESSION = """
INSERT INTO sessions (id, org_id, run_key, mode, status, symbol, exchange, timeframe, source, seed, initial_capital,
                      config, config_digest, head_hash, head_seal, as_of)
VALUES ($1, $2, 'run', 'PAPER', $3, 'BTC/USDT', 'binance', '1h', 'recorded', 7, 10000, '{}', '', '', '', $4)
ON CONFLICT (id) DO UPDATE SET as_of = excluded.as_of, status = excluded.status
"""


@pytest.fixture
async def pool(fresh_database: str):
    pool = await open_pool(fresh_database)
    yield pool
    await pool.close()


async def at(pool, bars: int, status: str = "RUNNING") -> None:
    """The floor's session, at the close of this bar."""
    await pool.execute(SESSION, ORG, ORG, status, START + bars * HOUR)


async def jobs(pool) -> list:
    return await pool.fetch(
        "SELECT id, name, kind, request, status, requested_by FROM jobs ORDER BY created_at"
    )


def keeper(pool, home: Path, **more) -> RegimeKeeper:
    return RegimeKeeper(pool, ORG, home, RegimeSettings(**more), train_after_s=0.0)


async def test_a_running_floor_comes_to_its_regimes(pool, tmp_path: Path, fresh_database: str) -> None:
    CandleStore(tmp_path).merge(SERIES, pronounced(1_500)[0])
    keeping = keeper(pool, tmp_path)
    await at(pool, LEAST_BARS - 1)
    await keeping.look()
    assert await jobs(pool) == []  # too little history yet
    await at(pool, 1_000)
    await keeping.look()
    await keeping.look()
    (job,) = await jobs(pool)
    assert (job["kind"], job["name"], job["requested_by"]) == (KIND, MODEL, "floor")
    assert job["request"]["until"] == (START + 1_000 * HOUR).isoformat()

    said: list = []
    order = Order(job["id"], ORG, 1, KIND, job["request"], tmp_path, fresh_database)
    output = await asyncio.to_thread(find(KIND), Work(order, said.append))
    assert output.result["promoted"] and output.result["stage"] == "Production"
    assert [one.current for one in said if isinstance(one, Progress)] == [0, 1, 2, 4]

    await keeping.look()  # the bars held out, up to the floor's present
    first = await history.current(pool, ORG, SERIES)
    assert first is not None and first.closed_at == START + 1_000 * HOUR
    for bars in (1_001, 1_002, 1_500):
        await at(pool, bars, "STOPPED" if bars == 1_500 else "RUNNING")
        await keeping.look()
    last = await history.current(pool, ORG, SERIES)
    assert last is not None and last.closed_at == START + 1_500 * HOUR
    spells = await history.spells(pool, ORG, SERIES, since=START, as_of=last.closed_at)
    assert len(spells) > 3 and spells[-1].ended_at is None
    assert len(await jobs(pool)) == 1


async def test_a_floor_told_not_to_train_does_not_ask(pool, tmp_path: Path) -> None:
    CandleStore(tmp_path).merge(SERIES, pronounced(1_000)[0])
    await at(pool, 1_000)
    await keeper(pool, tmp_path, train=False).look()
    late = RegimeKeeper(pool, ORG, tmp_path, RegimeSettings(), train_after_s=3600.0)
    await late.look()
    await at(pool, 1_000, "STOPPED")
    await keeper(pool, tmp_path).look()
    assert await jobs(pool) == []


async def test_a_training_does_not_push_another_version_out(pool, tmp_path: Path) -> None:
    CandleStore(tmp_path).merge(SERIES, pronounced(1_000)[0])
    body = {
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "timeframe": "1h",
        "until": (START + 1_000 * HOUR).isoformat(),
    }

    async def train(**more):
        asked = parse_request({**body, **more})
        return await regime_training.train(pool, ORG, tmp_path, asked, who="me", tell=lambda *_: None)

    assert (await train(promote="if_none")).promoted
    second = await train(promote="if_none", seed=1)
    assert (second.promoted, second.version.stage) == (False, "None")
    third = await train(promote="always", seed=2)
    assert (third.promoted, third.previous_version) == (True, "1.0.0")
    production = await reading.in_production(pool, ORG, MODEL)
    assert production is not None and production.version == third.version.version


async def test_a_training_that_fails_leaves_nothing(pool, tmp_path: Path) -> None:
    CandleStore(tmp_path).merge(SERIES, pronounced(400)[0])
    until = (START + 400 * HOUR).isoformat()
    asked = parse_request({"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h", "until": until})
    with pytest.raises(DataUnavailable, match=f"needs {LEAST_BARS} bars"):
        await regime_training.train(pool, ORG, tmp_path, asked, who="me", tell=lambda *_: None)
    assert await reading.models(pool, ORG) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"exchange": ""}, "exchange"),
        ({"symbol": "?"}, "symbol"),
        ({"timeframe": "7h"}, "timeframe"),
        ({"until": "2024-01-01"}, "until"),
        ({"until": "tomorrow"}, "until"),
        ({"begin": "2025-01-01T00:00:00Z"}, "begin"),
        ({"bars": 5}, "bars"),
        ({"bars": True}, "bars"),
        ({"holdout": 0.9}, "holdout"),
        ({"holdout": "nan"}, "holdout"),
        ({"seed": -1}, "seed"),
        ({"promote": "maybe"}, "promote"),
        ({"pickle": "x"}, "pickle"),
    ],
)
def test_a_request_that_makes_no_sense_names_its_field(change: dict, field: str) -> None:
    body = {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h", "until": "2024-06-01T00:00:00Z"}
    with pytest.raises(BadInput) as caught:
        parse_request({**body, **change})
    assert caught.value.field == field


def test_only_the_training_process_loads_the_fitting_libraries() -> None:
    probe = (
        "import orchestrator.run, mcp_servers.indicators.server, db.regimes.keeping, workers.serve, api.server, sys;"
        "print(sorted({'hmmlearn', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
