"""Staging asks for a validation; promoting passes its gates, or is forced with a reason; one of two promoters wins."""

import asyncio

import pytest

from db.strategies import validations
from db.strategies.creating import new_version
from db.strategies.finding import find, versions
from db.strategies.history import By, history
from db.strategies.staging import Promoted, PromotionRefused, promote, stage
from openoutcry.errors import BadInput, Conflict, NotFound
from tests.db.strategies.registered import ANN, ROSTER, definition, stored, validated
from tests.factories import ORG


async def staged(pool, name, version="1.0.0", by=ANN, **more):
    return await stage(pool, ORG, name, version, by, asked={"from": "2023-01-01"}, reserved=ROSTER, **more)


async def promoted(pool, name, version="1.0.0", by=ANN, **more):
    return await promote(pool, ORG, name, version, by, reserved=ROSTER, **more)


async def stages(pool, strategy) -> dict[str, str]:
    return {version.version: version.stage for version in await versions(pool, strategy.id)}


async def test_staging_asks_for_a_validation_and_puts_a_strategy_in_paper(pool) -> None:
    made = await stored(pool)
    done = await staged(pool, made.name, "v1.0.0")
    assert (done.name, done.version, done.status) == (made.name, "1.0.0", "paper")
    (asked,) = await validations.of_version(pool, (await versions(pool, made.id))[0].id)
    assert (asked.id, asked.state, asked.asked) == (done.validation_id, "QUEUED", {"from": "2023-01-01"})
    again = await staged(pool, made.name)
    assert again.validation_id != done.validation_id
    assert await stages(pool, made) == {"1.0.0": "staging"}


async def test_a_status_can_be_kept(pool) -> None:
    made = await stored(pool)
    done = await staged(pool, made.name, keep_status=True)
    assert done.status == "inactive"
    await validated(pool, done.validation_id)
    moved = await promoted(pool, made.name, keep_status=True)
    assert isinstance(moved, Promoted)
    assert moved.status == "inactive"
    assert (await find(pool, ORG, made.name)).status == "inactive"


async def test_one_version_is_tried_at_a_time(pool) -> None:
    made = await stored(pool)
    await new_version(pool, ORG, made.name, definition(), ANN)
    await staged(pool, made.name, "1.0.1")
    await staged(pool, made.name, "1.0.0")
    assert await stages(pool, made) == {"1.0.0": "staging", "1.0.1": "dev"}


async def test_a_version_that_passes_goes_to_production_and_its_forerunner_back(pool) -> None:
    made = await stored(pool)
    await new_version(pool, ORG, made.name, definition(reward_factor=3.0), ANN, version="1.1.0")
    await validated(pool, (await staged(pool, made.name, "1.0.0")).validation_id)
    first = await promoted(pool, made.name, "1.0.0")
    assert isinstance(first, Promoted)
    assert (first.status, first.previous_version, first.forced) == ("live", None, False)
    await validated(pool, (await staged(pool, made.name, "1.1.0")).validation_id)
    second = await promoted(pool, made.name, "staging")
    assert isinstance(second, Promoted)
    assert (second.version, second.previous_version) == ("1.1.0", "1.0.0")
    assert second.promoted_at > first.promoted_at
    assert await stages(pool, made) == {"1.0.0": "dev", "1.1.0": "prod"}
    with pytest.raises(Conflict, match="in production already"):
        await promoted(pool, made.name, "1.1.0")
    with pytest.raises(Conflict, match="in production already"):
        await staged(pool, made.name, "1.1.0")


async def test_failed_gates_are_told_and_nothing_moves(pool) -> None:
    made = await stored(pool)
    await validated(pool, (await staged(pool, made.name)).validation_id, at=2, sharpe_ratio=0.4, win_rate=0.1)
    before, lines = await find(pool, ORG, made.name), await history(pool, made.id)
    refused = await promoted(pool, made.name)
    assert isinstance(refused, PromotionRefused)
    assert refused.outcome == "MARGINAL"
    assert [(f.gate, f.window, f.value, f.threshold) for f in refused.failures] == [
        ("sharpe_ratio", 2, 0.4, 1.2),
        ("win_rate", 2, 0.1, 0.25),
    ]
    assert "sharpe_ratio in window 2 is 0.4, must be >= 1.2" in str(refused)
    assert await find(pool, ORG, made.name) == before
    assert await history(pool, made.id) == lines


