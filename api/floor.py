"""What routes work with, put together once at start-up."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import asyncpg
from litestar import Litestar
from litestar.di import NamedDependency

from api.auth.doorman import Doorman
from api.identity import KeyRing
from api.machine import Machine
from api.mcp.gateway import Gateway
from api.page_memory import PageMemory
from api.throttle import SharedThrottle
from api.told import Told
from api.tracking.forwarding import Tracking
from api.tracking.settings import TrackingSettings
from api.trading import DefaultsFile
from api.traffic import Traffic
from api.uptime import Uptime
from api.ws.hub import Hub
from api.ws.protocol import WRITE_TIMEOUT_S
from api.ws.turnstile import Turnstile
from db.listening import Listening
from db.unchanged import Unchanged
from openoutcry.settings import Settings
from wire.config import RunSpec


@dataclass(frozen=True)
class Floor:
    """The database, the live stream, and what this process was told."""

    database_url: str
    home: Path | None
    pool: asyncpg.Pool
    """Sees the rows of the org a request is made for, and no others."""
    unchanged: Unchanged
    """Asks it for lists that may hold something new."""
    doorman: Doorman
    listening: Listening
    hub: Hub
    keys: KeyRing
    settings: Settings
    run: RunSpec
    turnstile: Turnstile
    classes: Mapping[str, SharedThrottle]
    """By class of haste: how often one caller may ask routes of it."""
    traffic: Traffic = field(default_factory=Traffic)
    uptime: Uptime = field(default_factory=Uptime)
    machine: Machine = field(default_factory=Machine)
    tracking: Tracking = field(default_factory=lambda: Tracking(TrackingSettings()))
    mcp: Gateway = field(default_factory=Gateway)
    command_timeout_s: float = 10.0
    kill_file: Path | None = None
    """While it is there, no halt is released."""
    write_s: float = WRITE_TIMEOUT_S
    """How long a WebSocket's client may leave a frame unread."""
    verifying: asyncio.Lock = field(default_factory=asyncio.Lock)
    told: Told = field(default_factory=Told)
    trading: DefaultsFile = field(init=False)
    pages: PageMemory = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "trading", DefaultsFile(self.home))
        object.__setattr__(self, "pages", PageMemory(self.home))


TheFloor: TypeAlias = NamedDependency[Floor]
"""The floor as a route's parameter."""


def floor_of(app: Litestar) -> Floor:
    """The floor an app was built for."""
    floor: Floor = app.state["floor"]
    return floor
