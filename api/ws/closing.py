"""Why the server ends a connection."""

from dataclasses import dataclass

from api.ws.protocol import MAX_FRAME

POLICY = 1008
TOO_BIG = 1009
SERVER_ERROR = 1011
TRY_AGAIN_LATER = 1013
MOST_REASON = 120
"""Bytes; a close frame carries at most 123."""


@dataclass(frozen=True, slots=True)
class Closing:
    """A close code with its reason."""

    code: int
    reason: str


FELL_BEHIND = Closing(TRY_AGAIN_LATER, "fell behind; resume with last_seq")
GOING_AWAY = Closing(1001, "server is stopping")

NOT_AUTHENTICATED = Closing(POLICY, "authentication failed")
NOT_ALLOWED = Closing(POLICY, "permission denied")
KEY_ENDED = Closing(POLICY, "the key or token was revoked or has expired")
FOREIGN = Closing(POLICY, "pages of this origin may not connect")
UNAVAILABLE = Closing(TRY_AGAIN_LATER, "database unavailable")
TOO_FAST = Closing(POLICY, "too many messages")
TOO_LONG = Closing(TOO_BIG, f"messages to the server are at most {MAX_FRAME} bytes")
BROKEN = Closing(SERVER_ERROR, "server error")


class Ended(Exception):
    """The connection is to be closed by the server."""

    def __init__(self, closing: Closing) -> None:
        super().__init__(closing.reason)
        self.closing = closing


def because(message: str) -> Closing:
    """What a client asked for cannot be."""
    return Closing(POLICY, message.encode()[:MOST_REASON].decode(errors="ignore"))