async def test_the_newest_finished_validation_counts(pool) -> None:
    made = await stored(pool)
    good = await staged(pool, made.name)
    refused = await promoted(pool, made.name)
    assert isinstance(refused, PromotionRefused)
    assert (refused.outcome, refused.failures) == (None, ())
    assert "no finished validation" in str(refused)
    await validated(pool, good.validation_id)
    bad = await staged(pool, made.name)
    await validated(pool, bad.validation_id, total_trades=3)
    unfinished = await staged(pool, made.name)
    refused = await promoted(pool, made.name)
    assert isinstance(refused, PromotionRefused)
    assert refused.outcome == "INSUFFICIENT_TRADES"
    assert await validations.fail(pool, unfinished.validation_id, "no candles")
    assert isinstance(await promoted(pool, made.name), PromotionRefused)


async def test_a_validation_of_another_version_opens_no_gate(pool) -> None:
    made = await stored(pool)
    await new_version(pool, ORG, made.name, definition(), ANN)
    await validated(pool, (await staged(pool, made.name, "1.0.0")).validation_id)
    await staged(pool, made.name, "1.0.1")
    refused = await promoted(pool, made.name, "1.0.1")
    assert isinstance(refused, PromotionRefused)
    assert refused.outcome is None


async def test_force_needs_a_reason_and_is_kept(pool) -> None:
    made = await stored(pool)
    with pytest.raises(BadInput, match="needs a reason"):
        await promoted(pool, made.name, by=By("ann"), force=True)
    with pytest.raises(Conflict, match="not in staging"):
        await promoted(pool, made.name, force=True)
    await validated(pool, (await staged(pool, made.name)).validation_id, sharpe_ratio=0.0)
    moved = await promoted(pool, made.name, by=By("bob", "the desk knows better"), force=True)
    assert isinstance(moved, Promoted)
    assert moved.forced
    line = next(c for c in await history(pool, made.id) if c.after == "prod")
    assert (line.who, line.reason, line.forced) == ("bob", "the desk knows better", True)


async def test_force_that_was_not_needed_is_not_called_so(pool) -> None:
    made = await stored(pool)
    await validated(pool, (await staged(pool, made.name)).validation_id)
    moved = await promoted(pool, made.name, force=True)
    assert isinstance(moved, Promoted)
    assert not moved.forced
    assert not any(line.forced for line in await history(pool, made.id))


async def test_of_many_who_promote_one_version_one_wins(pool) -> None:
    made = await stored(pool)
    await validated(pool, (await staged(pool, made.name)).validation_id)
    tried = await asyncio.gather(
        *(promoted(pool, made.name, by=By(f"p{n}", "me first")) for n in range(8)), return_exceptions=True
    )
    assert sum(isinstance(one, Promoted) for one in tried) == 1
    assert sum(isinstance(one, Conflict) for one in tried) == 7
    assert sum(line.after == "prod" for line in await history(pool, made.id)) == 1


async def test_of_two_who_looked_at_the_same_moment_one_wins(pool) -> None:
    made = await stored(pool)
    await new_version(pool, ORG, made.name, definition(), ANN)
    for version in ("1.0.0", "1.0.1"):
        await validated(pool, (await staged(pool, made.name, version)).validation_id)
    seen = (await find(pool, ORG, made.name)).revision
    tried = await asyncio.gather(
        promoted(pool, made.name, "1.0.1", expected=seen),
        staged(pool, made.name, "1.0.0", expected=seen),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Conflict) for one in tried) == 1
    assert list((await stages(pool, made)).values()).count("dev") == 1


async def test_a_validation_is_run_once(pool) -> None:
    made = await stored(pool)
    asked = (await staged(pool, made.name)).validation_id
    begun = await asyncio.gather(*(validations.begin(pool, asked) for _ in range(6)))
    assert sum(begun) == 1
    async with pool.acquire() as connection:
        assert await validations.complete(connection, asked, {"verdict": {"failures": []}}, "PASS")
        assert not await validations.complete(connection, asked, {"verdict": {"failures": []}}, "FAIL")
    assert not await validations.fail(pool, asked, "too late")
    done = await validations.get(pool, asked)
    assert done is not None
    assert (done.state, done.outcome, done.error) == ("COMPLETED", "PASS", None)


@pytest.mark.parametrize("version", ["9.9.9", "prod"])
async def test_a_version_that_is_not_there(pool, version) -> None:
    made = await stored(pool)
    with pytest.raises(NotFound):
        await staged(pool, made.name, version)
    with pytest.raises(NotFound):
        await promoted(pool, "nobody", version)
