"""A4 and A5: every trick with tokens and tickets gets one answer; what ends a login ends all of it."""

import asyncio
import base64
import json
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from db.identity import clients, users
from tests.api.test_errors import is_error
from tests.api.test_tokens import confused, forged, login, peopled
from wire.clock import WallClock

__all__ = ["peopled"]
OWN = {"timestamp", "correlation_id"}


def b64(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def tricks(world, client) -> tuple[str, list[str]]:
    """A good token, and what looks like one."""
    good = (await login(client)).json()
    access = good["access_token"]
    signer = await world.floor.doorman.signer()
    claims = jwt.decode(access, options={"verify_signature": False})
    now = int(WallClock().now().timestamp())

    def user(header: dict | None = None, **changes) -> str:
        whole = {key: value for key, value in {**claims, **changes}.items() if value is not None}
        return jwt.encode(whole, signer._secret, algorithm="HS256", headers=header)

    made = await clients.add(world.pool, "bot", "admin")
    program = jwt.decode(signer.for_client(made.client, "tradai/api", "http://localhost:8000", WallClock().now()),
                         options={"verify_signature": False})  # fmt: skip

    def bot(header: dict | None = None, **changes) -> str:
        whole = {key: value for key, value in {**program, **changes}.items() if value is not None}
        return jwt.encode(whole, signer._key, algorithm="RS256", headers=header or {"kid": signer._kid})

    unsigned = [
        f"{b64({'alg': name, 'typ': 'JWT'})}.{access.split('.')[1]}."
        for name in ("none", "None", "NONE", "nOnE")
    ]
    return access, [
        *unsigned, *forged(access), confused(access, signer),
        user(exp=now - 60), user(exp=None), user(exp=now + 10 * 365 * 86400),
        user(nbf=now + 600), user(nbf=None), user(iat=now + 600),
        user(aud="other"), user(iss="other"), user(sid=None), user(sid=str(UUID(int=7))),
        user(uid=str(UUID(int=7))), user(jti=None),
        user({"kid": "../../dev/null", "jku": "http://evil.example/jwks"}), user({"x5u": "http://evil.example"}),
        user({"crit": ["exp"]}), user({"jwk": {"kty": "oct", "k": "a"}}),
        bot(aud="other"), bot(aud=None), bot(iss="https://evil.example"), bot(exp=now + 10 * 365 * 86400),
        bot({"kid": "../../dev/null"}),
        bot(cid=str(UUID(int=7))), bot(exp=None), good["refresh_token"],
    ]  # fmt: skip


async def test_a4_every_trick_gets_the_same_401(peopled, caplog):
    async with peopled.client(None) as client:
        good, tokens = await tricks(peopled, client)
        said = []
        for token in tokens:
            answer = await client.get("/api/v1/orders", headers={"Authorization": f"Bearer {token}"})
            body = is_error(answer, 401, "UNAUTHORIZED")
            said.append({key: value for key, value in body.items() if key not in OWN})
            assert token[-20:] not in caplog.text
        assert all(each == said[0] for each in said) and len(said) > 30
        mine = {"Authorization": f"Bearer {good}"}
        assert (await client.get("/api/v1/orders", headers=mine)).status_code == 200
        two = [("Authorization", f"Bearer {good}"), ("Authorization", "Bearer x")]
        is_error(await client.get("/api/v1/orders", headers=two), 401, "UNAUTHORIZED")
        for name in ("token", "access_token", "api_key", "jwt"):
            is_error(await client.get(f"/api/v1/orders?{name}={good}"), 401, "UNAUTHORIZED")


async def test_a4_a_role_taken_away_and_one_written_in_by_hand_count_for_nothing(peopled, monkeypatch):
    monkeypatch.setattr("api.identity.CACHE_S", 0.0)
    async with peopled.client(None) as client:
        mine = {"Authorization": f"Bearer {(await login(client)).json()['access_token']}"}
        await peopled.pool.execute("UPDATE users SET role = 'viewer' WHERE username = 'ann'")
        is_error(await client.post("/api/v1/orders", json={}, headers=mine), 403, "FORBIDDEN")


@pytest.mark.parametrize("ending", ["password", "disabled", "logout"])
async def test_a4_a5_what_ends_a_login_ends_its_tokens_tickets_and_sockets(peopled, monkeypatch, ending):
    monkeypatch.setattr("api.identity.CACHE_S", 0.0)
    monkeypatch.setattr("api.ws.socket.RECHECK_S", 0.2)
    async with peopled.client(None) as client:
        first = (await login(client)).json()
        mine = {"Authorization": f"Bearer {first['access_token']}"}
        ticket, later = [
            (await client.post("/api/v1/ws/ticket", json={}, headers=mine)).json()["ticket"] for _ in range(2)
        ]
        by_token = connect(f"ws://{peopled.address}/api/v1/ws", additional_headers=mine)
        by_ticket = connect(f"ws://{peopled.address}/api/v1/ws?ticket={ticket}")
        async with by_token as one, by_ticket as two:
            for socket in (one, two):
                await socket.send('{"type": "ping"}')
                assert json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] == "pong"
            if ending == "password":
                await users.set_password(peopled.pool, "ann", "another password")
            elif ending == "disabled":
                await users.set_disabled(peopled.pool, "ann", True)
                await users.set_disabled(peopled.pool, "ann", False)
            else:
                assert (await client.post("/api/v1/auth/logout", headers=mine)).status_code == 200
            for socket in (one, two):
                with pytest.raises(ConnectionClosed) as caught:
                    await asyncio.wait_for(socket.recv(), 5)
                assert caught.value.rcvd.code == 1008
        is_error(await client.get("/api/v1/orders", headers=mine), 401, "UNAUTHORIZED")
        await refused(f"ws://{peopled.address}/api/v1/ws?ticket={later}")
        again = await client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
        assert again.status_code == 401


