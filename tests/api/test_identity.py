"""Keys: how they are presented, and how long they are believed."""

from uuid import UUID

import pytest

import api.identity as identity_module
from api.identity import KeyRing, may, presented_token
from db.identity.holder import Holder

ONE = UUID(int=1)


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([], None),
        ([(b"authorization", b"Bearer oo_a")], "oo_a"),
        ([(b"authorization", b"bearer   oo_a ")], "oo_a"),
        ([(b"x-api-key", b"oo_a")], "oo_a"),
        ([(b"authorization", b"Bearer oo_a"), (b"x-api-key", b"oo_a")], "oo_a"),
        ([(b"authorization", b"Bearer oo_a"), (b"x-api-key", b"oo_b")], ""),
        ([(b"authorization", b"Bearer oo_a"), (b"authorization", b"Bearer oo_b")], ""),
        ([(b"authorization", b"Basic dXNlcjpwYXNz")], ""),
        ([(b"authorization", b"oo_a")], ""),
        ([(b"x-api-key", b"")], ""),
    ],
)
def test_the_token_of_the_headers(headers, token):
    assert presented_token(headers) == token


@pytest.mark.parametrize(
    ("role", "allowed"),
    [("viewer", ["viewer"]), ("trader", ["viewer", "trader"]), ("admin", ["viewer", "trader", "admin"])],
)
def test_roles_include_the_smaller_ones(role, allowed):
    holder = Holder(id=ONE, org_id=ONE, name="x", role=role)
    assert [wanted for wanted in ("viewer", "trader", "admin") if may(holder, wanted)] == allowed


async def test_a_key_is_looked_up_once_and_believed_for_a_few_seconds(monkeypatch):
    now, asked = [100.0], []
    monkeypatch.setattr(identity_module, "monotonic", lambda: now[0])
    valid = {"good": Holder(id=ONE, org_id=ONE, name="x", role="viewer")}

    async def lookup(token):
        asked.append(token)
        return valid.get(token)

    ring = KeyRing(lookup)
    assert await ring.identify("good") is await ring.identify("good")
    assert await ring.identify("bad") is None
    assert await ring.identify("bad") is None
    assert asked == ["good", "bad"]
    valid.clear()
    now[0] += 4.9
    assert await ring.identify("good") is None, "a revoked key must stop within five seconds"


async def test_a_token_too_long_is_not_looked_up():
    async def lookup(token):
        raise AssertionError("must not be asked")

    assert await KeyRing(lookup).identify("x" * 2049) is None


async def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(identity_module, "CACHE_SIZE", 10)

    async def lookup(token):
        return None

    ring = KeyRing(lookup)
    for number in range(50):
        await ring.identify(str(number))
    assert len(ring._seen) == 10
