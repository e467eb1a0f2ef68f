"""JSON Web Tokens: HS256 for people, RS256 for programs. Each kind is checked with its own key and algorithm only.

The HS256 key derives from the floor's; the RSA key is the home's, made once, mode 0600. Its public half is published.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from wire.tokens import derive_key

ISSUER = "open-outcry"
USER_MINUTES = 30
CLIENT_SECONDS = 3600
RSA_BITS = 2048
CLIENT_SCOPE = "tradai/api"
USER_NEEDS = ["exp", "iat", "sub", "uid", "jti"]
CLIENT_NEEDS = ["exp", "iat", "cid", "client_id", "jti"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says: whose it is, when it was given and when it ends (seconds since 1970), for which login."""

    kind: str
    subject: UUID
    issued_at: float
    expires_at: float
    login: UUID | None = None


class Signer:
    """Makes and reads the tokens of one floor."""

    def __init__(self, secret: bytes, key: RSAPrivateKey) -> None:
        """``secret`` has at least 32 bytes; it is not used itself, keys derive from it."""
        self._secret = derive_key(secret, "jwt-hs256")
        self._key = key
        self._public = key.public_key()
        der = self._public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._kid = derive_key(b"kid", der.hex()).hex()[:16]

    def for_user(
        self, user_id: UUID, username: str, org_id: UUID, role: str, now: datetime, login: UUID | None = None
    ) -> str:
        """An access token of half an hour; ``login`` is what logging out ends."""
        claims = {
            "iss": ISSUER, "sub": username, "uid": str(user_id), "tenant_id": str(org_id), "role": role,
            **({} if login is None else {"sid": str(login)}), **_times(now, timedelta(minutes=USER_MINUTES)),
        }  # fmt: skip
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def for_client(self, row_id: UUID, client_id: str, scope: str, issuer: str, now: datetime) -> str:
        """An access token of an hour; ``issuer`` is the address it was asked at."""
        claims = {
            "iss": issuer, "sub": client_id, "client_id": client_id, "cid": str(row_id), "token_use": "access",
            "scope": scope, "version": 2, **_times(now, timedelta(seconds=CLIENT_SECONDS)),
        }  # fmt: skip
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._kid})

    def read(self, token: str) -> Claims | None:
        """What a token says; None unless one of our keys signed it and its time has not passed."""
        try:
            if jwt.get_unverified_header(token).get("alg") == "RS256":
                found = jwt.decode(
                    token,
                    self._public,
                    algorithms=["RS256"],
                    options={"require": CLIENT_NEEDS, "verify_aud": False},
                )
                return _claims("client", found, "cid")
            found = jwt.decode(
                token, self._secret, algorithms=["HS256"], issuer=ISSUER, options={"require": USER_NEEDS}
            )
            return _claims("user", found, "uid")
        except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
            return None

    def jwks(self) -> dict[str, Any]:
        """The public key, as RFC 7517 publishes it."""
        key = RSAAlgorithm.to_jwk(self._public, as_dict=True)
        return {"keys": [{**key, "kid": self._kid, "use": "sig", "alg": "RS256"}]}


def _times(now: datetime, lasts: timedelta) -> dict[str, Any]:
    return {"iat": int(now.timestamp()), "exp": int((now + lasts).timestamp()), "jti": secrets.token_hex(16)}


def _claims(kind: str, found: Mapping[str, Any], subject: str) -> Claims:
    login = UUID(found["sid"]) if "sid" in found else None
    return Claims(kind, UUID(found[subject]), float(found["iat"]), float(found["exp"]), login)


def home_key(home: Path | None) -> RSAPrivateKey:
    """The home's RSA key, made at first use; without a home one that lasts as long as this process."""
    if home is None:
        return _new()
    path = home / "secrets" / "oauth2.pem"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(
            _new().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        with contextlib.suppress(FileExistsError):  # another process made it first; theirs is the key
            os.link(draft, path)
        draft.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


def _new() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=RSA_BITS)
