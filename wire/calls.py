"""Who is calling right now, as the running request knows it."""

from typing import Any

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.mcpserver import Context

from openoutcry.errors import NotAuthorised
from wire.clock import WallClock
from wire.tokens import ROUND_META_KEY, Caller, RoundClaims, verify_caller, verify_round


class CallerVerifier:
    """The SDK's token verifier for bearer tokens of one audience."""

    def __init__(self, key: bytes, audience: str, resource: str) -> None:
        self._key = key
        self._audience = audience
        self._resource = resource
        self._clock = WallClock()

    async def verify_token(self, token: str) -> AccessToken | None:
        """The caller as the SDK wants it, or None (→ 401)."""
        try:
            caller = verify_caller(self._key, token, self._audience, self._clock.now())
        except NotAuthorised:
            return None
        return AccessToken(
            token="",
            client_id=caller.client_id,
            scopes=list(caller.scopes),
            expires_at=int(caller.expires_at) if caller.expires_at else None,
            resource=self._resource,
            claims={"org_id": caller.org_id},
        )


def current_caller(local: Caller) -> Caller:
    """The authenticated caller of this request; ``local`` where the transport itself is the authority (stdio, memory)."""
    access = get_access_token()
    if access is None:
        return local
    org = (access.claims or {}).get("org_id", local.org_id)
    return Caller(
        client_id=access.client_id, audience=local.audience, scopes=tuple(access.scopes), org_id=str(org)
    )


def current_round(context: Context[Any, Any], key: bytes, audience: str) -> RoundClaims | None:
    """The verified round of this request, or None outside a round. Raises NotAuthorised for a forged one."""
    meta: Any = context.request_context.meta
    token = meta.get(ROUND_META_KEY) if meta else None
    return None if token is None else verify_round(key, token, audience)


def round_token(context: Context[Any, Any]) -> str | None:
    """The round token as it came, to be carried on."""
    meta: Any = context.request_context.meta
    token = meta.get(ROUND_META_KEY) if meta else None
    return token if isinstance(token, str) else None