async def refused(url: str, **headers: str) -> None:
    """Nothing is heard: the handshake is refused, or the socket closed with 1008."""
    with pytest.raises((ConnectionClosed, InvalidStatus)) as caught:
        async with connect(url, additional_headers=headers) as socket:
            await asyncio.wait_for(socket.recv(), 6)
    ended = caught.value
    if isinstance(ended, InvalidStatus):
        assert ended.response.status_code == 403
    else:
        assert isinstance(ended, ConnectionClosed)
        assert ended.rcvd.code == 1008


async def test_a5_a_ticket_is_good_once_in_time_for_its_socket_and_no_longer_than_its_token(
    peopled, monkeypatch
):
    monkeypatch.setattr("api.ws.socket.RECHECK_S", 0.2)
    async with peopled.client(None) as client:
        mine = {"Authorization": f"Bearer {(await login(client)).json()['access_token']}"}
        base = f"ws://{peopled.address}"

        async def ticket(**wish: str) -> str:
            return (await client.post("/api/v1/ws/ticket", json=wish, headers=mine)).json()["ticket"]

        once = await ticket()
        async with connect(f"{base}/api/v1/ws?ticket={once}"):
            pass
        await refused(f"{base}/api/v1/ws?ticket={once}")
        old = await ticket()
        await peopled.pool.execute(
            "UPDATE tickets SET expires_at = now() - interval '1 second' WHERE used_at IS NULL"
        )
        await refused(f"{base}/api/v1/ws?ticket={old}")
        bound = await ticket(job_id=str(UUID(int=5)))
        for path in ("/api/v1/ws", "/ws/metrics", f"/ws/backtests/{UUID(int=6)}"):
            await refused(f"{base}{path}?ticket={bound}")
        for text in ("", "x", once[:-1], "oot_" + "A" * 43):
            await refused(f"{base}/api/v1/ws?ticket={text}")
        short = await ticket()
        soon = WallClock().now() + timedelta(seconds=1)
        await peopled.pool.execute(
            "UPDATE tickets SET token_expires_at = $1 WHERE used_at IS NULL", soon.timestamp()
        )
        async with connect(f"{base}/api/v1/ws?ticket={short}") as socket:
            with pytest.raises(ConnectionClosed) as caught:
                await asyncio.wait_for(socket.recv(), 5)
        assert caught.value.rcvd.code == 1008


async def test_a5_a_page_of_another_site_opens_no_socket(peopled):
    async with peopled.client(None) as client:
        token = (await login(client)).json()["access_token"]
    url = f"ws://{peopled.address}/api/v1/ws"
    for origin in (
        "https://evil.example",
        "null",
        "file://",
        "http://127.0.0.1.evil.example",
        "http://evil.example:8080",
    ):
        await refused(url, Authorization=f"Bearer {token}", Origin=origin)
    for origin in (f"http://{peopled.address}", "http://localhost:3000"):
        async with connect(
            url, additional_headers={"Authorization": f"Bearer {token}", "Origin": origin}
        ) as socket:
            assert "x-correlation-id" in socket.response.headers
