"""This process: open the database, build the app, listen."""

import asyncio
import gc
import os
import re
import socket
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
import uvicorn
import uvloop
from litestar.types import ASGIApp

from api.app import QUIET, Alerting, build
from api.assets import load
from api.auth.doorman import Doorman, anyone
from api.auth.hosts import Hosts, loopback, read_hosts
from api.auth.signing import Signer, home_key
from api.dialects import DIALECTS, Dialect
from api.events import TableEvents
from api.floor import Floor
from api.haste import Limits, read_proxies, shared
from api.http_protocol import FloorHttp
from api.identity import KeyRing
from api.mcp.gateway import Gateway
from api.notifiers.found import configured
from api.throttle import Rate
from api.tracking.forwarding import Tracking
from api.tracking.settings import load_tracking
from api.ws.hub import Hub
from api.ws.protocol import MAX_FRAME, STEADY, Heartbeat
from api.ws.turnstile import Room, Turnstile
from db.attendance import Attendance
from db.identity.holder import ROLES, Role
from db.listening import Listening
from db.pool import open_pool
from db.tenancy import open_tenant_pool
from db.unchanged import Unchanged
from openoutcry.errors import BadConfig, StartupRefused
from wire.config import DEFAULT_PORTS, ProcessConfig

log = structlog.get_logger()
KEEP_ALIVE_S = 75
GRACE_S = 3
POOL_SIZE = 8
BACKLOG = 2048
DOOR_SIZE = 3
ALERT_EVERY_S = 60
ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]{1,253}|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True)
class Face:
    """What the API is told beside the floor's own configuration."""

    host: str = "127.0.0.1"
    limits: Limits = field(default_factory=Limits)
    origins: tuple[str, ...] = ()
    hosts: Hosts = frozenset()
    """Names of this floor beside the loopback's."""
    room: Room = field(default_factory=Room)
    """How many WebSockets there may be."""
    heartbeat: Heartbeat = STEADY
    open_to: Role | None = None
    """What everybody without credentials may do; None: nothing."""
    compat: Mapping[int, Dialect] = field(default_factory=dict)
    """Other ports to listen on, each for the clients of one product."""
    alerting: Alerting = QUIET


def face_from_environment() -> Face:
    """What the variables OUTCRY_API_…, OUTCRY_WS_…, OUTCRY_CORS_ORIGINS and so on say, over the defaults."""
    default = Face()
    rate = Rate(
        per_s=_positive("OUTCRY_API_RATE", default.limits.per_key.per_s),
        burst=int(_positive("OUTCRY_API_BURST", default.limits.per_key.burst)),
    )
    return Face(
        limits=Limits(per_key=rate, proxies=read_proxies(os.environ.get("OUTCRY_TRUSTED_PROXIES", ""))),
        origins=read_origins(os.environ.get("OUTCRY_CORS_ORIGINS", "")),
        hosts=read_hosts(os.environ.get("OUTCRY_API_HOSTS", "")),
        room=_room(default.room),
        heartbeat=_heartbeat(default.heartbeat),
        open_to=_open_to(os.environ.get("OUTCRY_API_OPEN", "")),
        compat=compat_ports(os.environ.get("OUTCRY_COMPAT_PORTS", "")),
        alerting=Alerting(_positive("OUTCRY_ALERT_EVERY_S", ALERT_EVERY_S), configured(os.environ)),
    )


def _room(default: Room) -> Room:
    return Room(
        whole=int(_positive("OUTCRY_API_SOCKETS", default.whole)),
        address=int(_positive("OUTCRY_API_SOCKETS_PER_ADDRESS", default.address)),
        holder=int(_positive("OUTCRY_API_SOCKETS_PER_KEY", default.holder)),
        job=int(_positive("OUTCRY_API_SOCKETS_PER_JOB", default.job)),
    )


def _heartbeat(default: Heartbeat) -> Heartbeat:
    return Heartbeat(
        ping_s=_positive("OUTCRY_WS_PING_S", default.ping_s, least=0.1),
        pong_s=_positive("OUTCRY_WS_PONG_S", default.pong_s, least=0.1),
        write_s=_positive("OUTCRY_WS_WRITE_S", default.write_s, least=0.1),
    )


def _open_to(text: str) -> Role | None:
    role = next((role for role in ROLES if role == text), None)
    if text and role is None:
        raise BadConfig(
            f"OUTCRY_API_OPEN: {text[:40]!r} must be one of {', '.join(ROLES)}", field="OUTCRY_API_OPEN"
        )
    return role


def read_origins(text: str) -> tuple[str, ...]:
    """``https://a.example,http://b.example:3000`` as origins. Raises BadConfig; ``*`` is no site."""
    found = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    for origin in found:
        if ORIGIN.fullmatch(origin) is None:
            name = "OUTCRY_CORS_ORIGINS"
            raise BadConfig(
                f"{name}: {origin[:60]!r} must be a site such as https://floor.example", field=name
            )
    return found


