"""People, programs, tickets and refresh tokens without a database: the logic around the statements."""

import asyncio
import time
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from db import keys
from db.identity import clients, lockout, passwords, refreshing, tickets, users
from db.identity.clients import Client
from db.identity.holder import PERMISSIONS, ROLES, Holder, read_scopes
from db.identity.users import NewUser, User
from openoutcry.errors import BadInput
from tests.api.auth.fakes import Pool
from tests.api.auth.people import ANN, BORN, BOT, LOGIN, ORG, PASSWORD, sha


def test_passwords_are_argon2id_of_64_mib_and_of_12_to_256_characters() -> None:
    stored = passwords.hashed(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(stored, PASSWORD) and not passwords.matches(stored, PASSWORD + "x")
    assert not passwords.matches("no hash", PASSWORD) and not passwords.matches(passwords.NOBODY, PASSWORD)
    for length, good in ((11, False), (12, True), (256, True), (257, False)):
        if good:
            longest = passwords.hashed("p" * length)
            assert passwords.matches(longest, "p" * length) and not passwords.matches(
                longest, "p" * (length + 1)
            )
            continue
        with pytest.raises(BadInput) as refused:
            passwords.hashed("p" * length)
        assert refused.value.field == "password"


async def test_a_login_needs_the_name_the_password_and_to_be_let_in() -> None:
    stored = passwords.hashed(PASSWORD)
    for row, name, password, let_in in (
        (ANN | {"password_hash": stored}, "ann", PASSWORD, True),
        (ANN | {"password_hash": stored}, "ann", "wrong password", False),
        (ANN | {"password_hash": stored, "disabled_at": BORN}, "ann", PASSWORD, False),
        (None, "bob", PASSWORD, False),
        (ANN | {"password_hash": stored}, "a b", PASSWORD, False),
    ):
        pool = Pool({users.BY_NAME: row})
        found = await users.login(pool, name, password)  # type: ignore[arg-type]
        assert (found is not None) is let_in
        assert len(pool.arguments(users.LOGGED_IN)) == let_in
        assert pool.arguments(users.BY_NAME) == ([] if " " in name else [(name,)])
        if found is not None:
            assert found == User(**ANN)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewUser("-ann", PASSWORD), "username"),
        (NewUser("a" * 101, PASSWORD), "username"),
        (NewUser("ann", PASSWORD, "owner"), "role"),
        (NewUser("ann", PASSWORD, "viewer", "a@"), "email"),
        (NewUser("ann", PASSWORD, full_name="x" * 201), "full_name"),
        (NewUser("ann", "short"), "password"),
    ],
)
async def test_a_person_out_of_form_or_with_a_taken_name_is_refused(new: NewUser, field: str) -> None:
    for pool, one, wrong in (
        (Pool({users.ADD: ANN}), new, field),
        (Pool({}), NewUser("ann", PASSWORD), "username"),
    ):
        with pytest.raises(BadInput) as refused:
            await users.add(pool, one)  # type: ignore[arg-type]
        assert refused.value.field == wrong and PASSWORD not in repr(one)


async def test_a_person_is_added_with_all_that_was_said() -> None:
    pool = Pool({users.ADD: ANN})
    new = NewUser("a" * 100, PASSWORD, "admin", "ann@example.org", "x" * 200)
    assert await users.add(pool, new, org_id=ORG) == User(**ANN)  # type: ignore[arg-type]
    (given,) = pool.arguments(users.ADD)
    assert given[1:6] == (ORG, "a" * 100, "ann@example.org", "x" * 200, "admin") and passwords.matches(
        given[6], PASSWORD
    )
    await users.add(pool, NewUser("b", PASSWORD))  # type: ignore[arg-type]
    second = pool.arguments(users.ADD)[1]
    assert second[1:6] == (keys.DEFAULT_ORG, "b", None, None, "viewer") and second[0] != given[0]


async def test_a_new_password_and_being_disabled_end_every_session() -> None:
    pool = Pool({users.PASSWORD: UUID(int=1), users.DISABLE: UUID(int=1)})
    await users.set_password(pool, "ann", PASSWORD)  # type: ignore[arg-type]
    await users.set_disabled(pool, "ann", True)  # type: ignore[arg-type]
    assert pool.arguments(users.END_SESSIONS) == [(UUID(int=1),)] * 2
    assert pool.arguments(users.DISABLE) == [("ann", True)]
    (given,) = pool.arguments(users.PASSWORD)
    assert given[0] == "ann" and passwords.matches(given[1], PASSWORD)
    for work in (users.set_password(Pool({}), "bob", PASSWORD), users.set_disabled(Pool({}), "bob", False)):  # type: ignore[arg-type]
        with pytest.raises(BadInput) as refused:
            await work
        assert refused.value.field == "username"


