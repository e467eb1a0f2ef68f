"""``/api/v1/credentials``: keys of exchanges, sealed at rest and never shown again. For admins."""

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import delete, get, post, put
from litestar.params import PathParameter

from api.access import caller_of
from api.auth.vault import Secret, Vault, home_vault
from api.bodies import Body, read_body
from api.failures import Failure, invalid_body
from api.floor import Floor, TheFloor
from api.requests import AnyRequest
from api.shapes.base import Shape, shaped
from db import credentials
from db.pool import Row
from openoutcry.errors import BadConfig, BadInput
from wire.exchanges import refuse_unknown

PREFIX = 8
SHORTEST, LONGEST = 16, 512
PERMISSIONS = ("read", "trade")
ExchangeName = Annotated[str, PathParameter(description="As ccxt names it, e.g. binance.", max_length=60)]


class NewCredentials(Body, frozen=True, kw_only=True):
    """Credentials of an exchange; ``permissions`` are what the key may do there, as far as its owner says."""

    exchange: str
    api_key: str
    api_secret: str
    passphrase: str | None = None
    permissions: list[str] | None = None


class OtherCredentials(Body, frozen=True, kw_only=True):
    """What takes the place of the old ones."""

    api_key: str
    api_secret: str
    passphrase: str | None = None


class Credentials(Shape, frozen=True, kw_only=True):
    """Of the key its first 8 characters, of the secret nothing. ``usable``: this home's key opens what is stored."""

    exchange: str
    api_key_prefix: str
    permissions: list[str]
    created_by: str
    created_at: datetime
    rotated_at: datetime | None
    usable: bool


class CredentialsList(Shape, frozen=True, kw_only=True):
    """By exchange."""

    credentials: list[Credentials]
    count: int


class CredentialsGone(Shape, frozen=True, kw_only=True):
    """Forgotten here; revoke the key at the exchange too."""

    success: bool
    exchange: str
    message: str


EXAMPLE = {"exchange": "binance", "api_key": "your key of 16 or more", "api_secret": "your secret of 16 or more",
           "permissions": ["read", "trade"]}  # fmt: skip


@post("/api/v1/credentials", tags=["credentials"], role="admin", body=NewCredentials, example=EXAMPLE)
async def add(request: AnyRequest, floor: TheFloor) -> Credentials:
    """Keep credentials of an exchange."""
    wish, caller = await read_body(request, NewCredentials), caller_of(request)
    exchange = await _exchange(wish.exchange)
    wanted = wish.permissions if wish.permissions is not None else ["read"]
    if set(wanted) - set(PERMISSIONS) or len(set(wanted)) != len(wanted):
        raise invalid_body("permissions: read, trade", "permissions")
    secret = _secret(wish.api_key, wish.api_secret, wish.passphrase)
    sealed = (await _vault(floor)).seal(secret, caller.org_id, exchange)
    row = await credentials.add(
        floor.pool, caller.org_id, exchange, secret.api_key[:PREFIX], sealed, wanted, caller.name
    )
    return shaped(row, Credentials, usable=True)


@put("/api/v1/credentials/{exchange:str}/rotate", tags=["credentials"], role="admin", body=OtherCredentials,
     example={"api_key": EXAMPLE["api_key"], "api_secret": EXAMPLE["api_secret"]})  # fmt: skip
async def rotate(request: AnyRequest, floor: TheFloor, exchange: ExchangeName) -> Credentials:
    """Put others in their place."""
    wish, caller = await read_body(request, OtherCredentials), caller_of(request)
    secret, name = _secret(wish.api_key, wish.api_secret, wish.passphrase), exchange.lower()
    sealed = (await _vault(floor)).seal(secret, caller.org_id, name)
    row = await credentials.rotate(
        floor.pool, caller.org_id, name, secret.api_key[:PREFIX], sealed, caller.name
    )
    return shaped(row, Credentials, usable=True)


@get("/api/v1/credentials", tags=["credentials"], role="admin")
async def listed(request: AnyRequest, floor: TheFloor) -> CredentialsList:
    """Which exchanges there are credentials of."""
    org_id = caller_of(request).org_id
    rows = await credentials.every(floor.pool, org_id)
    vault = await _vault(floor) if rows else None
    found = [_shown(row, vault, org_id) for row in rows]
    return CredentialsList(credentials=found, count=len(found))


@delete("/api/v1/credentials/{exchange:str}", tags=["credentials"], role="admin", status_code=200)
async def gone(request: AnyRequest, floor: TheFloor, exchange: ExchangeName) -> CredentialsGone:
    """Forget the credentials of an exchange."""
    caller = caller_of(request)
    await credentials.delete(floor.pool, caller.org_id, exchange.lower(), caller.name)
    return CredentialsGone(
        success=True, exchange=exchange.lower(), message="Forgotten here; revoke the key at the exchange too"
    )


def _shown(row: Row, vault: Vault | None, org_id: UUID) -> Credentials:
    opened = vault.open(row["sealed"], org_id, row["exchange"]) if vault else None
    return shaped(row, Credentials, usable=opened is not None)


async def _vault(floor: Floor) -> Vault:
    if floor.home is None:
        raise Failure(503, "Credential storage not available", code="NOT_AVAILABLE")
    return await asyncio.to_thread(home_vault, floor.home)


async def _exchange(name: str) -> str:
    known = name.strip().lower()
    if not (known.isascii() and known.isalnum() and len(known) <= 60):
        raise invalid_body("exchange: letters and digits, as ccxt names it", "exchange")
    try:
        await asyncio.to_thread(refuse_unknown, known, field="exchange")
    except BadConfig as error:
        raise BadInput(str(error), field="exchange") from error
    return known


def _secret(api_key: str, api_secret: str, passphrase: str | None) -> Secret:
    for field, text in (("api_key", api_key), ("api_secret", api_secret)):
        if not SHORTEST <= len(text) <= LONGEST or not (text.isascii() and text.isprintable()):
            raise invalid_body(f"{field}: {SHORTEST} to {LONGEST} ASCII printable characters", field)
    if passphrase is not None and not 1 <= len(passphrase) <= LONGEST:
        raise invalid_body(f"passphrase: 1 to {LONGEST} characters", "passphrase")
    return Secret(api_key, api_secret, passphrase)


HANDLERS = [add, rotate, listed, gone]
