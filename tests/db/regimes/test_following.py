"""Following: regimes as rows, the same however often, late or in pieces; models judge only what they never saw."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from db.candles import CandleReader, CandleStore, Series
from db.models import staging
from db.models.registering import Trained, register
from db.regimes import history
from db.regimes.following import AT_ONCE, SETTLING, Follower
from db.regimes.force import Shelf, model_name
from db.strategies.history import By
from openoutcry.errors import DataUnavailable
from openoutcry.regime.features import feature_rows
from openoutcry.regime.filter import machine
from openoutcry.regime.model import RegimeModel
from openoutcry.regime.settings import RegimeSettings
from openoutcry.regime.tracking import follow, fresh
from openoutcry.types.timeframes import from_millis, millis
from tests.factories import ORG
from tests.openoutcry.regime.markets import START, planted, pronounced

SERIES = Series("binance", "BTC/USDT", "1h")
HOUR = timedelta(hours=1)
STRANGER = UUID(int=7)
TRAINED = START + 500 * HOUR
CANDLES, _ = pronounced(1_500)
LAST = START + 1_500 * HOUR


async def put(pool, model: RegimeModel) -> None:
    """The model in production for the series."""
    trained = Trained(
        model_name(SERIES), model.kind, model.model_dump(mode="json"), {}, {}, model.seed,
        model.trained_from, model.trained_until,
    )  # fmt: skip
    kept = await register(pool, ORG, trained, "test")
    await staging.move(pool, ORG, kept.name, kept.version, "Production", By("test"))


@pytest.fixture
def store(tmp_path: Path) -> CandleStore:
    store = CandleStore(tmp_path)
    store.merge(SERIES, CANDLES)
    return store


@pytest.fixture
async def follower(pool, store: CandleStore) -> Follower:
    """A follower of a market whose model was trained on its first 500 hours."""
    await put(pool, planted(trained_until=TRAINED))
    return new(pool, store)


def new(pool, store: CandleStore) -> Follower:
    return Follower(pool, ORG, CandleReader(store.home), Shelf(pool, ORG), RegimeSettings())


async def spells(pool) -> list[tuple]:
    found = await history.spells(pool, ORG, SERIES, since=START, as_of=LAST)
    return [(s.regime, s.started_at, s.ended_at, round(s.confidence, 9)) for s in found]


async def test_regimes_become_rows_one_after_another(pool, follower) -> None:
    done = await follower.update(SERIES, LAST)
    assert (done.why, done.bars, done.closed_at) == ("followed", 1_000, LAST)
    rows = await spells(pool)
    assert len(rows) == done.changes > 10
    assert all(before[2] == after[1] and before[0] != after[0] for before, after in pairwise(rows))
    assert rows[-1][2] is None and rows[0][1] >= TRAINED + 4 * HOUR
    assert all(0.6 <= row[3] <= 1.0 for row in rows)


async def test_they_are_what_the_pure_code_says(pool, follower) -> None:
    await follower.update(SERIES, LAST)
    engine, features = machine(planted(trained_until=TRAINED)), feature_rows(CANDLES, "1h")
    settled = follow(engine, fresh(engine), features.rows[500 - SETTLING : 500], RegimeSettings()).track
    begun = fresh(engine).confirmation
    after = follow(engine, type(settled)(settled.belief, begun), features.rows[500:], RegimeSettings())
    expected = [(c.regime, START + (501 + c.index) * HOUR) for c in after.changes]
    assert [(row[0], row[1]) for row in await spells(pool)] == expected


async def test_again_and_in_pieces_gives_the_same_rows(pool, follower, store) -> None:
    for cut in (501, 502, 700, 700, 701, 1_100, 1_500, 1_500):
        await follower.update(SERIES, START + cut * HOUR)
    pieces = await spells(pool)
    assert (await new(pool, store).update(SERIES, LAST)).why == "up_to_date"
    assert await spells(pool) == pieces
    await pool.execute("DELETE FROM regimes; DELETE FROM regime_tracks")
    await follower.update(SERIES, LAST)
    assert await spells(pool) == pieces


async def test_going_back_in_time_changes_nothing(pool, follower) -> None:
    await follower.update(SERIES, LAST)
    before = await spells(pool)
    assert (await follower.update(SERIES, START + 800 * HOUR)).why == "up_to_date"
    assert await spells(pool) == before
    cut = START + 800 * HOUR
    known = await history.spells(pool, ORG, SERIES, since=START, as_of=cut)
    assert all(one.started_at <= cut for one in known) and known[-1].ended_at is None


async def test_two_at_once_write_each_regime_once(pool, follower, store) -> None:
    done = await asyncio.gather(*(new(pool, store).update(SERIES, LAST) for _ in range(4)))
    assert {one.why for one in done} <= {"followed", "raced", "up_to_date"}
    rows = await spells(pool)
    await pool.execute("DELETE FROM regimes; DELETE FROM regime_tracks")
    await follower.update(SERIES, LAST)
    assert await spells(pool) == rows


async def test_what_a_model_was_trained_on_is_not_judged(pool, store) -> None:
    follower = new(pool, store)
    assert (await follower.update(SERIES, LAST)).why == "no_model"
    await put(pool, planted(trained_until=LAST))
    assert (await follower.update(SERIES, LAST)).why == "in_sample"
    await put(pool, planted(trained_until=LAST - HOUR))
    assert (await follower.update(SERIES, LAST)).bars == 1


async def test_without_bars_there_is_nothing_to_say(pool, tmp_path: Path) -> None:
    await put(pool, planted(trained_until=TRAINED))
    empty = Follower(pool, ORG, CandleReader(tmp_path / "none"), Shelf(pool, ORG), RegimeSettings())
    assert (await empty.update(SERIES, LAST)).why == "no_bars"
    assert await history.current(pool, ORG, SERIES) is None


async def test_a_new_model_takes_over_where_the_old_one_stood(pool, follower) -> None:
    await follower.update(SERIES, START + 900 * HOUR)
    before = await spells(pool)
    await put(pool, planted(trained_until=START + 600 * HOUR, staying=0.8))
    done = await follower.update(SERIES, LAST)
    assert done.bars == 600
    rows = await history.spells(pool, ORG, SERIES, since=START, as_of=LAST)
    assert [(r.regime, r.started_at) for r in rows][: len(before)] == [row[:2] for row in before]
    assert {r.version for r in rows if r.started_at > START + 900 * HOUR} == {"1.1.0"}
    now = await history.current(pool, ORG, SERIES)
    assert now is not None and now.version == "1.1.0"


async def test_a_model_that_was_altered_is_not_used(pool, follower) -> None:
    await pool.execute("UPDATE model_versions SET artefact = jsonb_set(artefact, '{seed}', '1')")
    with pytest.raises(DataUnavailable, match="not what was registered"):
        await follower.update(SERIES, LAST)
    assert await spells(pool) == []


async def test_a_hole_longer_than_a_step_is_crossed(pool, tmp_path: Path) -> None:
    store, later = CandleStore(tmp_path), 2 * AT_ONCE + 100
    store.merge(SERIES, CANDLES[:600])
    moved = CANDLES.timestamp[600:] + later * 3_600_000
    store.merge(SERIES, CANDLES.of(moved, *(column[600:] for column in CANDLES.arrays()[1:])))
    await put(pool, planted(trained_until=TRAINED))
    done = await new(pool, store).update(SERIES, LAST + later * HOUR)
    assert (done.why, done.bars) == ("followed", 1_000)


async def test_a_market_that_stands_still_keeps_its_regime(pool, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.merge(SERIES, CANDLES[:1_000])
    stamps = millis(START) + 3_600_000 * np.arange(1_000, 1_400)
    flat = np.full(400, float(CANDLES.close[999]))
    store.merge(SERIES, CANDLES.of(stamps, flat, flat, flat, flat, np.zeros(400)))
    await put(pool, planted(trained_until=TRAINED))
    await new(pool, store).update(SERIES, from_millis(int(stamps[-1]) + 3_600_000))
    rows = await spells(pool)
    now = await history.current(pool, ORG, SERIES)
    assert rows[-1][1] < START + 1_100 * HOUR and now.told["regime"] == rows[-1][0].upper()
    assert set(now.told["standardised"].values()) == {None}


async def test_another_org_sees_none_of_it(pool, follower) -> None:
    await follower.update(SERIES, LAST)
    assert await history.spells(pool, STRANGER, SERIES, since=START, as_of=LAST) == []
    assert await history.current(pool, STRANGER, SERIES) is None
    assert await history.followed(pool, ORG) == [SERIES] and await history.followed(pool, STRANGER) == []
