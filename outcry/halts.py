"""The kill switch from the command line: straight to the database, past every process of the floor."""

import getpass
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from db import halting
from db.pool import open_pool
from openoutcry.errors import BadInput, Conflict, StartupRefused
from openoutcry.types.commands import Halt, Unhalt
from openoutcry.types.symbols import canonical
from outcry.floordb import running_database
from wire.clock import WallClock
from wire.config import DEFAULT_ORG, home_folder, kill_file

C = TypeVar("C", Halt, Unhalt)


@dataclass(frozen=True, slots=True)
class Said:
    """What stands after it."""

    halted: bool
    reason: str
    symbol: str | None
    flatten: bool
    swept: bool

    def json(self) -> str:
        """For programs."""
        return json.dumps(asdict(self))

    def text(self) -> str:
        """For a person."""
        what = self.symbol or "trading"
        if not self.halted:
            return f"{what} may go on"
        done = "positions are closed" if self.flatten else "open orders are cancelled"
        missing = (
            "not every position is closed yet" if self.flatten else "nobody has cancelled open orders yet"
        )
        return f"{what} is halted: {self.reason}; {done if self.swept else missing}"


def asked(kind: type[C], *, symbol: str | None, **values: Any) -> C:
    """The command's own check of its fields. Raises BadInput naming the one that does not fit."""
    try:
        return kind(symbol=None if symbol is None else canonical(symbol), **values)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        raise BadInput(f"{field}: {first['msg']}", field=field) from error


async def throw(home: Path | None, wanted: Halt, wait_s: float) -> Said:
    """Halt, and wait for open orders to be cancelled. Raises StartupRefused when there is no database to tell."""
    async with _database(home) as pool:
        await halting.throw(
            pool,
            UUID(DEFAULT_ORG),
            reason=wanted.reason,
            by=f"cli:{getpass.getuser()}",
            source="cli",
            at=WallClock().now(),
            symbol=wanted.symbol,
            flatten=wanted.flatten,
        )
        swept = await halting.wait_swept(pool, wanted.symbol, wait_s)
        stands = (await halting.standing(pool)).get(wanted.symbol)
        reason = wanted.reason if stands is None else str(stands["reason"])
        return Said(stands is not None, reason, wanted.symbol, wanted.flatten, swept)


async def release(home: Path | None, wanted: Unhalt) -> Said:
    """Let trading go on. Raises NotFound when nothing is halted, Conflict while the kill file is there."""
    folder = home_folder(str(home) if home else None)
    file = kill_file(folder)
    if file.exists():
        raise Conflict(f"{file} is still there: remove it first")
    async with _database(home) as pool:
        await halting.release(
            pool,
            UUID(DEFAULT_ORG),
            reason=wanted.reason,
            by=f"cli:{getpass.getuser()}",
            at=WallClock().now(),
            symbol=wanted.symbol,
        )
    return Said(False, wanted.reason, wanted.symbol, flatten=False, swept=True)


@asynccontextmanager
async def _database(home: Path | None) -> AsyncIterator[asyncpg.Pool]:
    folder = home_folder(str(home) if home else None)
    url = running_database(folder)
    if url is None:
        raise StartupRefused(
            f"no floor runs in {folder}; to have it start halted, make the file {kill_file(folder)}"
        )
    pool = await open_pool(url)
    try:
        yield pool
    finally:
        await pool.close()