def compat_ports(text: str) -> dict[int, Dialect]:
    """``tradai:8000,alphapulse:18001`` as port → dialect. Raises BadConfig."""
    found: dict[int, Dialect] = {}
    for part in (p.strip() for p in text.split(",") if p.strip()):
        name, _, port = part.partition(":")
        dialect = next((d for d in DIALECTS if d == name), None)
        if dialect is None or not port.isdigit() or not 1 <= int(port) <= 65535 or int(port) in found:
            message = f"OUTCRY_COMPAT_PORTS: {part[:60]!r} must be product:port, each port once; products: {', '.join(DIALECTS)}"
            raise BadConfig(message, field="OUTCRY_COMPAT_PORTS")
        found[int(port)] = dialect
    return found


def _positive(name: str, default: float, least: float = 1.0) -> float:
    text = os.environ.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not least <= value <= 1e6:
        raise BadConfig(f"{name}: {text!r} must be a number from {least:g} to 1000000", field=name)
    return value


@asynccontextmanager
async def opened(config: ProcessConfig, face: Face) -> AsyncIterator[ASGIApp]:
    """The app over an open database pool."""
    if config.database_url is None:
        raise StartupRefused(
            "no database: start the floor with `outcry up`, or give --database-url or OUTCRY_DATABASE_URL"
        )
    tracking = Tracking(load_tracking(config.home))
    # Pools open nothing yet: a database that is away delays nothing.
    pool = await open_tenant_pool(config.database_url, most=POOL_SIZE)
    door = await open_pool(config.database_url, least=0, most=DOOR_SIZE)
    doorman = Doorman(
        door,
        lambda: Signer(config.key, home_key(config.home), face.hosts),
        anyone(face.open_to) if face.open_to else None,
    )
    async with (
        Listening(config.database_url) as listening,
        Attendance.opened(config.database_url) as attendance,
    ):
        floor = Floor(
            database_url=config.database_url,
            home=config.home,
            kill_file=config.kill_file,
            pool=pool,
            unchanged=Unchanged(pool),
            doorman=doorman,
            listening=listening,
            hub=Hub(TableEvents(pool, listening)),
            keys=KeyRing(doorman.lookup),
            settings=config.settings,
            run=config.run,
            turnstile=Turnstile(attendance, face.room),
            write_s=face.heartbeat.write_s,
            tracking=tracking,
            mcp=Gateway(
                {name: url for name, url in config.endpoints.items() if name in config.tokens},
                config.tokens,
                face.hosts | {face.host},
                frozenset(face.origins),
            ),
            classes={kind: shared(door, rate, f"{kind}:") for kind, rate in face.limits.classes.items()},
        )
        try:
            yield build(floor, load(), face.limits, face.origins, face.compat, face.alerting, face.hosts)
        finally:
            pool.terminate()
            door.terminate()


def listening_on(app: ASGIApp, host: str, port: int, heartbeat: Heartbeat = STEADY) -> uvicorn.Config:
    """How the app is served."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=FloorHttp,
        ws=heartbeat.protocol(),
        ws_max_size=MAX_FRAME,
        ws_ping_interval=heartbeat.ping_s,
        ws_ping_timeout=heartbeat.pong_s,
        ws_per_message_deflate=False,
        server_header=False,
        proxy_headers=False,  # an address is what connected; whoever wants to name another is not believed
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


async def serve(config: ProcessConfig, port: int, face: Face) -> None:
    """Listen until SIGTERM or SIGINT. Raises StartupRefused when what was asked for must not be."""
    if face.open_to is not None and not loopback(face.host):
        raise StartupRefused(
            f"OUTCRY_API_OPEN lets everybody in who can reach the API, so it needs a loopback host, not {face.host}"
        )
    async with opened(config, face) as app:
        listeners = [listener(face.host, each) for each in (port, *face.compat)]
        gc.freeze()  # what imports and routes left is for good: nobody's answer is to wait for a look through it
        log.info("server_listening", server="api", host=face.host, port=port, compat=list(face.compat))
        await uvicorn.Server(listening_on(app, face.host, port, face.heartbeat)).serve(sockets=listeners)


def listener(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises StartupRefused naming a port that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise StartupRefused(f"cannot listen on {host}:{port}: {error.strerror}") from error


def run_until_stopped(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop; Ctrl-C ends quietly."""
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop.run(main)


def run(config: ProcessConfig, port: int | None) -> None:
    """Run the API as a process of its own."""
    run_until_stopped(serve(config, port or DEFAULT_PORTS["api"], face_from_environment()))
