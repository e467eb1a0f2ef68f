"""People, programs, refresh tokens, tickets and lockouts in a real database."""

import asyncio

import pytest

from db.identity import clients, lockout, orgs, passwords, refreshing, tickets, users
from db.identity.holder import Holder
from db.keys import DEFAULT_ORG
from db.pool import open_pool
from openoutcry.canonical import derived_id
from openoutcry.errors import BadInput

PASSWORD = "correct horse battery"


@pytest.fixture
async def pool(fresh_database):
    made = await open_pool(fresh_database)
    yield made
    made.terminate()


@pytest.fixture
async def ann(pool):
    return await users.add(pool, users.NewUser("ann", PASSWORD, "trader", "ann@example.org", "Ann A."))


async def test_the_right_password_opens_and_nothing_else_does(pool, ann):
    assert (await users.login(pool, "ann", PASSWORD)).id == ann.id
    for name, password in (
        ("ann", "wrong password"),
        ("bob", PASSWORD),
        ("ANN", PASSWORD),
        ("", PASSWORD),
        ("ann", ""),
    ):
        assert await users.login(pool, name, password) is None
    assert PASSWORD not in str(await pool.fetch("SELECT * FROM users"))
    assert (await pool.fetchval("SELECT password_hash FROM users")).startswith("$argon2id$")


async def test_a_disabled_person_is_out_until_enabled(pool, ann):
    await users.set_disabled(pool, "ann", True)
    assert await users.login(pool, "ann", PASSWORD) is None
    await users.set_disabled(pool, "ann", False)
    assert await users.login(pool, "ann", PASSWORD) is not None


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (users.NewUser("", PASSWORD), "username"),
        (users.NewUser("a b", PASSWORD), "username"),
        (users.NewUser("a" * 101, PASSWORD), "username"),
        (users.NewUser("ann", PASSWORD), "username"),  # taken
        (users.NewUser("bob", "short"), "password"),
        (users.NewUser("bob", "x" * 257), "password"),
        (users.NewUser("bob", PASSWORD, "owner"), "role"),
        (users.NewUser("bob", PASSWORD, "viewer", "no address"), "email"),
        (users.NewUser("bob", PASSWORD, "viewer", None, "x" * 201), "full_name"),
    ],
)
async def test_a_person_that_cannot_be_added(pool, ann, new, field):
    with pytest.raises(BadInput) as caught:
        await users.add(pool, new)
    assert caught.value.field == field
    assert await pool.fetchval("SELECT count(*) FROM users") == 1


def test_an_overlong_password_never_matches_a_long_one():
    stored = passwords.hashed("x" * passwords.LONGEST)
    assert passwords.matches(stored, "x" * passwords.LONGEST)
    assert not passwords.matches(stored, "x" * (passwords.LONGEST + 1))


async def test_a_refresh_token_works_once_and_reuse_ends_the_family(pool, ann):
    first = await refreshing.issue(pool, ann)
    second = await refreshing.rotate(pool, first.token)
    assert second.user_id == ann.id and second.token != first
    third = await refreshing.rotate(pool, second.token)
    assert third is not None
    assert await refreshing.rotate(pool, first.token) is None  # somebody has an old copy
    assert await refreshing.rotate(pool, third.token) is None  # so nobody goes on
    assert await refreshing.rotate(pool, "oor_unknown") is None


async def test_of_many_who_use_one_refresh_token_at_once_one_wins(pool, ann):
    token = await refreshing.issue(pool, ann)
    answers = await asyncio.gather(*(refreshing.rotate(pool, token.token) for _ in range(8)))
    assert sum(answer is not None for answer in answers) == 1


