"""The simulated database against a real one: what a simulated floor asked of it, asked again of Postgres, in the same order."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from db import leases, ledger, records, sessions, settings_told
from db.pool import open_pool
from db.reads import session_books
from mcp_servers.execution import intents
from orchestrator import recordings
from simulator.database import server
from simulator.database.statements import STATEMENTS
from simulator.database.tables import Tables, Transaction
from simulator.run import simulate
from wire.clock import WallClock

SEEDS = (14, 31)
LEASING = frozenset({leases.TAKE, leases.RENEW, leases.RELEASE, leases.HOLDER})
"""These depend on clocks and on who is connected; tests/db/test_leases.py has them. Here their outcome is written down."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "cycles": ("session_id", "seq"),
    "equity": ("session_id", "seq"),
    "rounds": ("session_id", "seq"),
    "events": ("org_id", "seq"),
    "event_counters": ("org_id",),
    "agents": ("org_id", "name"),
    "floor_state": ("key",),
    "venue_sends": ("client_order_id",),
    "venue_books": ("number",),
    "reconciliations": ("number",),
}
HOUR = timedelta(hours=1)


@dataclass
class Asked:
    """One transaction: its statements with their answers, and how it ended."""

    said: list[tuple[str, Sequence[Any], list[dict[str, Any]], str]] = field(default_factory=list)
    leases: list[dict[str, Any]] = field(default_factory=list)
    failed: tuple[str, Sequence[Any], type[Exception]] | None = None


class Heard:
    """Every transaction of a simulated database. One that crashed has forgotten some: of no use here."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.asked: list[Asked] = []
        self.tables = Tables(lambda changes: None)
        self.forgot = False
        self._open: dict[int, Asked] = {}
        done, commit, crash = server.Link._done, server.Database.commit, server.Database.crash
        rollback = Tables.rollback

        def heard(link: Any, work: Transaction, query: str, arguments: Sequence[Any]) -> Any:
            one = self._open.setdefault(id(work), Asked())
            try:
                rows, tag = done(link, work, query, arguments)
            except asyncpg.PostgresError as error:
                one.failed = (query, arguments, type(error))
                self._ended(work)
                raise
            one.said.append((query, arguments, [dict(row) for row in rows], tag))
            return rows, tag

        def committed(database: Any, work: Transaction) -> None:
            commit(database, work)
            one = self._open.get(id(work))
            if one is not None:
                one.leases = [
                    row for table, _, _, row in work.changes if table == "leases" and row is not None
                ]
            self._ended(work)
            self.tables = database.tables

        def crashed(database: Any, seconds: float) -> None:
            self.forgot = True
            crash(database, seconds)

        def taken_back(tables: Tables, work: Transaction) -> None:
            rollback(tables, work)
            self._open.pop(id(work), None)

        patch.setattr(Tables, "rollback", taken_back)
        patch.setattr(server.Link, "_done", heard)
        patch.setattr(server.Database, "commit", committed)
        patch.setattr(server.Database, "crash", crashed)

    def _ended(self, work: Transaction) -> None:
        one = self._open.pop(id(work), None)
        if one is not None:
            self.asked.append(one)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_simulated_database_answers_as_postgres_does(
    seed: int, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(monkeypatch)
    assert simulate(seed).violation is None and not heard.forgot
    monkeypatch.undo()
    assert asyncio.run(_differences(fresh_database, heard)) == []
    asked = {query for one in heard.asked for query, *_ in one.said}
    assert len(asked) > 25, "too little was asked to say anything"


async def _differences(url: str, heard: Heard) -> list[str]:
    pool = await open_pool(url, most=1)
    found: list[str] = []
    try:
        async with pool.acquire() as connection:
            for number, one in enumerate(heard.asked):
                found += [f"transaction {number}: {text}" for text in await _again(connection, one)]
            for query, arguments in _further(heard.tables.rows):
                rows, tag = STATEMENTS[query](Transaction(heard.tables, 0, {}), arguments)
                statement = await connection.prepare(query)
                real = [dict(row) for row in await statement.fetch(*arguments)]
                found += _answers(query, rows, tag, real, statement.get_statusmsg())
            found += [text async for text in _tables(connection, heard.tables.rows)]
    finally:
        await pool.close()
    return found[:10]


def _further(rows: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What only rare misfortunes ask, asked of the tables as they are in the end."""
    session = next(iter(rows["sessions"].values()))
    here, org, newest = session["id"], session["org_id"], session["head_seq"]
    yield ledger.HEAD, (here,)
    yield records.ONE, (here, newest)
    yield settings_told.SETTINGS, (here, newest)
    yield recordings.DEFINED, (here, newest)
    yield intents.HALT, (session["symbol"],)
    yield sessions.ABANDON, (here,)
    yield session_books.LATEST, (org, session["symbol"], None)
    yield "DELETE FROM floor_state WHERE key = $1", ("clock",)
    for seq in range(newest + 1):
        yield ledger.STORED, (here, seq)
        yield recordings.OPEN_THEN, (here, seq, session["as_of"])


