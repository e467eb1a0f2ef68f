"""Who is used at the door by its tests: a person, a program, a key."""

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.auth.signing import Signer, home_key

ORG, BORN = UUID(int=2), datetime(2023, 1, 1, tzinfo=UTC)
ANN = {
    "id": UUID(int=1),
    "org_id": ORG,
    "username": "ann",
    "email": None,
    "full_name": "Ann",
    "role": "trader",
    "password_changed_at": BORN,
    "disabled_at": None,
    "created_at": BORN,
    "last_login_at": None,
}
BOT = {
    "id": UUID(int=3),
    "org_id": ORG,
    "client_id": "bot-1",
    "name": "a bot",
    "role": "viewer",
    "disabled_at": None,
    "created_at": BORN,
    "last_used_at": None,
}
LOGIN = UUID(int=9)
KEY = "oo_" + "abcdefgh" + "2" * 32
PASSWORD = "correct horse battery"
SIGNER = Signer(b"r" * 32, home_key(None))


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def key_row(**more: Any) -> dict[str, Any]:
    return {
        "id": UUID(int=5),
        "org_id": ORG,
        "name": "mine",
        "role": "trader",
        "hash": sha(KEY),
        "scopes": None,
        "plan": "pro",
        "valid": True,
        "stale": False,
    } | more
