"""``/api/v1/api-keys``: make, list and revoke keys. A key's text is shown once, by the call that made it."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath

from api.access import caller_of
from api.bodies import Body, read_body
from api.failures import Failure, invalid_body
from api.floor import TheFloor
from api.params import read_id
from api.requests import AnyRequest
from api.shapes.base import Shape, shaped
from db import keys
from wire.clock import WallClock

MAX_DAYS = 3650


class NewKey(Body, frozen=True, kw_only=True):
    """A key to be made; without ``expires_in_days`` it lasts until it is revoked."""

    name: str
    role: str = "viewer"
    expires_in_days: int | None = None


class Key(Shape, frozen=True, kw_only=True):
    """A key; ``prefix`` is its public part."""

    id: UUID
    name: str
    prefix: str
    role: Literal["viewer", "trader", "admin"]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyList(Shape, frozen=True, kw_only=True):
    """Every key, revoked ones too."""

    api_keys: list[Key]
    count: int


class KeyMade(Shape, frozen=True, kw_only=True):
    """A new key; ``key`` is its text and is not shown again."""

    api_key: Key
    key: str
    message: str


class KeyRevoked(Shape, frozen=True, kw_only=True):
    """A key that no longer opens anything."""

    id: UUID
    message: str


@get("/api/v1/api-keys", tags=["keys"], role="admin")
async def list_keys(request: AnyRequest, floor: TheFloor) -> KeyList:
    """Every API key of the org."""
    found = [_key(key) for key in await keys.list_keys(floor.pool, caller_of(request).org_id)]
    return KeyList(api_keys=found, count=len(found))


@post(
    "/api/v1/api-keys",
    tags=["keys"],
    role="admin",
    body=NewKey,
    example={"name": "my bot", "role": "trader", "expires_in_days": 90},
)
async def make_key(request: AnyRequest, floor: TheFloor) -> KeyMade:
    """Make an API key. Its text is in this answer and nowhere else."""
    wanted = await read_body(request, NewKey)
    made = await keys.create(
        floor.pool,
        wanted.name,
        wanted.role.lower(),  # type: ignore[arg-type]  # it refuses what is no role
        org_id=caller_of(request).org_id,
        expires_at=expiry(wanted.expires_in_days, "expires_in_days"),
    )
    return KeyMade(api_key=_key(made.key), key=made.text, message="Keep it now; it is not shown again")


@delete("/api/v1/api-keys/{id:str}", tags=["keys"], role="admin", status_code=200)
async def revoke_key(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> KeyRevoked:
    """Revoke an API key; it stops opening anything within five seconds."""
    key_id = read_id(id, "api_key")
    if not await keys.revoke(floor.pool, str(key_id), caller_of(request).org_id):
        raise Failure(404, "api key not found", id=id)
    return KeyRevoked(id=key_id, message="API key revoked")


def expiry(days: int | None, field: str) -> datetime | None:
    """When a key of so many days ends; None for one without an end. Raises Failure 400 naming ``field``."""
    if days is None:
        return None
    if not 1 <= days <= MAX_DAYS:
        raise invalid_body(f"{field} must be from 1 to {MAX_DAYS}", field)
    return WallClock().now() + timedelta(days=days)


def _key(key: keys.ApiKey) -> Key:
    return shaped({name: getattr(key, name) for name in Key.__struct_fields__}, Key)


HANDLERS = [list_keys, make_key, revoke_key]
