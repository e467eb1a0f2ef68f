"""Tokens: ``POST /token`` for people, ``POST /oauth2/token`` for programs, renewal, and tickets for WebSockets."""

import base64
import binascii
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from litestar import get, post

from api.access import caller_of
from api.auth.signing import CLIENT_SCOPE, CLIENT_SECONDS, USER_MINUTES
from api.bodies import Body, read_body
from api.encoding import Answer
from api.failures import Failure
from api.floor import TheFloor
from api.forms import read_form
from api.haste import neighbourhood
from api.params import read_id
from api.requests import AnyRequest
from api.shapes.base import Shape
from api.shapes.described import KeySet
from db.identity import clients, lockout, refreshing, tickets, users
from wire.clock import WallClock

WRONG = "Incorrect username or password"
CHALLENGE = {"WWW-Authenticate": "Bearer"}
LOGIN = {"grant_type": "password", "username": "ada", "password": "correct horse battery staple"}
CLIENT_LOGIN = {
    "grant_type": "client_credentials", "client_id": "3b1e0f6a9c2d4e5f7a8b9c0d1e",
    "client_secret": "the secret shown by users add-client", "scope": CLIENT_SCOPE,
}  # fmt: skip


class Login(Body, frozen=True, kw_only=True):
    """OAuth2's password form; with ``grant_type=refresh_token`` the refresh token stands for name and password."""

    username: str = ""
    password: str = ""
    grant_type: str = "password"
    refresh_token: str = ""
    scope: str = ""
    client_id: str = ""
    client_secret: str = ""


class ClientLogin(Body, frozen=True, kw_only=True):
    """OAuth2's client credentials; id and secret may come by HTTP Basic instead."""

    grant_type: str
    client_id: str = ""
    client_secret: str = ""
    scope: str = CLIENT_SCOPE


class Renewal(Body, frozen=True, kw_only=True):
    """A refresh token, good once."""

    refresh_token: str


class Person(Shape, frozen=True, kw_only=True):
    """Who logged in."""

    username: str
    email: str | None
    full_name: str | None
    role: str
    permissions: list[str]


class UserToken(Shape, frozen=True, kw_only=True):
    """An access token of half an hour, and what renews it."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    user: Person
    success: bool = True


class ClientToken(Shape, frozen=True, kw_only=True):
    """An access token of an hour."""

    access_token: str
    expires_in: int
    token_type: str
    scope: str


class TicketWish(Body, frozen=True, kw_only=True):
    """What the ticket is for; without ``job_id`` it opens any one socket."""

    job_id: str | None = None


class Ticket(Shape, frozen=True, kw_only=True):
    """Opens one WebSocket, once."""

    ticket: str
    expires_in: int
    expires_at: datetime


@post("/token", errors=(401,), public=True, tags=["auth"], form=Login, example=LOGIN, status_code=200)
async def token(request: AnyRequest, floor: TheFloor) -> UserToken:
    """Log in with a name and a password, or renew with a refresh token."""
    form = await read_form(request, Login)
    if form.grant_type == "refresh_token":
        return await _renew(floor, form.refresh_token)
    if form.grant_type not in ("password", ""):
        raise Failure(
            400, "unsupported_grant_type", details="grant_type: password or refresh_token", field="grant_type"
        )
    for name in ("username", "password"):
        if not getattr(form, name):
            raise Failure(400, "invalid request body", details=f"{name} is required", field=name)
    address = _address(request)
    await _try(floor, form.username, address)
    user = await users.login(floor.doorman.pool, form.username, form.password)
    if user is None:
        raise Failure(401, WRONG, headers=CHALLENGE)
    began = await refreshing.issue(floor.doorman.pool, user)
    if began is None:
        raise Failure(401, WRONG, headers=CHALLENGE)
    await lockout.succeeded(floor.doorman.pool, form.username, address)
    return await _token(floor, user, began)


@post("/api/v1/auth/refresh", errors=(401,), public=True, tags=["auth"], body=Renewal, status_code=200)
async def renew(request: AnyRequest, floor: TheFloor) -> UserToken:
    """A new access token and a new refresh token for one that was not used before."""
    return await _renew(floor, (await read_body(request, Renewal)).refresh_token)


@post("/oauth2/token", public=True, tags=["auth"], form=ClientLogin, example=CLIENT_LOGIN, status_code=200)
async def client_token(request: AnyRequest, floor: TheFloor) -> Answer[ClientToken]:
    """Log in as a program with client credentials (RFC 6749, section 4.4)."""
    form = await read_form(request, ClientLogin)
    if form.grant_type != "client_credentials":
        raise Failure(400, "unsupported_grant_type", code="UNSUPPORTED_GRANT_TYPE", field="grant_type")
    if form.scope not in ("", CLIENT_SCOPE):
        raise Failure(
            400, "invalid_scope", code="INVALID_SCOPE", details=f"there is {CLIENT_SCOPE}", field="scope"
        )
    client_id, secret = _basic(request) or (form.client_id, form.client_secret)
    address = _address(request)
    await _try(floor, f"client:{client_id}", address)
    client = await clients.login(floor.doorman.pool, client_id, secret)
    if client is None:
        raise Failure(400, "invalid_client", code="INVALID_CLIENT")
    await lockout.succeeded(floor.doorman.pool, f"client:{client_id}", address)
    signer = await floor.doorman.signer()
    issuer = signer.issuer(str(request.base_url).rstrip("/"))
    text = signer.for_client(client, CLIENT_SCOPE, issuer, WallClock().now())
    made = ClientToken(access_token=text, expires_in=CLIENT_SECONDS, token_type="Bearer", scope=CLIENT_SCOPE)
    return Answer(made, headers={"Pragma": "no-cache"})


@get("/.well-known/jwks.json", public=True, tags=["auth"], answers={200: KeySet})
async def jwks(floor: TheFloor) -> dict[str, Any]:
    """The public key that programs' tokens are signed with."""
    return (await floor.doorman.signer()).jwks()