async def test_refresh_tokens_are_used_once_and_twice_ends_the_family() -> None:
    ann = User(**ANN)  # type: ignore[arg-type]
    pool = Pool({refreshing.BEGIN: 1})
    first = await refreshing.issue(pool, ann)  # type: ignore[arg-type]
    assert first is not None and first.token.startswith("oor_") and len(first.token) == 47
    assert pool.arguments(refreshing.ISSUE) == [
        (sha(first.token), ORG, ann.id, first.login, timedelta(days=30))
    ]
    assert pool.arguments(refreshing.BEGIN) == [(ann.id, BORN)] and pool.arguments(refreshing.FORGET) == [()]
    again = await refreshing.issue(pool, ann)  # type: ignore[arg-type]
    assert again is not None and again.login != first.login and again.token != first.token
    assert await refreshing.issue(Pool({}), ann) is None  # type: ignore[arg-type]
    row = {"org_id": ORG, "user_id": ann.id, "family": LOGIN, "used": False, "good": True}
    for found, good in (
        (row, True),
        (row | {"used": True}, False),
        (row | {"good": False}, False),
        (None, False),
    ):
        pool = Pool({refreshing.TAKE: found})
        made = await refreshing.rotate(pool, "oor_x")  # type: ignore[arg-type]
        assert (made is not None) is good
        assert len(pool.arguments(refreshing.END_FAMILY)) == (found is not None and not good)
        assert pool.arguments(refreshing.USED) == ([(sha("oor_x"),)] if good else [])
        if made is not None:
            assert (made.user_id, made.login) == (ann.id, LOGIN) and sha(made.token) == pool.arguments(
                refreshing.ISSUE
            )[0][0]
    for answer in (True, False):
        assert await refreshing.ended(Pool({refreshing.ENDED: answer}), LOGIN) is answer  # type: ignore[arg-type]
    pool = Pool({})
    await refreshing.end(pool, LOGIN)  # type: ignore[arg-type]
    assert pool.arguments(refreshing.END_FAMILY) == [(LOGIN,)]


async def test_a_ticket_carries_who_and_by_which_token() -> None:
    holder = Holder(ANN["id"], ORG, "ann", "trader", "user", expires_at=9.0, issued_at=8.0, login=LOGIN)  # type: ignore[arg-type]
    pool = Pool({tickets.ISSUE: BORN})
    ticket = await tickets.issue(pool, holder, UUID(int=4))  # type: ignore[arg-type]
    assert ticket.text.startswith("oot_") and len(ticket.text) == 47 and ticket.expires_at == BORN
    assert pool.arguments(tickets.ISSUE) == [
        (sha(ticket.text), ORG, "user", ANN["id"], UUID(int=4), timedelta(seconds=30), 8.0, 9.0, LOGIN)
    ]
    row = {
        "org_id": ORG,
        "holder_kind": "user",
        "holder_id": ANN["id"],
        "token_issued_at": 8.0,
        "token_expires_at": 9.0,
        "login": LOGIN,
    }
    pool = Pool({tickets.USE: row})
    found = await tickets.use(pool, "oot_x", None)  # type: ignore[arg-type]
    assert found == Holder(ANN["id"], ORG, "", "viewer", "user", expires_at=9.0, issued_at=8.0, login=LOGIN)  # type: ignore[arg-type]
    assert pool.arguments(tickets.USE) == [(sha("oot_x"), None)]
    assert await tickets.use(Pool({}), "oot_x", None) is None  # type: ignore[arg-type]


async def test_programs_log_in_with_their_secret() -> None:
    row = BOT | {"secret_hash": sha("s3cret")}
    for found, secret, let_in in (
        (row, "s3cret", True),
        (row, "other", False),
        (row | {"disabled_at": BORN}, "s3cret", False),
        (None, "s", False),
    ):
        pool = Pool({clients.FIND: found})
        program = await clients.login(pool, "bot-1", secret)  # type: ignore[arg-type]
        assert (program is not None) is let_in and len(pool.arguments(clients.USED)) == let_in
        if program is not None:
            assert program == Client(**BOT)  # type: ignore[arg-type]
    pool = Pool({clients.ADD: BOT})
    new = await clients.add(pool, " a bot ", "viewer", org_id=ORG)  # type: ignore[arg-type]
    (given,) = pool.arguments(clients.ADD)
    assert (
        given[1] == ORG
        and given[3:] == ("a bot", sha(new.secret), "viewer")
        and (len(given[2]), len(new.secret)) == (26, 40)
    )
    assert new.secret not in repr(new)
    for name, role, field in (("", "viewer", "name"), ("x" * 101, "viewer", "name"), ("a", "owner", "role")):
        with pytest.raises(BadInput) as refused:
            await clients.add(pool, name, role)  # type: ignore[arg-type]
        assert refused.value.field == field
    await clients.add(pool, "x" * 100, "viewer")  # type: ignore[arg-type]
    await clients.disable(Pool({clients.DISABLE: UUID(int=3)}), "bot-1")  # type: ignore[arg-type]
    with pytest.raises(BadInput) as refused:
        await clients.disable(Pool({}), "bot-1")  # type: ignore[arg-type]
    assert refused.value.field == "client_id"


