"""The registry: versions, one in production, the way back, and a history nobody can rewrite."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest

from db.identity.orgs import add as add_org
from db.models import reading, staging
from db.models.registering import Trained, register
from db.strategies.history import By
from openoutcry.errors import BadInput, Conflict, NotFound
from tests.factories import ORG

ME = By("me", "because")
TRAINED = Trained(
    name="regime-binance-BTC-USDT-1h",
    kind="regime_hmm",
    artefact={"weights": [0.1, -2.5e-9, 1e-300], "label": "bull"},
    parameters={"seed": 42},
    metrics={"bic": 12.5, "agreement": 0.9},
    seed=42,
    trained_from=datetime(2023, 1, 1, tzinfo=UTC),
    trained_until=datetime(2024, 1, 1, tzinfo=UTC),
)
NAME = TRAINED.name


def another(number: int, **more) -> Trained:
    return replace(TRAINED, artefact={"weights": [number]}, **more)


async def three(pool) -> None:
    """Versions 1.0.0, 1.1.0 and 1.2.0, each promoted in its turn."""
    for number in range(3):
        kept = await register(pool, ORG, another(number), "me")
        await staging.move(pool, ORG, NAME, kept.version, "Production", ME)


async def stages(pool) -> dict[str, str]:
    return {one.version: one.stage for one in await reading.versions(pool, ORG, NAME)}


async def test_versions_are_numbered_and_come_back_as_they_were(pool) -> None:
    first = await register(pool, ORG, TRAINED, "me")
    second = await register(pool, ORG, another(2), "job 7")
    assert (first.version, second.version, second.created_by) == ("1.0.0", "1.1.0", "job 7")
    assert (first.stage, first.archived, first.seed) == ("None", False, 42)
    assert first.metrics == TRAINED.metrics and first.trained_until == TRAINED.trained_until
    assert await reading.artefact(pool, first.id) == TRAINED.artefact
    assert [one.version for one in await reading.versions(pool, ORG, NAME)] == ["1.1.0", "1.0.0"]
    assert (await reading.version(pool, ORG, NAME, "v1.0.0")).id == first.id
    (listed,) = await reading.models(pool, ORG)
    assert (listed.name, listed.versions, listed.production) == (NAME, 2, None)


async def test_the_same_artefact_is_the_same_version(pool) -> None:
    first = await register(pool, ORG, TRAINED, "me")
    again = await register(pool, ORG, replace(TRAINED, metrics={"bic": 0}), "you")
    assert again == first
    assert len(await reading.history(pool, ORG, NAME)) == 1


async def test_a_version_of_ones_own_choice(pool) -> None:
    assert (await register(pool, ORG, TRAINED, "me", version="v2.5.1")).version == "2.5.1"
    assert (await register(pool, ORG, another(1), "me")).version == "2.6.0"
    with pytest.raises(Conflict, match=r"has a version 2\.5\.1 already"):
        await register(pool, ORG, another(2), "me", version="2.5.1")
    with pytest.raises(BadInput, match="three numbers"):
        await register(pool, ORG, another(3), "me", version="latest")
    with pytest.raises(Conflict, match="is a model of kind regime_hmm"):
        await register(pool, ORG, another(4, kind="something_else"), "me")


@pytest.mark.parametrize("name", ["", "../etc", "a b", "x" * 101, "'; --", "ü", None])
async def test_a_name_that_is_none_is_refused(pool, name) -> None:
    with pytest.raises(BadInput, match="name"):
        await register(pool, ORG, replace(TRAINED, name=name), "me")
    with pytest.raises(BadInput, match="name"):
        await reading.versions(pool, ORG, name)


async def test_an_artefact_is_small_and_finite(pool) -> None:
    with pytest.raises(BadInput, match="artefact: has"):
        await register(pool, ORG, replace(TRAINED, artefact={"blob": "x" * 4_000_001}), "me")
    with pytest.raises(ValueError, match="not JSON compliant"):
        await register(pool, ORG, replace(TRAINED, artefact={"w": float("nan")}), "me")
    assert await reading.models(pool, ORG) == []


async def test_many_who_register_at_once_get_a_version_each(pool) -> None:
    made = await asyncio.gather(*(register(pool, ORG, another(n), "me") for n in range(8)))
    assert sorted(one.number for one in made) == [(1, n, 0) for n in range(8)]


async def test_one_version_is_in_production(pool) -> None:
    await three(pool)
    assert await stages(pool) == {"1.2.0": "Production", "1.1.0": "Archived", "1.0.0": "Archived"}
    production = await reading.in_production(pool, ORG, NAME)
    assert production is not None and production.version == "1.2.0" and production.promoted_at is not None
    assert [one.version for one in await reading.versions(pool, ORG, NAME, include_archived=False)] == [
        "1.2.0"
    ]
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute("UPDATE model_versions SET stage = 'Production', archived_at = NULL")


async def test_promotion_compares_before_it_sets(pool) -> None:
    await register(pool, ORG, TRAINED, "me")
    await register(pool, ORG, another(1), "me")
    with pytest.raises(Conflict, match=r"none is in production, not 1\.0\.0"):
        await staging.move(pool, ORG, NAME, "1.1.0", "Production", ME, expected="1.0.0")
    moved = await staging.move(pool, ORG, NAME, "1.0.0", "production", ME, expected="none")
    assert (moved.stage, moved.previous_version) == ("Production", None)
    with pytest.raises(Conflict, match="is in Production already"):
        await staging.move(pool, ORG, NAME, "1.0.0", "Production", ME)
    with pytest.raises(Conflict, match=r"1\.0\.0 is in production, not none"):
        await staging.move(pool, ORG, NAME, "1.1.0", "Production", ME, expected="none")
    assert (
        await staging.move(pool, ORG, NAME, "1.1.0", "Production", ME, expected="1.0.0")
    ).previous_version == "1.0.0"


async def test_of_many_who_promote_at_once_one_is_first(pool) -> None:
    for number in range(4):
        await register(pool, ORG, another(number), "me")
    tries = (staging.move(pool, ORG, NAME, f"1.{n}.0", "Production", ME, expected="none") for n in range(4))
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, staging.Moved) for one in done) == 1
    assert sum(isinstance(one, Conflict) for one in done) == 3
    assert list((await stages(pool)).values()).count("Production") == 1


async def test_staging_and_away(pool) -> None:
    await register(pool, ORG, TRAINED, "me")
    await staging.move(pool, ORG, NAME, "1.0.0", "Staging", ME)
    assert await stages(pool) == {"1.0.0": "Staging"}
    archived = await staging.move(pool, ORG, NAME, "1.0.0", "Archived", ME)
    found = await reading.version(pool, ORG, NAME, "1.0.0")
    assert found.archived and found.archived_at == archived.at
    await staging.move(pool, ORG, NAME, "1.0.0", "None", ME)
    assert (await reading.version(pool, ORG, NAME, "1.0.0")).archived_at is None
    with pytest.raises(BadInput, match="stage: 'Prod' must be one of"):
        await staging.move(pool, ORG, NAME, "1.0.0", "Prod", ME)


async def test_rolling_back_goes_to_the_newest_before(pool) -> None:
    await three(pool)
    done = await staging.rollback(pool, ORG, NAME, ME)
    assert (done.previous_version, done.rolled_back_to) == ("1.2.0", "1.1.0")
    assert await stages(pool) == {"1.2.0": "Archived", "1.1.0": "Production", "1.0.0": "Archived"}
    assert (await staging.rollback(pool, ORG, NAME, ME)).rolled_back_to == "1.0.0"
    with pytest.raises(Conflict, match="no earlier version"):
        await staging.rollback(pool, ORG, NAME, ME)
    forward = await staging.rollback(pool, ORG, NAME, ME, target="1.2.0", expected="1.0.0")
    assert (forward.previous_version, forward.rolled_back_to) == ("1.0.0", "1.2.0")


async def test_where_there_is_no_way_back(pool) -> None:
    with pytest.raises(NotFound, match="no model"):
        await staging.rollback(pool, ORG, NAME, ME)
    await three(pool)
    await register(pool, ORG, another(9), "me")
    for target, error, said in (
        ("7.0.0", NotFound, "has no version 7"),
        ("1.2.0", Conflict, "in production already"),
        ("1.3.0", Conflict, "never left production"),
        ("newest", BadInput, "target_version"),
    ):
        with pytest.raises(error, match=said):
            await staging.rollback(pool, ORG, NAME, ME, target=target)
    with pytest.raises(Conflict, match=r"not 1\.0\.0"):
        await staging.rollback(pool, ORG, NAME, ME, expected="1.0.0")
    assert (await stages(pool))["1.2.0"] == "Production"


async def test_every_move_is_noted_and_stays(pool) -> None:
    await three(pool)
    await staging.rollback(pool, ORG, NAME, By("you", "it was wrong"))
    told = [(m.version, m.what, m.before, m.after, m.who) for m in await reading.history(pool, ORG, NAME)]
    assert told[:2] == [
        ("1.1.0", "rolled_back", "Archived", "Production", "you"),
        ("1.2.0", "rolled_back", "Production", "Archived", "you"),
    ]
    assert told[-1] == ("1.0.0", "registered", None, "None", "me")
    assert (await reading.history(pool, ORG, NAME))[0].reason == "it was wrong"
    for statement in (
        "UPDATE model_history SET who = 'x'",
        "DELETE FROM model_history",
        "TRUNCATE model_history",
    ):
        with pytest.raises(asyncpg.PostgresError, match="only ever added to"):
            await pool.execute(statement)


async def test_another_orgs_models_are_as_unknown_as_none(pool) -> None:
    other = (await add_org(pool, "other", "basic")).id
    await register(pool, other, TRAINED, "them")
    assert await reading.models(pool, ORG) == []
    assert await reading.in_production(pool, ORG, NAME) is None
    for ask in (
        reading.versions(pool, ORG, NAME),
        reading.version(pool, ORG, NAME, "1.0.0"),
        reading.history(pool, ORG, NAME),
        staging.move(pool, ORG, NAME, "1.0.0", "Production", ME),
    ):
        with pytest.raises(NotFound):
            await ask
