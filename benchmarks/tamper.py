"""G20: whether the verifier sees whatever somebody with full rights on the database does to a ledger.

make tamper, or python -m benchmarks.tamper [--deeds 10000] [--seed 20] [--seconds 3600]

Edits, deletes, swaps, inserted copies and cut tails of random rows and columns, one at a time, each undone before the next.
Seen means that the verifier names the table and, where one column was touched, the column. Deeds are lines of a kept file:
with the same seed and commit the next slice goes on where the last one stopped. Exits with 1 when one was not seen.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from time import monotonic

import asyncpg

from benchmarks.machine import ROOT, machine
from benchmarks.slices import Kept, Row, bound
from db.embedded import EmbeddedPostgres
from db.embedder import embed_all
from db.migrate import upgrade
from db.pool import open_pool
from db.verify import verify
from tests.db.conftest import Writer
from tests.db.vandal import VERIFIED, Vandal
from tests.factories import Session

ROUNDS = 24
DEEDS = ("edit", "edit", "delete", "insert", "swap", "cut")


async def one(vandal: Vandal, pool: asyncpg.Pool, home: Path, rng: Random) -> Row | None:
    """Do one thing and look; None when the database itself, or the rows as they are, left nothing to do."""
    deed, table = rng.choice(DEEDS), rng.choice((*VERIFIED, "sessions"))
    touched = [*VERIFIED, "sessions"] if deed == "cut" else [table]
    if table == "sessions" and deed != "edit":
        table, touched = "cycles", touched if deed == "cut" else ["cycles"]
    try:
        column = await (vandal.cut(rng) if deed == "cut" else getattr(vandal, deed)(rng, table))
    except asyncpg.IntegrityConstraintViolationError:
        return None
    if column is None:
        return None
    findings = (await verify(pool, vandal.session_id, home)).findings
    for name in touched:
        await vandal.restore(name)
    named = [found for found in findings if found.table == (table if deed != "cut" else "cycles")]
    seen = any(column in ("*", found.column) or found.column == "*" for found in named)
    return {"deed": deed, "table": table, "column": column, "seen": seen}


async def deeds(url: str, home: Path, kept: Kept, many: int, until: float) -> None:
    """Do what is left of ``many`` on a session of its own; a second session beside it stays as it is."""
    await upgrade(url)
    pool = await open_pool(url)
    connection = await asyncpg.connect(url, server_settings={"session_replication_role": "replica"})
    try:
        for seed, rounds in ((8, 3), (7, ROUNDS)):
            session = Session(seed=seed)
            writer = await Writer(pool, session, home).open()
            for record in session.run(rounds):
                await writer.write(record)
        await embed_all(pool)  # an empty embedding that is edited stays empty
        vandal = Vandal(connection, writer.facts.session_id)
        await vandal.learn()
        for number in range(len(kept.rows()), many):
            if monotonic() >= until:
                break
            rng, row = Random(f"{kept.told['seed']}/{number}"), None
            while row is None:
                row = await one(vandal, pool, home, rng)
            kept.add({"number": number, **row})
        assert (await verify(pool, vandal.session_id, home)).ok, "undoing left something behind"
    finally:
        await connection.close()
        await pool.close()


def main() -> None:
    """Print the figure with N, seed, machine and commit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deeds", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--kept", type=Path, default=ROOT / ".cache" / "tamper.jsonl")
    asked = parser.parse_args()
    kept, until = (
        Kept(asked.kept, {"seed": asked.seed, "commit": machine()["commit"]}),
        monotonic() + asked.seconds,
    )
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        try:
            asyncio.run(deeds(server.start(), Path(folder), kept, asked.deeds, until))
        finally:
            server.stop()
    rows = kept.rows()
    unseen = [row for row in rows if not row["seen"]]
    figure = {
        "figure": "G20",
        "deeds": len(rows),
        "wanted": asked.deeds,
        "unseen": len(unseen),
        "bound_95": None if unseen or not rows else bound(len(rows)),
    }
    print(
        json.dumps(
            {**figure, "by_deed": Counter(row["deed"] for row in rows), "seed": asked.seed, **machine()}
        )
    )
    for row in unseen[:20]:
        print(json.dumps(row))
    sys.exit(1 if unseen else 0)


if __name__ == "__main__":
    main()
