"""Strategies and versions in the database: made, found, changed, and every change kept."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db.strategies.creating import create, new_version
from db.strategies.finding import find, pick, versions
from db.strategies.history import By, by, history
from db.strategies.standing import set_status
from db.strategies.updating import update
from openoutcry.errors import BadInput, Conflict, NotFound
from tests.db.strategies.registered import ANN, ROSTER, definition, stored
from tests.factories import ORG


async def test_a_strategy_is_found_by_id_and_by_name_in_its_own_org(pool) -> None:
    made = await stored(pool)
    assert (made.status, made.kind, made.asset, made.timeframe) == ("inactive", "rules", "BTC", "1h")
    assert (made.agent_name, made.owner, made.weight) == ("btc_rsi_strategy", "ann", 1.0)
    assert await find(pool, ORG, str(made.id)) == made
    assert await find(pool, ORG, "BTC RSI Strategy") == made
    for org, name in ((ORG, "nobody"), (UUID(int=9), made.name), (UUID(int=9), str(made.id))):
        with pytest.raises(NotFound, match="there is no strategy"):
            await find(pool, org, name)
    (first,) = await versions(pool, made.id)
    assert (first.version, first.stage, first.created_by, first.metrics) == ("1.0.0", "dev", "ann", None)
    assert first.body["execution_config"]["initial_balance"] == 10000
    assert first.content_hash == definition().content_hash


async def test_a_name_is_taken_once_in_an_org(pool) -> None:
    await stored(pool)
    with pytest.raises(Conflict, match="named 'BTC RSI Strategy' already") as caught:
        await stored(pool)
    assert caught.value.field == "name"
    other = UUID(int=7)
    await pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", other)
    assert (await create(pool, other, definition(), ANN)).name == "BTC RSI Strategy"


async def test_ten_who_make_the_same_strategy_make_one(pool) -> None:
    made = await asyncio.gather(*(stored(pool) for _ in range(10)), return_exceptions=True)
    assert sum(not isinstance(one, Exception) for one in made) == 1
    assert {type(one) for one in made if isinstance(one, Exception)} == {Conflict}
    assert await pool.fetchval("SELECT count(*) FROM strategy_versions") == 1


async def test_versions_sort_as_numbers_and_are_picked_by_number_stage_or_latest(pool) -> None:
    made = await stored(pool, version="v1.9.0")
    for number in ("1.10.0", "v1.2.0"):
        await new_version(pool, ORG, made.name, definition(reward_factor=3.0), ANN, version=number)
    grown = await new_version(pool, ORG, made.name, definition(), ANN, tags={"team": "a"}, notes="tuned")
    assert (grown.version, grown.tags, grown.notes) == ("1.10.1", {"team": "a"}, "tuned")
    found = await versions(pool, made.id)
    assert [one.version for one in found] == ["1.2.0", "1.9.0", "1.10.0", "1.10.1"]
    assert pick(made, found, "latest").version == "1.10.1"
    assert pick(made, found, "V1.9.0").version == "1.9.0"
    assert pick(made, found, "dev").version == "1.10.1"
    with pytest.raises(NotFound, match="no version in prod"):
        pick(made, found, "prod")
    with pytest.raises(NotFound, match=r"no version 7\.0\.0; there is 1\.2\.0"):
        pick(made, found, "7.0.0")
    for wrong in ("1.0", "1.0.0.0", "newest", "", "1.0.0-rc1", "٣.0.0", "1.0.9999999999"):
        with pytest.raises(BadInput, match="version") as caught:
            pick(made, found, wrong)
        assert caught.value.field == "version"


async def test_the_same_number_is_one_version_however_many_add_it(pool) -> None:
    made = await stored(pool)
    added = await asyncio.gather(
        *(new_version(pool, ORG, made.name, definition(), ANN, version="1.1.0") for _ in range(6)),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, Exception) for one in added) == 1
    assert [str(one) for one in added if isinstance(one, Conflict)] == [
        f"{made.name} has a version 1.1.0 already"
    ] * 5
    unnumbered = await asyncio.gather(
        *(new_version(pool, ORG, made.name, definition(), ANN) for _ in range(5))
    )
    assert sorted(one.version for one in unnumbered) == [f"1.1.{n}" for n in range(1, 6)]


async def test_what_is_stored_never_changes(pool) -> None:
    made = await stored(pool)
    await update(pool, ORG, made.name, ANN, definition=definition(reward_factor=4.0))
    first, second = await versions(pool, made.id)
    assert (first.body["reward_factor"], second.body["reward_factor"]) == (2.0, 4.0)
    assert second.version == "1.0.1"
    await update(pool, ORG, made.name, ANN, definition=definition(reward_factor=4.0))
    assert len(await versions(pool, made.id)) == 2, "the same rules again are no new version"


async def test_every_change_is_kept_with_who_when_from_to_and_why(pool) -> None:
    made = await stored(pool)
    await set_status(pool, ORG, made.name, "paper", By("bob", "let us see"), reserved=ROSTER, weight=2.5)
    await set_status(pool, ORG, made.name, "inactive", ANN, reserved=ROSTER)
    await update(pool, ORG, made.name, ANN, new_name="RSI two", description="second", exchange="kraken")
    lines = [(c.what, c.before, c.after, c.version, c.who) for c in reversed(await history(pool, made.id))]
    assert lines == [
        ("created", None, {"name": made.name, "kind": "rules", "status": "inactive"}, None, "ann"),
        ("version", None, {"content_hash": definition().content_hash}, "1.0.0", "ann"),
        ("status", "inactive", "paper", None, "bob"),
        ("stage", "dev", "staging", "1.0.0", "bob"),
        ("weight", 1.0, 2.5, None, "bob"),
        ("status", "paper", "inactive", None, "ann"),
        ("stage", "staging", "dev", "1.0.0", "ann"),
        ("name", made.name, "RSI two", None, "ann"),
        ("description", "", "second", None, "ann"),
        ("exchange", "binance", "kraken", None, "ann"),
    ]
    assert (await history(pool, made.id))[-3].reason == "let us see"
    for statement in (
        "UPDATE strategy_history SET who = 'nobody'",
        "DELETE FROM strategy_history",
        "TRUNCATE strategy_history",
    ):
        with pytest.raises(asyncpg.RaiseError, match="only ever added to"):
            await pool.execute(statement)


async def test_a_change_that_fails_changes_nothing(pool) -> None:
    made, other = await stored(pool), await stored(pool, "other")
    with pytest.raises(Conflict, match="another strategy has this name"):
        await update(pool, ORG, made.name, ANN, description="half", new_name="other")
    assert await find(pool, ORG, str(made.id)) == made
    with pytest.raises(BadInput, match="description"):
        await update(pool, ORG, made.name, ANN, new_name="third", description="x" * 3000)
    assert await find(pool, ORG, str(made.id)) == made
    assert len(await history(pool, other.id)) == 2


async def test_who_decided_on_what_no_longer_stands_is_refused(pool) -> None:
    made = await stored(pool)
    changed = await update(pool, ORG, made.name, ANN, description="one", expected=made.revision)
    assert changed.revision > made.revision
    with pytest.raises(Conflict, match="was changed meanwhile") as caught:
        await update(pool, ORG, made.name, ANN, description="two", expected=made.revision)
    assert caught.value.field == "revision"
    unchanged = await update(pool, ORG, made.name, ANN, description="one")
    assert unchanged.revision == changed.revision, "a change that changes nothing is none"


NAMES: list[Any] = [
    "", " ", "a/b", "a\0b", "x" * 101, "5089b9a8-f375-4813-8ed0-d7175368a11e", "ünïcode", "-dash", "a\nb", "50%", "___",
    "5089b9a8f37548138ed0d7175368a11e", None, 7,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_that_could_not_be_asked_for_is_refused(name) -> None:
    with pytest.raises(BadInput) as caught:
        definition(name)
    assert caught.value.field == "name"


async def test_names_that_other_systems_use_are_taken(pool) -> None:
    for name in ("x", "BTC RSI Strategy", "eth_strategy_20260124_220416", "A-b.c (v2)", "1st"):
        assert (await stored(pool, name)).name == name


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"version": "1"}, "version"),
    ({"tags": {"a": "x" * 201}}, "tags"),
    ({"tags": {str(n): "x" for n in range(21)}}, "tags"),
    ({"tags": {"a": 1}}, "tags"),
    ({"notes": "x" * 4001}, "notes"),
    ({"notes": "\0"}, "notes"),
    ({"exchange": "no such; exchange"}, "exchange"),
    ({"exchange": ""}, "exchange"),
]


async def test_nonsense_leaves_nothing_behind(pool) -> None:
    for options, field in NONSENSE:
        with pytest.raises(BadInput) as caught:
            await stored(pool, **options)
        assert caught.value.field == field
    assert await pool.fetchval("SELECT count(*) FROM strategies") == 0


async def test_a_parent_is_one_that_exists(pool) -> None:
    mother = await stored(pool)
    child = await stored(pool, "child", parent=str(mother.id))
    assert child.parent_id == mother.id
    with pytest.raises(NotFound):
        await stored(pool, "orphan", parent="nobody")
    assert await pool.fetchval("SELECT count(*) FROM strategies") == 2


@pytest.mark.parametrize("who", ["", "x" * 101, "a\nb"])
def test_who_is_a_name(who) -> None:
    with pytest.raises(BadInput, match="who"):
        by(who)


@pytest.mark.parametrize("reason", ["x" * 501, "two\nlines"])
def test_a_reason_is_a_line(reason) -> None:
    with pytest.raises(BadInput, match="reason"):
        by("ann", reason)
