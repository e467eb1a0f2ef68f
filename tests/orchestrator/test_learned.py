"""The floor counts with the version in production: it looks when one may have been moved, and not at every tick."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from db.models.registering import Trained, register
from db.models.staging import move, rollback
from db.strategies.history import By
from openoutcry.learning.learned import LEARNED, Learned
from openoutcry.settings import Settings
from orchestrator.bootstrap import LiveFloor
from orchestrator.store import Store
from tests.factories import ORG

THEN = datetime(2024, 1, 1, tzinfo=UTC)
ME = By("tests")


async def kept(store: Store, weight: float) -> str:
    """A version that was learned, in no stage yet."""
    body = Learned(version="", known_by=THEN, cells=(), weights={"trend": weight}).model_dump(mode="json")
    trained = Trained(LEARNED, "voices", body, {}, {}, 0, THEN - timedelta(days=9), THEN)
    return (await register(store.pool, ORG, trained, "tests")).version


async def test_every_move_is_noticed_and_nothing_is_asked_without_one(
    fresh_database: str, tmp_path: Path
) -> None:
    async with Store.opened(fresh_database, tmp_path, str(ORG)) as store:
        floor = LiveFloor(tmp_path, store, {}, {}, (), b"r" * 32, Settings())

        async def counted_with() -> str | None:
            async with asyncio.timeout(20):
                await store.learned_changed.wait()
            await floor.learn()
            return None if floor.learned is None else floor.learned.version

        assert await counted_with() is None
        first, second = await kept(store, 0.25), await kept(store, 0.75)
        await move(store.pool, ORG, LEARNED, first, "Production", ME)
        assert await counted_with() == first
        await move(store.pool, ORG, LEARNED, second, "Production", ME)
        while await counted_with() != second:  # two moves, two notices
            pass
        assert floor.learned is not None and floor.learned.weights == {"trend": 0.75}
        await rollback(store.pool, ORG, LEARNED, ME)
        while await counted_with() != first:
            pass
        await asyncio.sleep(0.2)
        await floor.learn()
        assert not store.learned_changed.is_set()
        await store.pool.execute("UPDATE models SET name = 'another'")  # nobody is told of this
        await floor.learn()
        assert floor.learned.version == first
