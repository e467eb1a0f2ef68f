"""Logging in over HTTP: passwords, client credentials, renewal, tickets, and what none of them opens."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.auth.signing import CLIENT_SECONDS, Signer, home_key
from api.haste import neighbourhood
from api.routes.token import CLIENT_LOGIN, LOGIN, ClientLogin, Login
from db.identity import clients, lockout, orgs, refreshing, users
from db.identity.holder import PERMISSIONS
from tests.api.test_errors import is_error
from wire.clock import WallClock

PASSWORD = "correct horse battery"


@pytest.fixture
async def peopled(newborn):
    await users.add(newborn.pool, users.NewUser("ann", PASSWORD, "trader", "ann@example.org", "Ann A."))
    return newborn


async def login(client, **form):
    return await client.post("/token", data={"username": "ann", "password": PASSWORD, **form})


async def test_a_person_logs_in_and_the_token_opens_what_the_role_allows(peopled):
    async with peopled.client(None) as client:
        answer = await login(client)
        body = answer.json()
        assert answer.status_code == 200 and body["token_type"] == "bearer" and body["expires_in"] == 1800
        assert body["success"] is True and (await login(client, grant_type="")).status_code == 200
        assert body["user"] == {
            "username": "ann", "email": "ann@example.org", "full_name": "Ann A.", "role": "trader",
            "permissions": list(PERMISSIONS["trader"]),
        }  # fmt: skip
        claims = jwt.decode(body["access_token"], options={"verify_signature": False})
        assert claims["sub"] == "ann" and claims["tenant_id"] == "00000000-0000-0000-0000-000000000001"
        mine = {"Authorization": f"Bearer {body['access_token']}"}
        assert (await client.get("/api/v1/orders", headers=mine)).status_code == 200
        is_error(await client.get("/api/v1/api-keys", headers=mine), 403, "FORBIDDEN")


async def test_a_wrong_password_and_an_unknown_name_get_the_documented_answer(peopled):
    async with peopled.client(None) as client:
        for form in ({"password": "wrong password"}, {"username": "nobody"}):
            answer = await login(client, **form)
            assert answer.status_code == 401 and answer.json()["detail"] == "Incorrect username or password"
            assert answer.headers["www-authenticate"] == "Bearer"


BAD_FORMS = [
    ({"username": "ann"}, 400, "password"),
    ({"password": PASSWORD}, 400, "username"),
    ({"username": "ann", "password": PASSWORD, "grant_type": "magic"}, 400, "grant_type"),
    ({"username": "ann", "password": PASSWORD, "role": "admin"}, 400, "role"),
    ({"username": ["ann", "bob"], "password": PASSWORD}, 400, "username"),
]


@pytest.mark.parametrize(("form", "status", "field"), BAD_FORMS)
async def test_a_form_that_cannot_be_names_the_field(newborn, form, status, field):
    async with newborn.client(None) as client:
        answer = await client.post("/token", data=form)
        assert (answer.status_code, answer.json()["field"]) == (status, field)
        assert field != "grant_type" or answer.json()["error"] == "unsupported_grant_type"


def test_the_examples_in_the_document_are_whole_forms():
    person, program = Login(**LOGIN), ClientLogin(**CLIENT_LOGIN)
    assert person.grant_type == "password" and person.username and person.password
    assert (program.grant_type, program.scope) == ("client_credentials", "tradai/api")
    assert program.client_id and program.client_secret


async def test_what_is_no_form_is_refused(newborn):
    async with newborn.client(None) as client:
        is_error(await client.post("/token", json={"username": "ann"}), 415, "UNSUPPORTED_MEDIA_TYPE")
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for raw in (b"\xff=\xff", b"&".join(b"a%d=1" % n for n in range(99))):
            is_error(await client.post("/token", content=raw, headers=form), 400, "INVALID_ARGUMENT")


async def test_five_failures_lock_the_name_for_a_while(peopled):
    async with peopled.client(None) as client:
        for _ in range(5):
            assert (await login(client, password="wrong password")).status_code == 401
        locked = await login(client)
        is_error(locked, 429, "LOGIN_LOCKED")
        assert locked.headers["retry-after"] == str(locked.json()["retry_after"]) == "900"


async def test_a_good_login_starts_the_count_anew(peopled):
    made = await clients.add(peopled.pool, "dashboard", "viewer")
    grant = {"grant_type": "client_credentials", "client_id": made.client.client_id}
    async with peopled.client(None) as client:
        for _ in range(2):
            for _ in range(4):
                assert (await login(client, password="wrong password")).status_code == 401
                wrong = await client.post("/oauth2/token", data={**grant, "client_secret": "wrong"})
                assert wrong.status_code == 400
            assert (await login(client)).status_code == 200
            right = await client.post("/oauth2/token", data={**grant, "client_secret": made.secret})
            assert right.status_code == 200
        counted = {row["subject"] for row in await peopled.pool.fetch("SELECT subject FROM login_failures")}
        assert counted == {f"ip:{neighbourhood('127.0.0.1')}"}
        for _ in range(5):
            await client.post("/oauth2/token", data={**grant, "client_secret": "wrong"})
        is_error(
            await client.post("/oauth2/token", data={**grant, "client_secret": made.secret}),
            429,
            "LOGIN_LOCKED",
        )


async def test_a_password_that_changes_while_it_is_checked_opens_nothing(peopled, monkeypatch):
    async def overtaken(*_):
        return None

    monkeypatch.setattr(refreshing, "issue", overtaken)
    async with peopled.client(None) as client:
        answer = await login(client)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_the_last_second_of_a_lock_is_waited_for_and_a_name_counts_by_its_beginning(
    peopled, monkeypatch
):
    async with peopled.client(None) as client:
        await login(client, username="n" * 201)
        counted = {row["subject"] for row in await peopled.pool.fetch("SELECT subject FROM login_failures")}
        assert "name:" + "n" * 200 in counted

        async def nearly_over(*_):
            return 1

        monkeypatch.setattr(lockout, "attempt", nearly_over)
        locked = await login(client)
        assert (locked.status_code, locked.headers["retry-after"]) == (429, "1")


async def test_who_is_removed_while_a_token_is_renewed_gets_none(peopled, monkeypatch):
    async def gone(*_):
        return None

    async with peopled.client(None) as client:
        refresh = (await login(client)).json()["refresh_token"]
        monkeypatch.setattr(users, "by_id", gone)
        answer = await client.post("/api/v1/auth/refresh", json={"refresh_token": refresh})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_logging_out_ends_a_persons_login_and_nothing_else(peopled):
    async with peopled.client(None) as client:
        body = (await login(client)).json()
        mine = {"Authorization": f"Bearer {body['access_token']}"}
        assert (await client.get("/api/v1/orders", headers=mine)).status_code == 200
        out = await client.post("/api/v1/auth/logout", headers=mine)
        assert (out.status_code, out.json()) == (200, {"success": True, "message": "Logged out"})
        is_error(await client.get("/api/v1/orders", headers=mine), 401, "UNAUTHORIZED")
        spent = await client.post("/api/v1/auth/refresh", json={"refresh_token": body["refresh_token"]})
        assert spent.status_code == 401 and spent.json()["message"].startswith(
            "invalid_grant: the refresh token"
        )
        assert spent.headers["www-authenticate"] == "Bearer"
    async with peopled.client("admin") as client:
        is_error(await client.post("/api/v1/auth/logout"), 400, "NOT_LOGGED_IN")


async def test_renewal_works_once_and_reuse_ends_the_session(peopled):
    async with peopled.client(None) as client:
        first = (await login(client)).json()["refresh_token"]
        renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": first})
        assert renewed.status_code == 200 and renewed.json()["user"]["username"] == "ann"
        second = renewed.json()["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": first}
        assert (await client.post("/token", data=form)).status_code == 401
        assert (await client.post("/token", data={**form, "refresh_token": second})).status_code == 401


async def test_a_disabled_person_and_a_changed_password_end_access_tokens(peopled, monkeypatch):
    monkeypatch.setattr("api.identity.CACHE_S", 0.0)
    async with peopled.client(None) as client:
        mine = {"Authorization": f"Bearer {(await login(client)).json()['access_token']}"}
        assert (await client.get("/api/v1/orders", headers=mine)).status_code == 200
        await users.set_disabled(peopled.pool, "ann", True)
        is_error(await client.get("/api/v1/orders", headers=mine), 401, "UNAUTHORIZED")
        await users.set_disabled(peopled.pool, "ann", False)
        is_error(await client.get("/api/v1/orders", headers=mine), 401, "UNAUTHORIZED")
        mine = {"Authorization": f"Bearer {(await login(client)).json()['access_token']}"}
        assert (await client.get("/api/v1/orders", headers=mine)).status_code == 200
        await users.set_password(peopled.pool, "ann", "another password")
        is_error(await client.get("/api/v1/orders", headers=mine), 401, "UNAUTHORIZED")


def forged(good: str) -> list[str]:
    """Tokens that look like the good one."""
    claims = jwt.decode(good, options={"verify_signature": False})
    head, body, mac = good.split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    admin = base64.urlsafe_b64encode(json.dumps({**claims, "role": "admin"}).encode()).rstrip(b"=").decode()
    stranger = Signer(b"x" * 32, home_key(None))
    return [
        f"{none}.{body}.", f"{none}.{body}.{mac}", f"{head}.{admin}.{mac}", f"{head}.{body}.{mac[:-2]}AA",
        jwt.encode(claims, "k" * 32, algorithm="HS256"),
        jwt.encode({**claims, "cid": claims["uid"], "client_id": "x"}, stranger._key, algorithm="RS256"),
        "eyJ.eyJ.x", f"{head}.{'A' * 3000}.{mac}",
    ]  # fmt: skip


def confused(good: str, signer: Signer) -> str:
    """An HS256 token whose secret is the published RS256 key."""
    pem = signer._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head, body, _ = good.split(".")
    mac = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


async def test_no_forged_or_expired_token_opens_anything(peopled):
    async with peopled.client(None) as client:
        good = (await login(client)).json()["access_token"]
        user = (await users.list_users(peopled.pool))[0]
        signer = await peopled.floor.doorman.signer()
        old = WallClock().now() - timedelta(hours=1)
        session = UUID(jwt.decode(good, options={"verify_signature": False})["sid"])
        expired = signer.for_user(user, session, old)
        for token in (*forged(good), expired, confused(good, signer)):
            answer = await client.get("/api/v1/orders", headers={"Authorization": f"Bearer {token}"})
            is_error(answer, 401, "UNAUTHORIZED")


async def test_a_program_logs_in_and_its_token_is_checked_with_the_published_key(newborn):
    made = await clients.add(newborn.pool, "dashboard", "viewer")
    form = {"grant_type": "client_credentials", "scope": "tradai/api"}
    secret = {"client_id": made.client.client_id, "client_secret": made.secret}
    async with newborn.client(None) as client:
        given = await client.post("/oauth2/token", data={**form, **secret})
        body = given.json()
        assert (given.headers["cache-control"], given.headers["pragma"]) == ("no-store", "no-cache")
        assert body["token_type"] == "Bearer" and body["expires_in"] == CLIENT_SECONDS
        keys = (await client.get("/.well-known/jwks.json")).json()["keys"]
        claims = jwt.decode(
            body["access_token"], jwt.PyJWK(keys[0]).key, algorithms=["RS256"], audience=made.client.client_id
        )
        assert claims["client_id"] == made.client.client_id and claims["scope"] == "tradai/api"
        assert claims["iss"] == f"http://{newborn.address}"
        assert "d" not in keys[0]
        mine = {"Authorization": f"Bearer {body['access_token']}"}
        assert (await client.get("/api/v1/orders", headers=mine)).status_code == 200
        basic = await client.post("/oauth2/token", data=form, auth=(made.client.client_id, made.secret))
        assert basic.status_code == 200 and basic.headers["pragma"] == "no-cache"
        assert basic.headers.get_list("cache-control") == ["no-store"]
        unscoped = await client.post("/oauth2/token", data={**form, **secret, "scope": ""})
        assert unscoped.status_code == 200


async def test_a_program_that_may_not_come_in_is_told_in_oauth_s_words(newborn):
    made = await clients.add(newborn.pool, "dashboard", "viewer")
    good = {
        "grant_type": "client_credentials",
        "client_id": made.client.client_id,
        "client_secret": made.secret,
    }
    async with newborn.client(None) as client:
        for change, error, field in (
            ({"client_secret": "wrong"}, "invalid_client", None),
            ({"client_id": "nobody"}, "invalid_client", None),
            ({"grant_type": "password"}, "unsupported_grant_type", "grant_type"),
            ({"scope": "all"}, "invalid_scope", "scope"),
        ):
            answer = await client.post("/oauth2/token", data={**good, **change})
            assert (answer.status_code, answer.json()["error"]) == (400, error)
            assert (answer.json()["code"], answer.json().get("field")) == (error.upper(), field)
        nobody = await client.post("/oauth2/token", data={"grant_type": "client_credentials"})
        assert (nobody.status_code, nobody.json()["error"]) == (400, "invalid_client")
        counted = {row["subject"] for row in await newborn.pool.fetch("SELECT subject FROM login_failures")}
        assert "name:client:" in counted and "name:client:nobody" in counted
        right = base64.b64encode(f"{made.client.client_id}:{made.secret}".encode()).decode()
        for text in ("!!!!", "/w==", f"{right[:8]}!{right[8:]}"):
            basic = {"Authorization": f"Basic {text}"}
            answer = await client.post(
                "/oauth2/token", data={"grant_type": "client_credentials"}, headers=basic
            )
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")
            assert answer.json()["code"] == "INVALID_CLIENT"


async def test_a_ticket_opens_one_stream_and_no_second(peopled):
    async with peopled.client(None) as client:
        is_error(await client.post("/api/v1/ws/ticket", json={}), 401, "UNAUTHORIZED")
        mine = {"Authorization": f"Bearer {(await login(client)).json()['access_token']}"}
        made = await client.post("/api/v1/ws/ticket", json={}, headers=mine)
        assert made.status_code == 201 and made.json()["expires_in"] == 30
        url = f"ws://{peopled.address}/api/v1/ws?ticket={made.json()['ticket']}"
        async with connect(url) as socket:
            await socket.send('{"type": "ping"}')
            assert json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] == "pong"
        with pytest.raises(ConnectionClosed) as caught:
            async with connect(url) as socket:
                await asyncio.wait_for(socket.recv(), 5)
        assert caught.value.rcvd.code == 1008
        refused = await client.post("/api/v1/ws/ticket", json={"job_id": "x"}, headers=mine)
        is_error(refused, 400, "INVALID_ARGUMENT")
        assert refused.json()["error"] == "invalid job_id format"
        one = await client.post("/api/v1/ws/ticket", json={"job_id": str(UUID(int=7))}, headers=mine)
        kept = await peopled.pool.fetchval("SELECT job_id FROM tickets WHERE job_id IS NOT NULL")
        assert (one.status_code, kept) == (201, UUID(int=7))


async def test_an_access_token_is_good_as_the_first_frame(peopled):
    async with peopled.client(None) as client:
        token = (await login(client)).json()["access_token"]
    async with connect(f"ws://{peopled.address}/api/v1/ws") as socket:
        await socket.send(json.dumps({"type": "auth", "token": token}))
        await socket.send('{"type": "ping"}')
        assert json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] == "pong"


async def test_a_key_made_for_a_scope_reaches_nothing_else(newborn):
    from db import keys

    text = (await keys.create(newborn.pool, "narrow", "admin", scopes=("strategy:read",))).text
    async with newborn.client(None, Authorization=f"Bearer {text}") as client:
        for path in ("/api/v1/orders", "/api/v1/config", "/api/v1/api-keys"):
            is_error(await client.get(path), 403, "FORBIDDEN")


async def test_people_of_another_org_see_nothing_of_the_first(world):
    other = await orgs.add(world.pool, "other", "basic")
    await users.add(world.pool, users.NewUser("bob", PASSWORD, "admin"), org_id=other.id)
    async with world.client(None) as client:
        token = (await login(client, username="bob")).json()["access_token"]
        theirs = {"Authorization": f"Bearer {token}"}
        assert (await client.get("/api/v1/decisions", headers=theirs)).json()["decisions"] == []
        assert (await client.get("/api/v1/api-keys", headers=theirs)).json()["api_keys"] == []
