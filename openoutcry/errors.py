"""The exception tree.

    OpenOutcryError
    ├── BadInput              something from outside is not what it must be; names the field
    │   ├── BadAmount         a number that is not a finite, plain, bounded decimal
    │   ├── BadSymbol         not a pair this system can name
    │   ├── BadTimeframe      not a bar length this system knows
    │   ├── BadConfig         a settings file or variable is wrong
    │   └── BadStrategy       a strategy breaks its rules; holds every problem (in openoutcry/strategy/strict.py)
    ├── NotFound              nothing of that name is stored
    ├── Conflict              what is stored does not allow it: a name taken, a state that forbids it, a race lost
    ├── DataUnavailable       the market data asked for does not exist (yet), with the reason
    ├── NotAuthorised         a token is missing, wrong, expired or lacks the scope
    ├── ToolFailed            an MCP tool answered with an error; carries its stable code
    ├── VenueError
    │   ├── VenueRejected     definitive: the venue did not and will not accept the order
    │   └── VenueUnknown      the outcome is not known; look it up, never resend
    ├── Fenced                another process holds the lease: this one may do nothing under it
    ├── ReplayDiverged        a strict replay asked what its recording does not hold
    ├── LedgerBroken          the hash chain or a row under it is not what was written
    └── StartupRefused        the process must not start (namesake package, version mismatch, missing secret)

Expected outcomes (Abstain, Refused, a rejected order) are values, not exceptions.
"""


class OpenOutcryError(Exception):
    """Base of every error this system raises on purpose."""

    code = "ERROR"


class BadInput(OpenOutcryError):
    """Input from outside is malformed. ``field`` names what is wrong, as the caller spelled it."""

    code = "INVALID_ARGUMENT"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class BadAmount(BadInput):
    """A number is not a finite, plain, bounded decimal."""


class BadSymbol(BadInput):
    """A symbol cannot be read as BASE/QUOTE or BASE/QUOTE:SETTLE."""


class BadTimeframe(BadInput):
    """A bar length is not one of the known ones."""


class BadConfig(BadInput):
    """A setting is unknown, of the wrong type or contradicts another."""

    code = "BAD_CONFIG"


class NotFound(OpenOutcryError):
    """What is named does not exist; the message says where to look."""

    code = "NOT_FOUND"


class Conflict(OpenOutcryError):
    """The request is sound, but what is stored forbids it. ``field`` names what stands in the way, where one does."""

    code = "CONFLICT"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class DataUnavailable(OpenOutcryError):
    """The data asked for is not there; the message says what would make it available."""

    code = "DATA_UNAVAILABLE"


class NotAuthorised(OpenOutcryError):
    """A token is missing, forged, expired, for another audience, or lacks the scope."""

    code = "NOT_AUTHORISED"


class ToolFailed(OpenOutcryError):
    """An MCP tool answered with an error result."""

    def __init__(self, tool: str, code: str, message: str) -> None:
        super().__init__(f"{tool}: {code}: {message}")
        self.tool = tool
        self.code = code
        self.message = message


class VenueError(OpenOutcryError):
    """A venue did not do what was asked."""

    code = "VENUE_ERROR"


class VenueRejected(VenueError):
    """Definitive refusal: the order does not exist at the venue and never will."""

    code = "VENUE_REJECTED"


class VenueUnknown(VenueError):
    """Nobody knows whether the order exists; it is looked up, never resent."""

    code = "VENUE_UNKNOWN"


class Fenced(OpenOutcryError):
    """Another process took the lease that this one acts under; nothing was written or sent."""

    code = "FENCED"

    def __init__(self, message: str, lease: str) -> None:
        super().__init__(message)
        self.lease = lease


class ReplayDiverged(OpenOutcryError):
    """A replay asked or was asked what its recording does not hold; the message names what differs."""

    code = "REPLAY_DIVERGED"


class LedgerBroken(OpenOutcryError):
    """The ledger or a row projected from it was altered."""

    code = "LEDGER_BROKEN"


class StartupRefused(OpenOutcryError):
    """The process must not start; the message says what to do."""

    code = "STARTUP_REFUSED"
