"""Secrets at rest: sealed with AES-256-GCM under a key that lies in the home, never in the database.

The key is made once, mode 0600. What is sealed is bound to its org and exchange: a row that was moved does not open.
"""

import contextlib
import os
import secrets
from pathlib import Path
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
KEY_BYTES = 32


class Secret(msgspec.Struct, frozen=True):
    """What an exchange wants to see."""

    api_key: str
    api_secret: str
    passphrase: str | None = None


class Vault:
    """Seals and opens under one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, secret: Secret, org_id: UUID, exchange: str) -> bytes:
        """Nonce, then what nobody reads without the key."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher.encrypt(nonce, msgspec.json.encode(secret), _bound(org_id, exchange))

    def open(self, sealed: bytes, org_id: UUID, exchange: str) -> Secret | None:
        """The secret; None when another key, org or exchange sealed it, or it was altered."""
        try:
            plain = self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], _bound(org_id, exchange))
        except (InvalidTag, ValueError):
            return None
        return msgspec.json.decode(plain, type=Secret)


def home_vault(home: Path) -> Vault:
    """The vault of a home; its key is made at first use."""
    path = home / "secrets" / "credentials.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(KEY_BYTES))
        with contextlib.suppress(FileExistsError):  # another process made it first; theirs is the key
            os.link(draft, path)
        draft.unlink()
    return Vault(path.read_bytes())


def _bound(org_id: UUID, exchange: str) -> bytes:
    return f"{org_id}/{exchange}".encode()
