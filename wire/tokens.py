"""Signed tokens: who calls (bearer), on whose behalf and up to when data may be seen (round), and order approvals.

All keys derive from one floor key, one per audience, so a server can check what was made for it and make nothing for
another. A round token carries one MAC per audience: agents carry it from the orchestrator to the servers unread.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from openoutcry.canonical import canonical_json
from openoutcry.errors import NotAuthorised
from openoutcry.types.fence import Fence
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Source
from openoutcry.types.orders import Approval

ROUND_META_KEY = "openoutcry/round"
SERVERS = ("market", "indicators", "risk", "execution")
OPTIONAL_SERVERS = ("news", "memory")
"""Those that run only when a seat asks them."""
MAX_TOKEN = 8192


class Caller(Frozen):
    """Who is calling a server, and what it may do there."""

    client_id: str
    audience: str
    scopes: tuple[str, ...]
    org_id: str
    expires_at: float | None = None


ANY_ORG = "*"
"""The org of a token that may be narrowed to any one org, and is good for nothing before that."""


class Narrowing(Frozen):
    """What a token's holder takes away from it: for whom it is used, what of its scopes, and how long."""

    client_id: str
    scopes: tuple[str, ...]
    org_id: str
    expires_at: float


class RoundClaims(Frozen):
    """The round a call belongs to. Servers cut everything at ``as_of``, whatever the caller says."""

    session_id: str
    org_id: str
    seq: int
    as_of: datetime
    source: Source
    timeframe: str
    symbols: tuple[str, ...]
    fence: Fence | None = None
    """The orchestrator's lease: one that lost it can have nothing sent. None where there is no floor to lose."""


def derive_key(floor_key: bytes, audience: str) -> bytes:
    """The key of one audience (32 bytes), useless for any other."""
    return hmac.new(floor_key, b"open-outcry/" + audience.encode(), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _mac(key: bytes, purpose: str, payload: bytes) -> bytes:
    return hmac.new(key, purpose.encode() + b"\n" + payload, hashlib.sha256).digest()


def mint_caller(key: bytes, caller: Caller) -> str:
    """A bearer token for one server."""
    payload = canonical_json(caller)
    return f"oot1.{_encode(payload)}.{_encode(_mac(key, 'caller', payload))}"


def verify_caller(key: bytes, token: str, audience: str, now: datetime) -> Caller:
    """The caller a bearer token names. Raises NotAuthorised without saying which check failed."""
    caller = _caller(key, token)
    expired = caller.expires_at is not None and caller.expires_at < now.timestamp()
    if caller.audience != audience or expired or caller.org_id == ANY_ORG:
        raise NotAuthorised("invalid token")
    return caller


def narrow(token: str, to: Narrowing) -> str:
    """The token with less in it: made without the server's key, and nobody can take the narrowing off again.

    The token's own MAC is the key of the narrowing's (as in a macaroon) and is left out.
    """
    kind, payload, mac = token.split(".")
    less = canonical_json(to)
    return f"{kind}.{payload}.{_encode(less)}.{_encode(_mac(_decode(mac), 'narrowed', less))}"


@lru_cache(maxsize=256)  # the same few tokens come with every call
def _caller(key: bytes, token: str) -> Caller:
    parts = token.split(".") if len(token) <= MAX_TOKEN else []
    try:
        if len(parts) not in (3, 4) or parts[0] != "oot1":
            raise NotAuthorised("invalid token")
        payload, mac = _decode(parts[1]), _decode(parts[-1])
        expected = _mac(key, "caller", payload)
        if len(parts) == 4:
            expected = _mac(expected, "narrowed", _decode(parts[2]))
        if not hmac.compare_digest(mac, expected):
            raise NotAuthorised("invalid token")
        caller = Caller.model_validate_json(payload)
        return (
            caller if len(parts) == 3 else _narrowed(caller, Narrowing.model_validate_json(_decode(parts[2])))
        )
    except (binascii.Error, ValueError, ValidationError) as error:
        raise NotAuthorised("invalid token") from error


def _narrowed(caller: Caller, less: Narrowing) -> Caller:
    """The caller with what both allow. Raises NotAuthorised for another org than the token's."""
    if caller.org_id not in (ANY_ORG, less.org_id) or less.org_id == ANY_ORG:
        raise NotAuthorised("invalid token")
    ends = [end for end in (caller.expires_at, less.expires_at) if end is not None]
    return Caller(
        client_id=less.client_id,
        audience=caller.audience,
        scopes=tuple(scope for scope in less.scopes if scope in caller.scopes),
        org_id=less.org_id,
        expires_at=min(ends),
    )


def sign_round(keys: Mapping[str, bytes], claims: RoundClaims) -> str:
    """A round token that each audience of ``keys`` can check."""
    payload = canonical_json(claims)
    macs = {audience: _encode(_mac(key, "round", payload)) for audience, key in keys.items()}
    return f"oor1.{_encode(payload)}.{_encode(json.dumps(macs).encode())}"


def verify_round(key: bytes, token: object, audience: str) -> RoundClaims:
    """The claims of a round token. Raises NotAuthorised."""
    if not isinstance(token, str):
        raise NotAuthorised("invalid round token")
    return _round(key, token, audience)


@lru_cache(maxsize=64)  # a round's token comes with each of its calls
def _round(key: bytes, token: str, audience: str) -> RoundClaims:
    parts = token.split(".") if len(token) <= MAX_TOKEN else []
    try:
        if len(parts) != 3 or parts[0] != "oor1":
            raise NotAuthorised("invalid round token")
        payload = _decode(parts[1])
        macs: Any = json.loads(_decode(parts[2]))
        mac = macs.get(audience) if isinstance(macs, dict) else None
        if not isinstance(mac, str) or not hmac.compare_digest(_decode(mac), _mac(key, "round", payload)):
            raise NotAuthorised("invalid round token")
        return RoundClaims.model_validate_json(payload)
    except (binascii.Error, ValueError, ValidationError) as error:
        raise NotAuthorised("invalid round token") from error


def _approval_payload(approval: Approval) -> bytes:
    return canonical_json(approval.model_copy(update={"mac": ""}))


def sign_approval(execution_key: bytes, approval: Approval) -> Approval:
    """The approval with its MAC by the execution server's key."""
    return approval.model_copy(
        update={"mac": _encode(_mac(execution_key, "approval", _approval_payload(approval)))}
    )


def verify_approval(execution_key: bytes, approval: Approval) -> None:
    """Raises NotAuthorised unless the approval's MAC is ours."""
    try:
        given = _decode(approval.mac)
    except (binascii.Error, ValueError) as error:
        raise NotAuthorised("approval: invalid signature") from error
    if not hmac.compare_digest(given, _mac(execution_key, "approval", _approval_payload(approval))):
        raise NotAuthorised("approval: invalid signature")