async def test_attempts_are_counted_by_name_and_by_address() -> None:
    def wait(subject: str, *_: object) -> int:
        return {"name:ann": 3, "ip:10.0.0.1": 7}[subject]

    pool = Pool({lockout.ATTEMPT: wait})
    assert await lockout.attempt(pool, "ann", "10.0.0.1") == 7  # type: ignore[arg-type]
    quarter = timedelta(minutes=15)
    assert pool.arguments(lockout.ATTEMPT) == [
        ("name:ann", quarter, 5, quarter),
        ("ip:10.0.0.1", quarter, 30, quarter),
    ]
    assert pool.arguments(lockout.FORGET_OLD) == [()]
    await lockout.succeeded(pool, "ann", "10.0.0.1")  # type: ignore[arg-type]
    assert pool.arguments(lockout.FORGET) == [("name:ann",)] and pool.arguments(lockout.LESS) == [
        ("ip:10.0.0.1",)
    ]


async def test_what_is_no_text_is_nobodys() -> None:
    pool: Any = Pool({})
    assert await clients.login(pool, "bot-1", "\ud800") is None
    assert await refreshing.rotate(pool, "\ud800") is None and await tickets.use(pool, "\ud800", None) is None


async def test_two_passwords_are_hashed_at_once_and_no_third(monkeypatch: pytest.MonkeyPatch) -> None:
    both, at_once, most = Barrier(2, timeout=20), [0], [0]

    def slow(*_: str) -> bool:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        both.wait()
        time.sleep(0.02)
        at_once[0] -= 1
        return True

    monkeypatch.setattr(passwords, "matches", slow)
    monkeypatch.setattr(users, "HASHING", asyncio.Semaphore(users.HASHING._value))  # of this test's loop
    pool: Any = Pool({users.BY_NAME: ANN | {"password_hash": "h"}})
    assert None not in await asyncio.gather(*(users.login(pool, "ann", PASSWORD) for _ in range(4)))
    assert most == [2]


def test_the_words_of_each_role_are_the_contracts() -> None:
    viewer = ["view_metrics", "view_portfolio", "view_trades", "strategy:read"]
    strategies = [
        "strategy:read",
        "strategy:create",
        "strategy:delete",
        "strategy:update_status",
        "backtest:create",
    ]
    alerts = [
        "view_metrics",
        "view_alerts",
        "acknowledge_alerts",
        "view_portfolio",
        "view_trades",
        "execute_trades",
    ]
    system = ["view_system", "manage_users", "view_audit_logs"]
    assert {role: list(words) for role, words in PERMISSIONS.items()} == {
        "viewer": viewer, "trader": [*alerts, *strategies], "admin": [*alerts, *system, *strategies],
    }  # fmt: skip


def test_what_roles_may_and_scopes_narrow() -> None:
    assert ROLES == ("viewer", "trader", "admin")
    assert set(PERMISSIONS["viewer"]) < set(PERMISSIONS["trader"]) < set(PERMISSIONS["admin"])
    assert {"execute_trades", "strategy:create"}.isdisjoint(PERMISSIONS["viewer"])
    assert {"manage_users", "view_audit_logs", "view_system"}.isdisjoint(PERMISSIONS["trader"])
    plain = Holder(UUID(int=1), ORG, "a", "viewer")
    assert (plain.kind, plain.plan, plain.permissions) == ("key", "expert", PERMISSIONS["viewer"])
    narrow = Holder(UUID(int=1), ORG, "a", "viewer", scopes=frozenset({"view_trades", "manage_users"}))
    assert narrow.permissions == ("view_trades",)
    assert read_scopes(["view_trades", "backtest:create", "view_trades"]) == [
        "view_trades",
        "backtest:create",
    ]
    for wrong in ([], ["nothing"]):
        with pytest.raises(BadInput) as refused:
            read_scopes(wrong)
        assert refused.value.field == "scopes"
