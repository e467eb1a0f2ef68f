"""Who is there: orgs, people, programs and keys as lists, and each of them found again."""

from typing import Any
from uuid import UUID

import pytest

from db import keys
from db.identity import clients, orgs, users
from db.identity.clients import Client
from db.identity.orgs import Org
from db.identity.users import User
from db.keys import ApiKey
from openoutcry.canonical import derived_id
from openoutcry.errors import BadInput
from tests.api.auth.fakes import Pool
from tests.api.auth.people import ANN, BORN, BOT, ORG

ROW = {"id": ORG, "name": "desk", "plan": "pro"}
STORED = {
    "id": UUID(int=5), "org_id": ORG, "name": "mine", "prefix": "abcdefgh", "role": "trader", "created_at": BORN,
    "expires_at": None, "revoked_at": None, "last_used_at": None, "scopes": None,
}  # fmt: skip


async def test_everyone_is_listed_and_found_by_id() -> None:
    pool: Any = Pool(
        {
            users.LIST: [ANN, ANN], clients.LIST: [BOT], orgs.LIST: [ROW], keys.LIST: [STORED],
            users.BY_ID: ANN, clients.BY_ID: BOT, orgs.FIND: ROW,
        }
    )  # fmt: skip
    ann, bot, desk = User(**ANN), Client(**BOT), Org(**ROW)  # type: ignore[arg-type]
    assert await users.list_users(pool) == [ann, ann] and await clients.list_clients(pool) == [bot]
    assert await orgs.list_orgs(pool) == [desk] and await keys.list_keys(pool, ORG) == [ApiKey(**STORED)]  # type: ignore[arg-type]
    assert await users.by_id(pool, ann.id) == ann and await clients.by_id(pool, bot.id) == bot
    assert await orgs.find(pool, "desk") == desk
    asked = [(users.BY_ID, ann.id), (clients.BY_ID, bot.id), (orgs.FIND, "desk"), (keys.LIST, ORG)]
    assert [pool.arguments(statement) for statement, _ in asked] == [[(what,)] for _, what in asked]
    nobody: Any = Pool({})
    assert await users.by_id(nobody, ann.id) is None and await clients.by_id(nobody, bot.id) is None
    with pytest.raises(BadInput, match="there is no org 'desk'") as refused:
        await orgs.find(nobody, "desk")
    assert refused.value.field == "org"


async def test_an_org_has_a_name_of_its_own_and_a_plan() -> None:
    pool: Any = Pool({orgs.ADD: ROW})
    assert await orgs.add(pool, " desk ", "pro") == Org(**ROW)  # type: ignore[arg-type]
    assert pool.arguments(orgs.ADD) == [(derived_id(keys.DEFAULT_ORG, "org", "desk"), "desk", "pro")]
    for name in ("d", "d" * 100):
        await orgs.add(pool, name, "basic")
    for name, answers in ((" ", {orgs.ADD: ROW}), ("d" * 101, {orgs.ADD: ROW}), ("taken", {})):
        with pytest.raises(BadInput) as refused:
            await orgs.add(Pool(answers), name, "pro")  # type: ignore[arg-type]
        assert refused.value.field == "name"
    await orgs.set_plan(pool, ORG, "expert")
    assert pool.arguments(orgs.SET_PLAN) == [(ORG, "expert")]


def test_a_plan_is_one_of_three() -> None:
    assert [orgs.read_plan(word) for word in orgs.PLANS] == ["basic", "pro", "expert"]
    for word in ("", "Pro", "free"):
        with pytest.raises(BadInput) as refused:
            orgs.read_plan(word)
        assert refused.value.field == "plan"
