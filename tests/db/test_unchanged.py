"""Answers given again: never once anything was committed, whoever did it, and never to another org."""

import asyncio
from uuid import UUID

import pytest

from db.keys import DEFAULT_ORG
from db.reads.written import Written
from db.tenancy import open_tenant_pool, within
from db.unchanged import LARGEST, MOST, Unchanged

OTHER = UUID(int=7)
TOLD = (
    "SELECT coalesce(string_agg(value::text, ',' ORDER BY key), '') FROM floor_state WHERE key LIKE 'told%'"
)
TELL = "INSERT INTO floor_state (key, value) VALUES ($1, to_jsonb($2::int))"


class Asked:
    """What is in ``floor_state``, and how often somebody looked."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self, pool, filler=0, lasting=True):
        self.times += 1
        text = (await pool.fetchval(TOLD)).encode() + b" " * filler
        return Written(text, 1, lasting=lasting)


@pytest.fixture
async def pool(fresh_database):
    made = await open_tenant_pool(fresh_database, most=2)
    with within(DEFAULT_ORG):
        yield made
    made.terminate()


@pytest.fixture
async def unchanged(pool):
    """Whose pool has opened all its connections."""
    await asyncio.gather(*(pool.fetchval("SELECT pg_sleep(0.1)") for _ in range(2)))
    return Unchanged(pool)


async def asked_for(unchanged, ask, **options) -> str:
    return (await unchanged.read(ask, **options)).text.strip().decode()


async def settled(unchanged, ask, **options) -> int:
    """Ask until the answer is remembered; how often it had been looked for then."""
    for _ in range(3):
        await unchanged.read(ask, **options)
    return ask.times


async def test_an_answer_is_remembered_while_nothing_is_committed(unchanged):
    ask = Asked()
    before = await settled(unchanged, ask)
    for _ in range(5):
        await unchanged.read(ask)
    assert ask.times == before <= 2


async def test_whatever_anybody_commits_is_seen_at_once(unchanged, owner):
    ask, told = Asked(), []
    for number in range(5):
        await settled(unchanged, ask)
        await owner.execute(TELL, f"told{number}", number)
        told.append(str(number))
        assert await asked_for(unchanged, ask) == ",".join(told)


async def test_a_transaction_under_way_is_seen_when_it_has_ended_and_not_before(unchanged, owner):
    ask = Asked()
    async with owner.acquire() as connection:
        under_way = connection.transaction()
        await under_way.start()
        await connection.execute(TELL, "told", 1)
        await settled(unchanged, ask)
        assert await asked_for(unchanged, ask) == ""
        await under_way.commit()
    assert await asked_for(unchanged, ask) == "1"


async def test_nothing_is_lost_between_many_writers_and_readers(unchanged, owner):
    """After its commit a writer finds what it wrote, however the others' questions and commits fall."""

    async def write_and_look(number: int) -> None:
        with within(DEFAULT_ORG):
            for turn in range(8):
                mine = 1000 * number + turn
                await owner.execute(TELL, f"told-{mine}", mine)
                assert str(mine) in (await asked_for(unchanged, ask)).split(",")

    ask = Asked()
    await asyncio.gather(*(write_and_look(number) for number in range(1, 7)))


async def test_another_org_and_another_question_are_asked_for_themselves(unchanged):
    ask = Asked()
    before = await settled(unchanged, ask)
    await unchanged.read(ask, filler=1)
    with within(OTHER):
        await unchanged.read(ask)
    assert ask.times == before + 2


async def test_new_connections_may_be_another_life_of_the_server(unchanged, pool, owner):
    """A crash may undo what was told: the same numbers then stand for something else."""
    ask = Asked()
    before = await settled(unchanged, ask)
    connections = list(pool.singles._all)
    for each in connections:
        await owner.execute("SELECT pg_terminate_backend($1)", each.get_server_pid())
    for _ in range(200):
        await asyncio.sleep(0.02)
        if all(each.is_closed() for each in connections):
            break
    await unchanged.read(ask)
    assert ask.times == before + 1


@pytest.mark.parametrize("options", [{"filler": LARGEST + 1}, {"lasting": False}])
async def test_what_is_large_or_hangs_on_the_hour_is_not_remembered(unchanged, options):
    ask = Asked()
    for _ in range(4):
        await unchanged.read(ask, **options)
    assert ask.times == 4


async def test_only_so_many_answers_are_remembered(unchanged):
    async def ask(pool, name):
        return Written(name.encode(), 1)

    for number in range(MOST + 10):
        await unchanged.read(ask, str(number))
    assert len(unchanged._kept) == MOST
