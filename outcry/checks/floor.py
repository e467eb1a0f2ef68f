"""The floor of a home: its port, its database, its processes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import asyncpg
import httpx2

from openoutcry.errors import OpenOutcryError
from openoutcry.version import VERSION
from outcry import runfile
from outcry.checks.check import Check
from outcry.database import floor_database
from outcry.tasks import port_is_free
from wire.clock import WallClock

CLOCK_SKEW_S = 5.0


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