async def test_a_new_password_and_being_disabled_end_refresh_tokens(pool, ann):
    began = await refreshing.issue(pool, ann)
    await users.set_password(pool, "ann", "another password")
    assert await refreshing.rotate(pool, began.token) is None and await refreshing.ended(pool, began.login)
    assert await refreshing.issue(pool, ann) is None, (
        "what was checked against the old password begins nothing"
    )
    began = await refreshing.issue(pool, await users.by_id(pool, ann.id))
    await users.set_disabled(pool, "ann", True)
    assert await refreshing.rotate(pool, began.token) is None
    await users.set_disabled(pool, "ann", False)
    assert await refreshing.ended(pool, began.login), "being let in again revives no old login"


async def test_a_ticket_opens_one_socket_once(pool, ann):
    holder = Holder(ann.id, DEFAULT_ORG, "ann", "trader", "user", expires_at=1e10)
    made = await tickets.issue(pool, holder, None)
    answers = await asyncio.gather(*(tickets.use(pool, made.text, None) for _ in range(8)))
    assert [(answer.kind, answer.id) for answer in answers if answer] == [("user", ann.id)]
    job, other = (derived_id(DEFAULT_ORG, "job", n) for n in (1, 2))
    bound = await tickets.issue(pool, holder, job)
    assert await tickets.use(pool, bound.text, other) is None
    assert await tickets.use(pool, bound.text, None) is None
    used = await tickets.use(pool, bound.text, job)
    assert (used.kind, used.id, used.expires_at) == ("user", ann.id, 1e10)
    late = await tickets.issue(pool, holder, None)
    await pool.execute("UPDATE tickets SET expires_at = now() - interval '1 second'")
    assert await tickets.use(pool, late.text, None) is None


async def test_a_program_logs_in_with_its_secret_until_disabled(pool):
    made = await clients.add(pool, "dashboard", "viewer")
    assert made.secret not in str(await pool.fetch("SELECT * FROM oauth_clients"))
    assert (await clients.login(pool, made.client.client_id, made.secret)).id == made.client.id
    assert await clients.login(pool, made.client.client_id, "wrong") is None
    assert await clients.login(pool, "nobody", made.secret) is None
    await clients.disable(pool, made.client.client_id)
    assert await clients.login(pool, made.client.client_id, made.secret) is None
    with pytest.raises(BadInput):
        await clients.disable(pool, made.client.client_id)


async def test_a_name_is_locked_after_five_failures_even_in_a_burst(pool):
    waits = await asyncio.gather(*(lockout.attempt(pool, "ann", f"10.0.0.{n}") for n in range(20)))
    assert sum(wait == 0 for wait in waits) == lockout.BY_NAME
    assert max(waits) == lockout.LOCKED.total_seconds()
    assert await lockout.attempt(pool, "bob", "10.0.0.1") == 0


async def test_an_address_is_locked_after_thirty_failures_and_success_gives_back_one(pool):
    for n in range(lockout.BY_ADDRESS - 1):
        assert await lockout.attempt(pool, f"name{n}", "10.0.0.1") == 0
    await lockout.succeeded(pool, "name0", "10.0.0.1")
    assert await lockout.attempt(pool, "a", "10.0.0.1") == 0
    assert await lockout.attempt(pool, "b", "10.0.0.1") == 0
    assert await lockout.attempt(pool, "c", "10.0.0.1") > 0
    assert await lockout.attempt(pool, "d", "10.0.0.2") == 0


async def test_orgs_are_found_by_name_and_id_and_have_a_plan(pool):
    made = await orgs.add(pool, "acme", orgs.read_plan("pro"))
    assert (await orgs.find(pool, "acme")) == (await orgs.find(pool, str(made.id))) == made
    await orgs.set_plan(pool, made.id, "expert")
    assert [(org.name, org.plan) for org in await orgs.list_orgs(pool)] == [
        ("default", "expert"),
        ("acme", "expert"),
    ]
    for bad in (
        lambda: orgs.add(pool, "acme", "pro"),
        lambda: orgs.add(pool, "", "pro"),
        lambda: orgs.find(pool, "nobody"),
    ):
        with pytest.raises(BadInput):
            await bad()
    with pytest.raises(BadInput, match="plan"):
        orgs.read_plan("gold")
