"""The door without a database: what is shown, what is looked up for it, and who comes out of that."""

from typing import Any
from uuid import UUID

import pytest

from api.auth.doorman import Doorman, anyone
from api.auth.signing import Signer
from db import keys
from db.identity import clients, orgs, refreshing, tickets, users
from db.identity.holder import Holder
from db.identity.users import User
from tests.api.auth.fakes import Pool
from tests.api.auth.people import ANN, BORN, BOT, KEY, LOGIN, ORG, SIGNER, key_row
from wire.clock import WallClock


def door(answers: dict[str, Any], open_to: Holder | None = None) -> Doorman:
    return Doorman(Pool(answers), lambda: SIGNER, open_to)  # type: ignore[arg-type]


def shown(kind: str, **more: Any) -> Holder:
    who = {"user": ANN["id"], "client": BOT["id"], "key": UUID(int=5), "open": UUID(int=0)}[kind]
    return Holder(who, keys.DEFAULT_ORG, "", "viewer", kind, **more)  # type: ignore[arg-type]


async def test_who_was_let_in_is_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plan:
        plan = "basic"

    async def found(pool: Any, org_id: str) -> Plan:
        assert org_id == str(ORG)
        return Plan()

    monkeypatch.setattr(orgs, "find", found)
    answers: dict[str, Any] = {
        users.BY_ID: ANN,
        clients.BY_ID: BOT,
        keys.BY_ID: key_row(),
        refreshing.ENDED: False,
    }
    here = door(answers)
    given = {"expires_at": 99.0, "issued_at": BORN.timestamp(), "login": LOGIN}
    assert await here.still(shown("user", **given)) == Holder(
        ANN["id"], ORG, "ann", "trader", "user", None, "basic", **given
    )  # type: ignore[arg-type]
    assert await here.still(shown("client", expires_at=9.0)) == Holder(
        BOT["id"], ORG, "a bot", "viewer", "client", None, "basic", 9.0
    )  # type: ignore[arg-type]
    assert (await here.still(shown("key"))).kind == "key"  # type: ignore[union-attr]
    assert await here.still(shown("user", issued_at=BORN.timestamp() - 1)) is None, (
        "given under an older password"
    )
    assert await here.still(shown("user")) is not None
    assert await here.still(shown("client", issued_at=0.0)) is not None, "programs have no password"
    for broken, kind in (
        ({users.BY_ID: None}, "user"),
        ({users.BY_ID: ANN | {"disabled_at": BORN}}, "user"),
        ({refreshing.ENDED: True}, "user"),
        ({clients.BY_ID: BOT | {"disabled_at": BORN}}, "client"),
        ({clients.BY_ID: None}, "client"),
        ({keys.BY_ID: None}, "key"),
    ):
        held = {"login": LOGIN} if kind == "user" else {}
        assert await door(answers | broken).still(shown(kind, **held)) is None
    assert await door(answers | {refreshing.ENDED: True}).still(shown("user")) is not None, (
        "without a login none has ended"
    )
    nobody = anyone("viewer")
    assert (nobody.id, nobody.org_id, nobody.name, nobody.role, nobody.kind) == (
        UUID(int=0),
        keys.DEFAULT_ORG,
        "anyone",
        "viewer",
        "open",
    )
    assert (
        await door({}, nobody).still(shown("open")) is nobody and await door({}).still(shown("open")) is None
    )


async def test_a_token_is_a_key_or_signed_and_signing_waits_until_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Plan:
        plan = "basic"

    async def found(pool: Any, org_id: str) -> Plan:
        return Plan()

    monkeypatch.setattr(orgs, "find", found)
    made: list[int] = []

    def make() -> Signer:
        made.append(1)
        return SIGNER

    pool = Pool({keys.FIND: key_row(), users.BY_ID: ANN, refreshing.ENDED: False})
    here = Doorman(pool, make)  # type: ignore[arg-type]
    assert (await here.lookup(KEY)).kind == "key" and made == []  # type: ignore[union-attr]
    ann = User(**ANN)  # type: ignore[arg-type]
    at = WallClock().now()
    token = SIGNER.for_user(ann, LOGIN, at)
    held = await here.lookup(token)
    assert held is not None and (held.name, held.login, held.issued_at) == ("ann", LOGIN, int(at.timestamp()))
    assert held.expires_at == int(at.timestamp()) + 1800 and await here.signer() is SIGNER and made == [1]
    assert await here.lookup(token[:-3] + "AAA") is None
    before = len(pool.arguments(keys.FIND))
    for text in ("eyJ.x", "a.b.c", "eyJabc"):
        await here.lookup(text)
    assert len(pool.arguments(keys.FIND)) == before + 3, (
        "what only looks like a signed token is looked up as a key"
    )
    await here.lookup("eyJ.b.c")
    assert len(pool.arguments(keys.FIND)) == before + 3


async def test_a_ticket_that_is_none_opens_nothing_and_one_that_is_opens_for_who_is_still_let_in() -> None:
    assert await door({}).ticket("oot_x", None) is None
    row = {
        "org_id": ORG,
        "holder_kind": "key",
        "holder_id": UUID(int=5),
        "token_issued_at": None,
        "token_expires_at": None,
        "login": None,
    }
    here = door({tickets.USE: row, keys.BY_ID: key_row()})
    found = await here.ticket("oot_x", UUID(int=4))
    assert found is not None and (found.name, found.role) == ("mine", "trader")
    assert await door({tickets.USE: row}).ticket("oot_x", None) is None, "the key was revoked since"
