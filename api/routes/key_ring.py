"""``/api/v1/auth/api-keys`` and ``/login``: Mangrove's shape of keys, over the floor's one store of them."""

from datetime import datetime
from typing import NoReturn
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath

from api.access import caller_of
from api.bodies import Body, read_body
from api.failures import Failure
from api.floor import TheFloor
from api.params import read_id
from api.requests import AnyRequest
from api.routes.keys import expiry
from api.shapes.base import Shape
from db import keys
from db.identity.holder import PERMISSIONS, ROLES, Role


class WantedKey(Body, frozen=True, kw_only=True):
    """A key for some scopes; its role is the least that has them all. Without scopes it may read."""

    name: str
    scopes: list[str] | None = None
    expires_days: int | None = None


class KeyItem(Shape, frozen=True, kw_only=True):
    """A key, its text left out; ``scopes`` null: all that its role may."""

    id: UUID
    key_prefix: str
    name: str
    role: Role
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked: bool


class Keys(Shape, frozen=True, kw_only=True):
    """Every key of the org."""

    success: bool
    keys: list[KeyItem]
    total: int


class KeyShown(Shape, frozen=True, kw_only=True):
    """A new key; ``key`` is its text and is not shown again."""

    success: bool
    key: str
    key_id: UUID
    key_prefix: str
    name: str
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None


class KeyGone(Shape, frozen=True, kw_only=True):
    """A key that no longer opens anything."""

    success: bool
    message: str
    key_id: UUID


class FirebaseLogin(Body, frozen=True, kw_only=True):
    """A token of Firebase's."""

    firebase_token: str


@get("/api/v1/auth/api-keys", tags=["keys"], role="admin")
async def list_keys(request: AnyRequest, floor: TheFloor) -> Keys:
    """Every API key of the org, revoked ones too."""
    found = [_item(key) for key in await keys.list_keys(floor.pool, caller_of(request).org_id)]
    return Keys(success=True, keys=found, total=len(found))


@post(
    "/api/v1/auth/api-keys",
    tags=["keys"],
    role="admin",
    body=WantedKey,
    example={"name": "my bot", "scopes": ["strategy:read", "backtest:create"], "expires_days": 90},
)
async def make_key(request: AnyRequest, floor: TheFloor) -> KeyShown:
    """Make a key that is limited to scopes. Its text is in this answer and nowhere else."""
    wanted = await read_body(request, WantedKey)
    made = await keys.create(
        floor.pool,
        wanted.name,
        _role(wanted.scopes or []),
        org_id=caller_of(request).org_id,
        expires_at=expiry(wanted.expires_days, "expires_days"),
        scopes=None if wanted.scopes is None else tuple(wanted.scopes),
    )
    return KeyShown(
        success=True,
        key=made.text,
        key_id=made.key.id,
        key_prefix=made.key.prefix,
        name=made.key.name,
        scopes=made.key.scopes,
        created_at=made.key.created_at,
        expires_at=made.key.expires_at,
    )


@delete("/api/v1/auth/api-keys/{id:str}", tags=["keys"], role="admin", status_code=200)
async def revoke_key(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> KeyGone:
    """Revoke a key; it stops opening anything within five seconds."""
    key_id = read_id(id, "api_key")
    if not await keys.revoke(floor.pool, str(key_id), caller_of(request).org_id):
        raise Failure(404, "api key not found", id=id)
    return KeyGone(success=True, message="API key revoked", key_id=key_id)


@post(
    "/api/v1/auth/login",
    public=True,
    tags=["auth"],
    body=FirebaseLogin,
    errors=(401,),
    example={"firebase_token": "eyJ…"},
)
async def login(request: AnyRequest) -> NoReturn:
    """Firebase is not configured on a floor, and no token of its is believed: 401 that names the ways in there are."""
    await read_body(request, FirebaseLogin)
    raise Failure(
        401,
        "Firebase is not configured",
        code="FIREBASE_NOT_CONFIGURED",
        details="log in with POST /token (name and password) or POST /oauth2/token (client credentials), or use an API key",
    )


def _role(scopes: list[str]) -> Role:
    """The least role that has all of these; what none has, making the key refuses by name."""
    return next((role for role in ROLES if set(scopes) <= set(PERMISSIONS[role])), "admin")


def _item(key: keys.ApiKey) -> KeyItem:
    return KeyItem(
        id=key.id,
        key_prefix=key.prefix,
        name=key.name,
        role=key.role,
        scopes=key.scopes,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked=key.revoked_at is not None,
    )


HANDLERS = [list_keys, make_key, revoke_key, login]
