"""Whom a presented key or token belongs to, and what that lets them do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from openoutcry.errors import BadInput

Role = Literal["viewer", "trader", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "trader", "admin")
Kind = Literal["key", "user", "client", "open"]
"""``open`` is whoever comes without credentials to an API that was told to let them in."""
Plan = Literal["basic", "pro", "expert"]
PERMISSIONS: dict[Role, tuple[str, ...]] = {
    "viewer": ("view_metrics", "view_portfolio", "view_trades", "strategy:read"),
    "trader": (
        "view_metrics", "view_alerts", "acknowledge_alerts", "view_portfolio", "view_trades", "execute_trades",
        "strategy:read", "strategy:create", "strategy:delete", "strategy:update_status", "backtest:create",
    ),
    "admin": (
        "view_metrics", "view_alerts", "acknowledge_alerts", "view_portfolio", "view_trades", "execute_trades",
        "view_system", "manage_users", "view_audit_logs",
        "strategy:read", "strategy:create", "strategy:delete", "strategy:update_status", "backtest:create",
    ),
}  # fmt: skip
"""AlphaPulse's permissions and Mangrove's scopes of each role."""
EVERY = frozenset(name for names in PERMISSIONS.values() for name in names)


@dataclass(frozen=True, slots=True)
class Holder:
    """``id`` is the key's, person's or program's. ``scopes`` narrows what the role allows; None does not.

    ``issued_at`` and ``expires_at`` (seconds since 1970) are those of the token that was shown, where it has them;
    ``login`` is the login it was given for.
    """

    id: UUID
    org_id: UUID
    name: str
    role: Role
    kind: Kind = "key"
    scopes: frozenset[str] | None = None
    plan: Plan = "expert"
    expires_at: float | None = None
    issued_at: float | None = None
    login: UUID | None = None

    @property
    def permissions(self) -> tuple[str, ...]:
        """What it may do, in the order documents print it."""
        granted = PERMISSIONS[self.role]
        return granted if self.scopes is None else tuple(name for name in granted if name in self.scopes)


def read_scopes(scopes: Iterable[str]) -> list[str]:
    """Scopes a key may be limited to, without repeats. Raises BadInput naming one that is none."""
    wanted = list(dict.fromkeys(scopes))
    if not wanted:
        raise BadInput("scopes: name at least one, or leave them out", field="scopes")
    for scope in wanted:
        if scope not in EVERY:
            raise BadInput(f"scopes: {scope[:60]!r} is none of {', '.join(sorted(EVERY))}", field="scopes")
    return wanted
