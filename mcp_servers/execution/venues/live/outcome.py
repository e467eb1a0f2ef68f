"""What an exchange's answer to an order says: taken, refused for good, or nobody knows.

Binance's words, spot and USD-M. ccxt's own reading of them is not used: it takes a body cut in half for a refusal,
``{}`` for an open order and a revoked key for a busy server. Only what is on the list of definitive refusals is one;
whatever is not understood is Unknown, and is looked up.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEY = frozenset({-2014, -2015, -1002, -1022})
"""The key is not (any more) allowed to do this: halt, do not try again."""
CLOCK = -1021
LIMITS = frozenset({-1003, -1015})
NOT_PROCESSED = frozenset({-1008, -1016})
ILLEGAL = frozenset({-1013, *range(-1131, -1099), -2016, -2021, -2022})
REFUSED = frozenset(
    {-2010, -2011, -2013, -2018, -2019, -2020, -2023, -2024, -2025, -2026, -2027, -2028, -4120, -5021, -5022}
)
PERP_FILTERS = frozenset({*range(-4034, -3999), -4131, -4164, -4183, -4184}) - {-4015}
PERP_REFUSED = frozenset({-4045, -4061, -4062, -4087, -4088, -4118, *range(-4142, -4136), -4144})
"""Perpetuals: too many stops, nothing to reduce, a market that is closed, a stop beyond its price."""
FILTERS = PERP_FILTERS | {-1013, -1111}
"""The market's rules do not let this order be: they may have changed since they were read. Perpetuals have no -1013 for it."""
REJECTIONS = ILLEGAL | REFUSED | PERP_FILTERS | PERP_REFUSED | NOT_PROCESSED
"""The definitive list: with one of these in a 4xx answer the order does not exist and never will."""
DUPLICATE = ("Duplicate order sent", "ClientOrderId is duplicated")
MOST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that came in whole. ``body`` is text of at most the size that the gateway reads."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoReply:
    """No whole answer came. ``sent`` False: the bytes surely never left."""

    reason: str
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Answered:
    """A JSON value of a 2xx answer; what it says of an order is still to be checked."""

    value: Any


@dataclass(frozen=True, slots=True)
class Rejected:
    """Definitive: what was asked for was not done and never will be."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows; look it up."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryAfterResync:
    """Not accepted, because our clock and theirs differ: measure, sign anew, send."""

    message: str


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    """Not accepted, and no later one will be until a person looks at the key."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Limited:
    """Not accepted: too much was asked. Nothing may be sent for ``retry_after_s`` seconds."""

    status: int
    retry_after_s: float
    message: str


Outcome = Answered | Rejected | Unknown | RetryAfterResync | KeyRevoked | Limited
DEFAULT_WAIT_S = {429: 60.0, 418: 120.0}


def outcome(reply: Reply | NoReply) -> Outcome:
    """Sort an answer."""
    if isinstance(reply, NoReply):
        return Unknown(reply.reason) if reply.sent else Rejected(0, f"never sent: {reply.reason}")
    if reply.status in DEFAULT_WAIT_S:
        return Limited(reply.status, _retry_after(reply), _message(_json(reply.body)) or "too many requests")
    value = _json(reply.body)
    code = _code(value)
    if 200 <= reply.status < 300 and value is not None and code is None:
        return Answered(value)
    if 400 <= reply.status < 500 and code is not None:
        return _refusal(code, _message(value))
    said = f"HTTP {reply.status}" if code is None else f"HTTP {reply.status}, code {code}: {_message(value)}"
    return Unknown(said if value is not None else f"HTTP {reply.status} without JSON")


def _refusal(code: int, message: str) -> Outcome:
    if code == CLOCK:
        return RetryAfterResync(message)
    if code in KEY:
        return KeyRevoked(code, message)
    if code in LIMITS:
        return Limited(429, 10.0, message)
    if code in REJECTIONS and not any(word in message for word in DUPLICATE):
        return Rejected(code, message)
    return Unknown(f"code {code}: {message}")


def _json(body: str) -> Any:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _code(value: Any) -> int | None:
    """The error code of an error body; None for any other. A cancelled batch answers with code 200: no error."""
    code = value.get("code") if isinstance(value, dict) and "msg" in value else None
    try:
        number = int(code) if isinstance(code, int | str) and not isinstance(code, bool) else None
    except ValueError:
        return None
    return None if number is None or number == 200 else number


def _message(value: Any) -> str:
    text = value.get("msg", "") if isinstance(value, dict) else ""
    return str(text)[:MOST_MESSAGE]


def _retry_after(reply: Reply) -> float:
    text = next((v for k, v in reply.headers.items() if k.lower() == "retry-after"), "")
    if text.isascii() and text.isdigit() and len(text) < 8:
        return max(1.0, float(text))
    return DEFAULT_WAIT_S[reply.status]
