"""JSON Web Tokens: HS256 for people, RS256 for programs. Each kind is checked with its own key and algorithm only.

The HS256 key derives from the floor's; the RSA key is the home's, made once, mode 0600. Its public half is published.
What is read follows RFC 8725: one algorithm per key, every claim required, no key or address taken from the token's
own header, and no token that lasts longer than the ones made here.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from api.auth.hosts import Hosts, believed
from db.identity.clients import Client
from db.identity.users import User
from wire.tokens import derive_key

ISSUER = "open-outcry"
USER_MINUTES = 30
CLIENT_SECONDS = 3600
RSA_BITS = 2048
CLIENT_SCOPE = "tradai/api"
COMMON = ["exp", "nbf", "iat", "iss", "sub", "jti"]
USER_NEEDS = [*COMMON, "uid", "sid"]
CLIENT_NEEDS = [*COMMON, "aud", "cid", "client_id"]
HEADER = frozenset({"alg", "typ", "kid"})
LEEWAY_S = 5
"""How far the clocks of two API processes may be apart."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says: whose it is, when it was given and when it ends (seconds since 1970), for which login."""

    kind: Literal["user", "client"]
    subject: UUID
    issued_at: float
    expires_at: float
    login: UUID | None


class Signer:
    """Makes and reads the tokens of one floor."""

    def __init__(self, secret: bytes, key: RSAPrivateKey, hosts: Hosts = frozenset()) -> None:
        """``secret`` has at least 32 bytes; it is not used itself, keys derive from it. ``hosts`` are our names."""
        self._hosts = hosts
        self._secret = derive_key(secret, "jwt-hs256")
        self.cursor_key = derive_key(secret, "cursors")
        self._key = key
        self._public = key.public_key()
        der = self._public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._kid = derive_key(b"kid", der.hex()).hex()[:16]

    def for_user(self, user: User, login: UUID, now: datetime) -> str:
        """An access token of half an hour; ``login`` is what logging out ends."""
        claims = {
            "iss": ISSUER, "sub": user.username, "uid": str(user.id), "sid": str(login), "tenant_id": str(user.org_id),
            "role": user.role, **_times(now, timedelta(minutes=USER_MINUTES)),
        }  # fmt: skip
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def for_client(self, client: Client, scope: str, issuer: str, now: datetime) -> str:
        """An access token of an hour; ``issuer`` is the address it was asked at, where that is one of ours."""
        claims = {
            "iss": issuer, "sub": client.client_id, "aud": client.client_id, "client_id": client.client_id,
            "cid": str(client.id), "token_use": "access", "scope": scope, "version": 2,
            **_times(now, timedelta(seconds=CLIENT_SECONDS)),
        }  # fmt: skip
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._kid})

    def read(self, token: str) -> Claims | None:
        """What a token says; None unless one of our keys signed it for us and its time is now."""
        try:
            header = jwt.get_unverified_header(token)
            if not header.keys() <= HEADER:
                return None
            if header.get("alg") == "RS256":
                return self._client(token, header)
            found = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                issuer=ISSUER,
                leeway=LEEWAY_S,
                options={"require": USER_NEEDS},
            )
            return _claims("user", found, found["uid"], UUID(found["sid"]), timedelta(minutes=USER_MINUTES))
        except (jwt.InvalidTokenError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def _client(self, token: str, header: Mapping[str, Any]) -> Claims | None:
        """A program's token. Its audience is the program itself; its issuer an address that is one of ours."""
        if header.get("kid") != self._kid:
            return None
        said = jwt.decode(token, options={"verify_signature": False})
        found = jwt.decode(
            token, self._public, algorithms=["RS256"], audience=str(said["client_id"]), leeway=LEEWAY_S,
            options={"require": CLIENT_NEEDS, "strict_aud": True},
        )  # fmt: skip
        if found["iss"] != ISSUER and not self._ours(found["iss"]):
            return None
        return _claims("client", found, found["cid"], None, timedelta(seconds=CLIENT_SECONDS))

    def issuer(self, address: str) -> str:
        """``address`` as an issuer, where it is one of ours: what a Host header says is anybody's word."""
        return address if self._ours(address) else ISSUER

    def _ours(self, address: str) -> bool:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and parts.path == "" and believed(parts.netloc, self._hosts)

    def jwks(self) -> dict[str, Any]:
        """The public key, as RFC 7517 publishes it."""
        key = RSAAlgorithm.to_jwk(self._public, as_dict=True)
        return {"keys": [{**key, "kid": self._kid, "use": "sig", "alg": "RS256"}]}


def _times(now: datetime, lasts: timedelta) -> dict[str, Any]:
    at = int(now.timestamp())
    return {"iat": at, "nbf": at, "exp": int((now + lasts).timestamp()), "jti": secrets.token_hex(16)}


def _claims(
    kind: Literal["user", "client"],
    found: Mapping[str, Any],
    subject: str,
    login: UUID | None,
    lasts: timedelta,
) -> Claims | None:
    given, ends = float(found["iat"]), float(found["exp"])
    if not 0 < ends - given <= lasts.total_seconds():
        return None
    return Claims(kind, UUID(subject), given, ends, login)


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
