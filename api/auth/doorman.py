"""Whatever is shown at the door becomes a Holder, or nothing.

Works as the database's owner: at the door it is not yet known whose rows may be seen.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from uuid import UUID

import asyncpg

from api.auth.signing import Claims, Signer
from db import keys
from db.identity import clients, orgs, refreshing, tickets, users
from db.identity.clients import Client
from db.identity.holder import Holder, Kind, Role
from db.identity.users import User


def anyone(role: Role) -> Holder:
    """Who a caller without credentials is, where the operator opened the door."""
    return Holder(UUID(int=0), keys.DEFAULT_ORG, "anyone", role, "open")


@dataclass
class Doorman:
    """Looks tokens up. ``signer`` is made when the first JWT comes: most floors only see keys."""

    pool: asyncpg.Pool
    make_signer: Callable[[], Signer]
    anyone: Holder | None = None
    """Who everybody without credentials is; None where the door is shut to them."""
    _signer: Signer | None = None
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def signer(self) -> Signer:
        """The floor's signer; the first call may make an RSA key."""
        if self._signer is None:
            async with self._making:
                if self._signer is None:
                    self._signer = await asyncio.to_thread(self.make_signer)
        return self._signer

    async def lookup(self, token: str) -> Holder | None:
        """The holder of an API key or of an access token."""
        if token.count(".") == 2 and token.startswith("eyJ"):
            claims = (await self.signer()).read(token)
            return None if claims is None else await self._of_claims(claims)
        return await keys.authenticate(self.pool, token)

    async def ticket(self, text: str, job_id: UUID | None) -> Holder | None:
        """The holder of a ticket, which is used up."""
        found = await tickets.use(self.pool, text, job_id)
        return None if found is None else await self.still(found)

    async def still(self, before: Holder) -> Holder | None:
        """A holder met before as it is now, if the same key or token would still let it in."""
        if before.kind == "open":
            return self.anyone
        if before.kind == "key":
            return await keys.by_id(self.pool, before.id)
        if before.login is not None and await refreshing.ended(self.pool, before.login):
            return None
        who = await (users if before.kind == "user" else clients).by_id(self.pool, before.id)
        if who is None or who.disabled_at:
            return None
        if isinstance(who, User) and _older(before, who):
            return None  # given under a password that is no more
        return replace(
            await self.holder(who),
            expires_at=before.expires_at,
            issued_at=before.issued_at,
            login=before.login,
        )

    async def holder(self, who: User | Client) -> Holder:
        """What a person or a program may do, with what their org has paid for."""
        org = await orgs.find(self.pool, str(who.org_id))
        kind: Kind = "user" if isinstance(who, User) else "client"
        name = who.username if isinstance(who, User) else who.name
        return Holder(who.id, who.org_id, name, who.role, kind, None, org.plan)

    async def _of_claims(self, claims: Claims) -> Holder | None:
        shown = Holder(
            claims.subject, keys.DEFAULT_ORG, "", "viewer", claims.kind, expires_at=claims.expires_at,
            issued_at=claims.issued_at, login=claims.login,
        )  # fmt: skip
        return await self.still(shown)


def _older(shown: Holder, user: User) -> bool:
    """True for a token that was given before the person's password was changed."""
    return shown.issued_at is not None and shown.issued_at < int(user.password_changed_at.timestamp())
