"""What the command line of ``outcry up`` asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wire.venue_keys import VenueAccess


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command line's wishes, unchecked."""

    home: Path | None
    port: int
    market: str
    exchange: str
    symbols: str | None
    timeframe: str | None
    start: str | None
    end: str | None
    compat: str | None
    """Other ports the API listens on, as OUTCRY_COMPAT_PORTS has them; None: only its own."""
    speed: str | None
    rounds: int | None
    seed: int
    workers: int
    stay: bool
    as_json: bool
    record: Path | None = None
    agents: str | None = None
    """Who sits, by name and comma; None: who the settings seat."""
    servers: str | None = None
    """Servers that run although no seat asks them, by name and comma."""
    live: bool = False
    confirm: str | None = None
    exchange_url: str | None = None
    venue_access: VenueAccess | None = field(default=None, repr=False)
    """Made from the environment by ``open_floor`` itself."""
    vendor_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Taken from the environment by ``open_floor`` itself."""
    root: bytes = field(default=b"", repr=False)
    admin_key: str | None = field(default=None, repr=False)
    """The floor's key, and an admin's where one was given; no process of the floor finds them in its environment."""
    database_url: str | None = field(default=None, repr=False)
    """The operator's own database, its password perhaps in it; None for the home's."""
