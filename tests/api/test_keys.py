"""API keys over HTTP, in both shapes: made once, listed without their text, limited in time and by role, revoked for good."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from db.identity import orgs
from db.identity.holder import PERMISSIONS
from tests.api.test_errors import is_error
from wire.clock import WallClock

PLAIN, RING = "/api/v1/api-keys", "/api/v1/auth/api-keys"
NO_SUCH = "00000000-0000-0000-0000-00000000dead"


def days_left(text: str) -> float:
    return (datetime.fromisoformat(text) - WallClock().now()) / timedelta(days=1)


async def test_a_key_is_shown_once_listed_and_revoked(newborn):
    async with newborn.client("admin") as admin, newborn.client(None) as client:
        before = (await admin.get(PLAIN)).json()
        made = await admin.post(PLAIN, json={"name": "bot", "role": "Trader"})
        assert made.status_code == 201 and made.json()["message"]
        key = made.json()["api_key"]
        assert (key["name"], key["role"], key["expires_at"], key["revoked_at"]) == (
            "bot",
            "trader",
            None,
            None,
        )
        mine = {"Authorization": f"Bearer {made.json()['key']}"}
        assert (await client.get("/api/v1/orders", headers=mine)).status_code == 200
        is_error(await client.get(PLAIN, headers=mine), 403, "FORBIDDEN")
        listed = await admin.get(PLAIN)
        assert listed.json()["count"] == len(listed.json()["api_keys"]) == before["count"] + 1
        assert key["id"] in {one["id"] for one in listed.json()["api_keys"]}
        assert made.json()["key"] not in listed.text
        gone = await admin.delete(f"{PLAIN}/{key['id']}")
        assert (gone.status_code, gone.json()["id"]) == (200, key["id"]) and gone.json()["message"]
        is_error(await admin.delete(f"{PLAIN}/{key['id']}"), 404, "NOT_FOUND")
        [revoked] = [one for one in (await admin.get(PLAIN)).json()["api_keys"] if one["id"] == key["id"]]
        assert revoked["revoked_at"] is not None


async def test_a_key_without_a_role_reads(newborn):
    async with newborn.client("admin") as admin:
        assert (await admin.post(PLAIN, json={"name": "x"})).json()["api_key"]["role"] == "viewer"
        answer = await admin.post(PLAIN, json={"name": "x", "role": "owner"})
        assert is_error(answer, 400, "INVALID_ARGUMENT")["field"] == "role"


@pytest.mark.parametrize(("path", "field"), [(PLAIN, "expires_in_days"), (RING, "expires_days")])
async def test_a_key_lasts_from_a_day_to_ten_years(newborn, path, field):
    async with newborn.client("admin") as admin:
        for days in (1, 3650):
            made = (await admin.post(path, json={"name": "x", field: days})).json()
            until = made.get("expires_at") or made["api_key"]["expires_at"]
            assert days - 0.1 < days_left(until) <= days
        for days in (0, 3651):
            answer = await admin.post(path, json={"name": "x", field: days})
            assert answer.status_code == 400 and answer.json()["field"] == field


@pytest.mark.parametrize(
    ("scopes", "role"),
    [
        (None, "viewer"),
        (["strategy:read"], "viewer"),
        (["strategy:read", "strategy:create"], "trader"),
        (["manage_users"], "admin"),
        (sorted(PERMISSIONS["viewer"]), "viewer"),
    ],
)
async def test_a_scoped_keys_role_is_the_least_that_has_its_scopes(newborn, scopes, role):
    wanted = {"name": "narrow"} | ({} if scopes is None else {"scopes": scopes})
    async with newborn.client("admin") as admin:
        made = await admin.post(RING, json=wanted)
        shown = made.json()
        assert made.status_code == 201 and shown["success"] is True
        assert (shown["name"], shown["scopes"], shown["expires_at"]) == ("narrow", scopes, None)
        listed = (await admin.get(RING)).json()
        assert listed["success"] is True and listed["total"] == len(listed["keys"])
        [found] = [one for one in listed["keys"] if one["id"] == shown["key_id"]]
        assert (found["role"], found["scopes"], found["revoked"]) == (role, scopes, False)
        assert found["key_prefix"] == shown["key_prefix"] and found["key_prefix"] in shown["key"]
        gone = (await admin.delete(f"{RING}/{shown['key_id']}")).json()
        assert gone["success"] is True and (gone["message"], gone["key_id"]) == (
            "API key revoked",
            shown["key_id"],
        )
        after = (await admin.get(RING)).json()["keys"]
        assert [one["revoked"] for one in after if one["id"] == shown["key_id"]] == [True]


async def test_a_scope_that_no_role_has_is_named(newborn):
    async with newborn.client("admin") as admin:
        answer = await admin.post(RING, json={"name": "narrow", "scopes": ["strategy:read", "fly"]})
        assert (answer.status_code, answer.json()["field"]) == (400, "scopes")


@pytest.mark.parametrize("path", [PLAIN, RING])
async def test_another_orgs_keys_are_nobodys(newborn, path):
    from db import keys

    other = await orgs.add(newborn.pool, "other", "basic")
    theirs = (await keys.create(newborn.pool, "theirs", "viewer", org_id=other.id)).key
    async with newborn.client("admin") as admin:
        assert str(theirs.id) not in (await admin.get(path)).text
        assert (await admin.delete(f"{path}/{theirs.id}")).status_code == 404
        assert (await admin.delete(f"{path}/{NO_SUCH}")).json()["id"] == NO_SUCH
        unreadable = await admin.delete(f"{path}/x")
        assert unreadable.status_code == 400 and "invalid api_key_id format" in unreadable.text
        made = (await admin.post(path, json={"name": "ours"})).json()
    mine = UUID(made.get("key_id") or made["api_key"]["id"])
    assert mine in {key.id for key in await keys.list_keys(newborn.pool)}


async def test_nobody_comes_in_by_firebase(newborn):
    async with newborn.client(None) as client:
        answer = await client.post("/api/v1/auth/login", json={"firebase_token": "x"})
        is_error(answer, 401, "FIREBASE_NOT_CONFIGURED")
        assert (await client.post("/api/v1/auth/login", json={})).json()["field"] == "firebase_token"
