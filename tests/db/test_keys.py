"""API keys: shown once, stored hashed, checked in full."""

import asyncio
import re
from datetime import timedelta
from uuid import UUID

import pytest

from db import keys
from openoutcry.errors import BadInput
from tests.factories import ORG, START


async def test_a_key_opens_until_it_is_revoked(pool):
    made = await keys.create(pool, "bot", "trader")
    assert re.fullmatch(r"oo_[a-z2-7]{40}", made.text)
    assert made.text not in repr(made)
    holder = await keys.authenticate(pool, made.text)
    assert (holder.id, holder.org_id, holder.name, holder.role) == (made.key.id, ORG, "bot", "trader")
    assert (await keys.list_keys(pool))[0].last_used_at is not None
    stored = await pool.fetch("SELECT * FROM api_keys")
    assert made.text not in str([dict(row) for row in stored])
    assert await keys.revoke(pool, made.key.prefix)
    assert await keys.authenticate(pool, made.text) is None
    assert not await keys.revoke(pool, made.key.prefix)


async def test_almost_the_key_is_not_the_key(pool):
    made = await keys.create(pool, "bot", "viewer")
    last = "a" if made.text[-1] != "a" else "b"
    for wrong in (
        made.text[:-1] + last,
        made.text[:-1],
        made.text + "a",
        made.text.upper(),
        "",
        "oo_",
        "\x00",
        "é" * 40,
        "\ud800",
    ):
        assert await keys.authenticate(pool, wrong) is None


async def test_an_expired_key_is_closed(pool):
    made = await keys.create(pool, "old", "admin", expires_at=START)
    assert await keys.authenticate(pool, made.text) is None
    assert (
        await keys.create(pool, "new", "admin", expires_at=START + timedelta(days=36500))
    ).key.role == "admin"


async def test_only_ones_own_org_revokes(pool):
    made = await keys.create(pool, "bot", "viewer")
    assert not await keys.revoke(pool, str(made.key.id), UUID(int=5))
    assert await keys.revoke(pool, str(made.key.id))


@pytest.mark.parametrize(("name", "role"), [("", "viewer"), ("x" * 101, "viewer"), ("x", "root")])
async def test_nonsense_is_refused(pool, name, role):
    with pytest.raises(BadInput):
        await keys.create(pool, name, role)


async def test_the_first_admin_key_is_made_once(pool):
    made = await asyncio.gather(*(keys.first_admin_key(pool, None) for _ in range(3)))
    (text,) = (one for one in made if one)
    assert (await keys.authenticate(pool, text)).role == "admin"
    assert await keys.first_admin_key(pool, None) is None


async def test_a_given_admin_key_opens_and_is_not_shown_back(pool):
    given = "my own very secret admin key"
    assert await keys.first_admin_key(pool, given) is None
    assert await keys.first_admin_key(pool, given) is None
    assert (await keys.authenticate(pool, given)).role == "admin"
    assert len(await keys.list_keys(pool)) == 1
    with pytest.raises(BadInput):
        await keys.first_admin_key(pool, "short")
