"""Who may trade: API keys with their secrets, permissions, rates and switches."""

import secrets
from dataclasses import dataclass, field


@dataclass
class Account:
    """One user. Fee rates in millionths; ``revoked`` answers -2015 to everything, as a deleted key does."""

    name: str
    key: str
    secret: str
    uid: int
    permissions: frozenset[str] = frozenset({"SPOT", "FUTURES"})
    withdrawals: bool = False
    spot_maker_ppm: int = 1_000
    spot_taker_ppm: int = 1_000
    perp_maker_ppm: int = 200
    perp_taker_ppm: int = 500
    pays_with_bnb: bool = False
    revoked: bool = False
    leverage: dict[str, int] = field(default_factory=dict)
    listen_key: str = ""
    listen_key_until_ms: int = 0

    def hears(self, listen_key: str, now_ms: int) -> bool:
        """Whether a stream that was opened with this listen key still tells anything."""
        return listen_key == self.listen_key and now_ms <= self.listen_key_until_ms

    @property
    def perp(self) -> str:
        """The name of the futures wallet in the ledger."""
        return f"{self.name}/perp"


class Accounts:
    """All users, found by key."""

    def __init__(self) -> None:
        self.by_key: dict[str, Account] = {}
        self.by_name: dict[str, Account] = {}

    def open(
        self, name: str, key: str | None = None, secret: str | None = None, *, withdrawals: bool = False
    ) -> Account:
        """A new user, with a random key and secret unless they are given. Raises ValueError for a name that is taken."""
        if name in self.by_name or not name or "/" in name:
            raise ValueError(f"account name {name!r} is taken or not allowed")
        account = Account(
            name,
            key or secrets.token_urlsafe(48),
            secret or secrets.token_urlsafe(48),
            len(self.by_name) + 1,
            withdrawals=withdrawals,
        )
        self.by_key[account.key] = account
        self.by_name[name] = account
        return account
