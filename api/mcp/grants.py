"""What a caller of the API may do at an MCP server: the scopes that its permissions come to."""

from collections.abc import Mapping

from db.identity.holder import Holder
from wire.tokens import Narrowing

LASTS_S = 300
NEEDS: Mapping[str, Mapping[str, str]] = {
    "market": {"md:read": "view_metrics"},
    "indicators": {"ind:read": "view_metrics"},
    "risk": {"risk:read": "view_portfolio"},
    "news": {"news:read": "view_metrics"},
    "memory": {"mem:read": "view_trades"},
    "execution": {
        "order:read": "view_trades",
        "order:place": "execute_trades",
        "order:cancel": "execute_trades",
        "floor:halt": "manage_users",
    },
}
"""By server: each scope its tools ask for, and the permission that opens it. A scope not named here opens for nobody."""


def scopes_of(holder: Holder, server: str) -> tuple[str, ...]:
    """The scopes of a caller at a server; none where its key is limited to other things."""
    permissions = holder.permissions
    return tuple(scope for scope, needed in NEEDS[server].items() if needed in permissions)


def narrowing(holder: Holder, server: str, now_s: float) -> Narrowing:
    """What the API's own token is narrowed to for one caller. The same for a minute, so that servers know it again."""
    return Narrowing(
        client_id=f"api:{holder.kind}:{holder.id}",
        scopes=scopes_of(holder, server),
        org_id=str(holder.org_id),
        expires_at=now_s - now_s % 60 + LASTS_S,
    )
