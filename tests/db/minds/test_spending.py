"""The money of models: I15 under many processes, restarts, crashes, and the ladder said once a step."""

import asyncio
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid5

import asyncpg
import pytest

from db.feed import after
from db.minds import budgets
from db.minds.spending import Settlement, Wish, reserve, settle
from db.pool import open_pool
from openoutcry.errors import BadInput
from openoutcry.minds.budget import Asked
from openoutcry.settings import BudgetSettings
from wire.config import DEFAULT_ORG

ORG = UUID(DEFAULT_ORG)
ROOT = Path(__file__).resolve().parent.parent.parent.parent
D = Decimal
SMALL = BudgetSettings(call=D("0.2"), round=D("0.5"), agent_day=D(5), day=D(1), org=D(50))


@pytest.fixture
async def pool(fresh_database: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(fresh_database, most=8)
    yield pool
    await pool.close()


def wish(
    n: int,
    bound: str = "0.1",
    *,
    agent: str = "trend",
    cheapest: bool = True,
    kept: bool = True,
    seq: int | None = None,
) -> Wish:
    return Wish(
        id=uuid5(ORG, str(n)), agent=agent, model="anthropic:claude-haiku-4-5", prompt_hash="h", params={"max_tokens": 9},
        asked=Asked(D(bound), cheapest, kept), session_id=None if seq is None else ORG, seq=seq,
    )  # fmt: skip


async def spend(pool: asyncpg.Pool, n: int, cost: str, **how: object) -> str | None:
    verdict = await reserve(pool, ORG, wish(n, **how), SMALL)  # type: ignore[arg-type]
    if verdict.refused is None:
        await settle(pool, ORG, uuid5(ORG, str(n)), str(how.get("agent", "trend")), Settlement(D(cost)))
    return verdict.refused


async def test_a_reservation_counts_until_its_cost_takes_its_place(pool: asyncpg.Pool) -> None:
    assert (await reserve(pool, ORG, wish(1), SMALL)).refused is None
    assert (await reserve(pool, ORG, wish(1), SMALL)).refused is None  # the same call, told twice
    now = await budgets.standing(pool, ORG, SMALL)
    assert (now.used["day"].spent, now.used["day"].reserved) == (D(0), D("0.1"))
    assert await settle(pool, ORG, wish(1).id, "trend", Settlement(D("0.03"), 100, 40, 5, 12.5)) == D("0.03")
    assert await settle(pool, ORG, wish(1).id, "trend", Settlement(D("0.09"))) == D("0.03")
    now = await budgets.standing(pool, ORG, SMALL)
    assert (now.used["day"].spent, now.used["day"].reserved) == (D("0.03"), D(0))
    assert now.agents["trend"].spent == now.used["org"].spent == D("0.03")
    (row,) = await budgets.by_model(pool, ORG)
    assert (row["calls"], row["cost"], row["prompt_tokens"], row["cached_tokens"]) == (1, D("0.03"), 100, 40)


async def test_nobody_settles_anothers_call(pool: asyncpg.Pool) -> None:
    await reserve(pool, ORG, wish(1), SMALL)
    with pytest.raises(BadInput, match="call_id"):
        await settle(pool, ORG, wish(1).id, "technical", Settlement(D(0)))
    with pytest.raises(BadInput, match="call_id"):
        await settle(pool, ORG, wish(2).id, "trend", Settlement(D(0)))


@pytest.mark.parametrize(
    ("bound", "cost", "seq", "named"),
    [("0.21", "0", None, "one call"), ("0.2", "0.2", 1, "round"), ("0.2", "0.2", None, "day")],
)
async def test_l6_every_budget_binds(
    pool: asyncpg.Pool, bound: str, cost: str, seq: int | None, named: str
) -> None:
    said = [await spend(pool, n, cost, bound=bound, seq=seq) for n in range(8)]
    refusals = [why for why in said if why is not None]
    assert refusals and all(why.startswith((named, "no paid model")) for why in refusals), refusals


async def test_l6_a_crash_leaves_the_reservation_standing_until_it_lapses(pool: asyncpg.Pool) -> None:
    await reserve(pool, ORG, wish(1), SMALL)  # and its process dies
    await pool.execute("UPDATE model_calls SET created_at = created_at - $1::interval", timedelta(minutes=9))
    await reserve(pool, ORG, wish(2), SMALL)
    now = await budgets.standing(pool, ORG, SMALL)
    assert (now.used["day"].spent, now.used["day"].reserved) == (D(0), D("0.2"))
    await pool.execute(
        "UPDATE model_calls SET created_at = created_at - $1::interval WHERE id = $2",
        timedelta(minutes=2),
        wish(1).id,
    )
    await reserve(pool, ORG, wish(3), SMALL)
    now = await budgets.standing(pool, ORG, SMALL)
    assert (now.used["day"].spent, now.used["day"].reserved) == (D("0.1"), D("0.2"))
    # It was alive after all: its real cost takes the bound's place.
    assert await settle(pool, ORG, wish(1).id, "trend", Settlement(D("0.04"))) == D("0.04")
    now = await budgets.standing(pool, ORG, SMALL)
    assert (now.used["day"].spent, now.used["day"].reserved) == (D("0.04"), D("0.2"))


async def test_a_call_that_nobody_knows_the_cost_of_costs_its_bound(pool: asyncpg.Pool) -> None:
    await reserve(pool, ORG, wish(1), SMALL)
    assert await settle(pool, ORG, wish(1).id, "trend", Settlement(None, fault="no answer in time")) == D(
        "0.1"
    )


async def test_the_ladder_steps_down_and_each_step_is_said_once(pool: asyncpg.Pool) -> None:
    heard = []
    for n in range(40):
        dear = await reserve(pool, ORG, wish(1000 + n, "0.05", cheapest=False), SMALL)
        if dear.refused is None:
            await settle(pool, ORG, wish(1000 + n).id, "trend", Settlement(D("0.01")))
        light = await reserve(pool, ORG, wish(2000 + n, "0.05", agent="light", kept=False), SMALL)
        if light.refused is None:
            await settle(pool, ORG, wish(2000 + n).id, "light", Settlement(D("0.01")))
        await spend(pool, n, "0.05", bound="0.05")
        heard.append((dear.level, dear.refused is None, light.refused is None))
    assert list(dict.fromkeys(heard)) == [
        ("full", True, True),
        ("smaller", False, True),
        ("fewer", False, False),
        ("rules", False, False),
    ]
    told = [
        e.data["metadata"]["level"]
        for e in await after(pool, ORG, 0)
        if e.data.get("status") == "models_level"
    ]
    assert told == ["smaller", "fewer", "rules"]
    assert (await budgets.standing(pool, ORG, SMALL)).level == "rules"
    assert (
        await reserve(pool, ORG, wish(5000, "0"), SMALL)
    ).refused is None  # one's own server costs nothing
    await budgets.set_limits(pool, ORG, {"day": D(100)}, "somebody", SMALL)
    now = await budgets.standing(pool, ORG, SMALL)
    assert (now.level, now.limits.day, now.limits.round, now.updated_by) == (
        "full",
        D(100),
        D("0.5"),
        "somebody",
    )
    assert (await reserve(pool, ORG, wish(5001, cheapest=False), SMALL)).refused is None


async def test_a_new_day_begins_at_the_top_again(pool: asyncpg.Pool) -> None:
    for n in range(12):
        await spend(pool, n, "0.1")
    assert (await budgets.standing(pool, ORG, SMALL)).level == "rules"
    await pool.execute("UPDATE model_budgets SET level_day = level_day - 1")
    await pool.execute(
        "UPDATE model_spending SET subject = replace(subject, day::text, (day - 1)::text), day = day - 1 WHERE day IS NOT NULL"
    )
    assert (await reserve(pool, ORG, wish(99, cheapest=False), SMALL)).refused is None
    told = [
        e.data["metadata"]["level"]
        for e in await after(pool, ORG, 0)
        if e.data.get("status") == "models_level"
    ]
    assert told[-1] == "full"


CHILD = """
import asyncio, random, sys
from decimal import Decimal
from tests.db.minds.test_spending import many
asyncio.run(many(sys.argv[1], int(sys.argv[2])))
"""


async def many(url: str, seed: int) -> None:
    """One process that spends as it can: now and then it forgets to settle, as one that was killed would."""
    dice, pool = random.Random(seed), await open_pool(url, most=4)

    async def one(n: int) -> None:
        number = seed * 10_000 + n
        bound = D(dice.randint(1, 200)) / 1000
        asked = wish(number, str(bound), agent=f"a{seed % 2}", seq=dice.randint(0, 3))
        if (await reserve(pool, ORG, asked, SMALL)).refused is None and dice.random() < 0.9:
            cost = bound * dice.randint(0, 100) / 100
            await settle(pool, ORG, asked.id, asked.agent, Settlement(cost))

    for begin in range(0, 40, 4):
        await asyncio.gather(*(one(n) for n in range(begin, begin + 4)))
    await pool.close()


@pytest.mark.timeout(120)
async def test_l6_no_cap_is_passed_by_several_processes_at_once(
    pool: asyncpg.Pool, fresh_database: str
) -> None:
    words = [sys.executable, "-c", CHILD, fresh_database]
    children = [subprocess.Popen([*words, str(seed)], cwd=ROOT) for seed in (1, 2, 3)]  # noqa: ASYNC220
    seen = Decimal(0)
    while any(child.poll() is None for child in children):
        now = (await budgets.standing(pool, ORG, SMALL)).used.get("day")
        if now is not None:
            seen = max(seen, now.spent + now.reserved)
        await asyncio.sleep(0.02)
    assert [child.wait() for child in children] == [0, 0, 0]
    assert 0 < seen <= SMALL.day
    sums = await pool.fetch("SELECT subject, spent, reserved FROM model_spending")
    for row in sums:
        kind = row["subject"].partition(":")[0]
        assert row["reserved"] >= 0
        assert row["spent"] + row["reserved"] <= getattr(SMALL, kind), row
    # The running sums are what the calls add up to.
    whole = await pool.fetchrow(
        "SELECT sum(cost) FILTER (WHERE state = 'SETTLED') AS spent,"
        " sum(reserved) FILTER (WHERE state = 'RESERVED') AS reserved FROM model_calls"
    )
    day = next(row for row in sums if row["subject"].startswith("day:"))
    assert (day["spent"], day["reserved"]) == (whole["spent"], whole["reserved"] or 0)