async def _again(connection: Any, one: Asked) -> list[str]:
    transaction = connection.transaction()
    await transaction.start()
    found = []
    for query, arguments, rows, tag in one.said:
        if query not in LEASING:
            statement = await connection.prepare(query)
            real = [dict(row) for row in await statement.fetch(*arguments)]
            found += _answers(query, rows, tag, real, statement.get_statusmsg())
    for row in one.leases:
        put = """INSERT INTO leases (name, holder, token, backend_pid, backend_start, expires_at)
                 VALUES ($1, $2, $3, 0, now(), now() + interval '1 hour')
                 ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = excluded.token"""
        await connection.execute(put, row["name"], row["holder"], row["token"])
    if one.failed is not None:
        query, arguments, kind = one.failed
        with pytest.raises(kind):
            await connection.fetch(query, *arguments)
        await transaction.rollback()
    else:
        await transaction.commit()
    return found


def _answers(
    query: str, rows: list[dict[str, Any]], tag: str, real: list[dict[str, Any]], said: str
) -> Iterator[str]:
    name = " ".join(query.split())[:70]
    if len(rows) != len(real):
        if rows or not all(value is None for row in real for value in row.values()):
            yield f"{name}: {len(rows)} rows, Postgres has {len(real)}: {real[:2]}"
        return
    if not rows and tag[-1:].isdigit() and tag.split()[0] in ("INSERT", "UPDATE", "DELETE") and tag != said:
        yield f"{name}: {tag}, Postgres says {said}"
    for mine, theirs in zip(rows, real, strict=True):
        pairs = {key: (value, theirs[key]) for key, value in mine.items() if key in theirs}
        if not pairs:  # a column without a name
            pairs = {"": (next(iter(mine.values())), next(iter(theirs.values())))}
        yield from (
            f"{name}: {key} {a!r}, Postgres has {b!r}" for key, (a, b) in pairs.items() if not _same(a, b)
        )


async def _tables(connection: Any, rows: Mapping[str, Mapping[Any, dict[str, Any]]]) -> Any:
    for table, mine in rows.items():
        if table == "leases" or not mine:
            continue
        keys = KEYS.get(table, ("id",))
        real = {
            tuple(row[key] for key in keys): dict(row)
            for row in await connection.fetch(f"SELECT * FROM {table}")
        }
        if len(real) != len(mine):
            yield f"{table}: {len(mine)} rows, Postgres has {len(real)}"
        for row in mine.values():
            theirs = real.get(tuple(row[key] for key in keys), {})
            for name, value in row.items():
                if name in theirs and not _same(value, theirs[name]):
                    yield f"{table}.{name}: {value!r}, Postgres has {theirs[name]!r}"
                elif name not in theirs:
                    yield f"{table}.{name}: not in Postgres"


def _same(mine: Any, theirs: Any) -> bool:
    """The same value; a time of the server's own clock is not the simulated one's."""
    if isinstance(mine, datetime) and isinstance(theirs, datetime):
        return mine == theirs or abs(WallClock().now() - theirs) < HOUR
    if isinstance(mine, str) and isinstance(theirs, dict | list):
        mine = json.loads(mine)
    if isinstance(mine, Decimal | float) and isinstance(theirs, Decimal | float):
        return (
            float(mine) == float(theirs)
            if isinstance(mine, float) or isinstance(theirs, float)
            else mine == theirs
        )
    if isinstance(mine, tuple | list) and isinstance(theirs, tuple | list):
        return len(mine) == len(theirs) and all(map(_same, mine, theirs))
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return mine.keys() == theirs.keys() and all(_same(mine[key], theirs[key]) for key in mine)
    return bool(mine == theirs)
