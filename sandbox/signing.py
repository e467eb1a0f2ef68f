"""Who is calling: the API key, the HMAC signature over the very bytes sent, and the time window."""

import hmac
from hashlib import sha256

from sandbox.accounts import Account, Accounts
from sandbox.refusal import Refusal, mandatory

DEFAULT_WINDOW_MS = 5_000
MOST_WINDOW_MS = 60_000
AHEAD_MS = 1_000


def identify(accounts: Accounts, key: str | None, needed: str) -> Account:
    """The account of a key with the permission. Raises -2014 without a key and -2015 for a wrong, revoked or narrow one."""
    if not key:
        raise Refusal(-2014, "API-key format invalid.", 401)
    account = accounts.by_key.get(key)
    if account is None or account.revoked or needed not in account.permissions:
        raise Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    return account


def check_signature(account: Account, payload: str, params: dict[str, str], now: int) -> None:
    """``payload`` is what was signed: everything sent before ``&signature=``. Raises -1102, -1021, -1022."""
    signature = params.get("signature")
    if not signature:
        raise mandatory("signature")
    check_time(params, now)
    expected = hmac.new(account.secret.encode(), payload.encode(), sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Refusal(-1022, "Signature for this request is not valid.")


def check_time(params: dict[str, str], now: int) -> None:
    stamp, window = params.get("timestamp", ""), params.get("recvWindow", str(DEFAULT_WINDOW_MS))
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 16):
        raise mandatory("timestamp")
    try:
        width = int(float(window))
    except (ValueError, OverflowError):
        raise mandatory("recvWindow") from None
    if not 0 <= width <= MOST_WINDOW_MS:
        raise Refusal(-1131, "recvWindow must be less than 60000")
    sent = int(stamp)
    if sent >= now + AHEAD_MS:
        raise Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - sent > width:
        raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def unsigned(query: str, body: str) -> str:
    """What was signed: query and body as sent, joined, without the signature parameter."""
    parts = [piece for text in (query, body) for piece in [without_signature(text)] if piece]
    return "".join(parts)


def without_signature(text: str) -> str:
    return "&".join(piece for piece in text.split("&") if piece and not piece.startswith("signature="))