@post("/api/v1/ws/ticket", tags=["auth"], body=TicketWish)
async def ticket(request: AnyRequest, floor: TheFloor) -> Ticket:
    """A ticket that opens one WebSocket (`?ticket=`) within thirty seconds, once."""
    wish, caller = await read_body(request, TicketWish), caller_of(request)
    job: UUID | None = None if wish.job_id is None else read_id(wish.job_id, "job")
    made = await tickets.issue(floor.doorman.pool, caller, job)
    return Ticket(
        ticket=made.text, expires_in=int(tickets.LIFETIME.total_seconds()), expires_at=made.expires_at
    )


async def _renew(floor: TheFloor, text: str) -> UserToken:
    rotated = await refreshing.rotate(floor.doorman.pool, text) if text else None
    user = None if rotated is None else await users.by_id(floor.doorman.pool, rotated.user_id)
    if rotated is None or user is None:
        raise Failure(
            401,
            "invalid_grant",
            details="the refresh token is unknown, expired or was used",
            headers=CHALLENGE,
        )
    return await _token(floor, user, rotated)


async def _token(floor: TheFloor, user: users.User, refresh: refreshing.Refresh) -> UserToken:
    signer, holder = await floor.doorman.signer(), await floor.doorman.holder(user)
    person = Person(
        username=user.username, email=user.email, full_name=user.full_name, role=user.role,
        permissions=list(holder.permissions),
    )  # fmt: skip
    access = signer.for_user(user, refresh.login, WallClock().now())
    return UserToken(
        access_token=access,
        token_type="bearer",
        expires_in=USER_MINUTES * 60,
        refresh_token=refresh.token,
        user=person,
    )


async def _try(floor: TheFloor, name: str, address: str) -> None:
    """Raises Failure 429 while the name or the address is locked out."""
    wait_s = await lockout.attempt(floor.doorman.pool, name[:200], address)
    if wait_s > 0:
        raise Failure(
            429,
            "too many failed logins",
            code="LOGIN_LOCKED",
            details=f"try again in {wait_s} s",
            headers={"Retry-After": str(wait_s)},
            retry_after=wait_s,
        )


def _address(request: AnyRequest) -> str:
    return neighbourhood(request.scope["state"]["address"])


def _basic(request: AnyRequest) -> tuple[str, str] | None:
    """Client id and secret of an ``Authorization: Basic`` header."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Failure(400, "invalid_client", code="INVALID_CLIENT") from error
    return unquote_plus(client_id), unquote_plus(secret)


HANDLERS = [token, renew, client_token, jwks, ticket]
