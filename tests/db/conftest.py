"""A pool on a fresh database, and sessions written to it through the ledger's own door."""

from datetime import timedelta

import pytest

from db import ledger, sessions
from db.pool import open_pool, retrying
from openoutcry.canonical import derived_id
from openoutcry.ledger.facts import SessionFacts
from openoutcry.orders import client_order_id
from openoutcry.types.orders import Approved
from tests.factories import SETTINGS, START, Session


@pytest.fixture
async def pool(fresh_database):
    """A pool of four connections on a database of this test's own."""
    pool = await open_pool(fresh_database)
    yield pool
    await pool.close()


@pytest.fixture
async def owner(fresh_database):
    """A pool of the tables' owner, beside one that a test opens for an org; what it still runs is cut off in the end."""
    pool = await open_pool(fresh_database)
    yield pool
    pool.terminate()


APPROVAL = """
INSERT INTO approvals (id, org_id, session_id, seq, leg, client_order_id, order_hash, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""


class Writer:
    """Appends a session's records as the orchestrator does, after the execution server's approvals."""

    def __init__(self, pool, session: Session, home=None) -> None:
        self.pool, self.session, self.home = pool, session, home
        self.facts: SessionFacts = session.facts
        self.head: ledger.Head | None = None

    async def open(self) -> "Writer":
        self.head = await sessions.create(self.pool, self.facts, "run", SETTINGS)
        return self

    async def write(self, record, **more) -> ledger.Head:
        await self.approve(record)
        self.head = await ledger.append(
            self.pool,
            record,
            self.facts,
            self.head,
            committed_at=START + timedelta(days=400, seconds=record.seq),
            timings={"round_s": 0.021 + record.seq / 1e6, "poll_s": 0.01},
            home=self.home,
            **more,
        )
        return self.head

    async def approve(self, record) -> None:
        used = [
            (
                derived_id(self.facts.session_id, "approval", record.seq, planned.request.leg),
                self.facts.org_id,
                self.facts.session_id,
                record.seq,
                planned.request.leg,
                client_order_id(self.facts.session_id, record.seq, planned.request.leg),
                planned.verdict.order_hash,
                record.as_of + timedelta(hours=1),
            )
            for planned in record.orders
            if isinstance(planned.verdict, Approved) and planned.state is not None
        ]
        await retrying(self.pool, lambda connection: connection.executemany(APPROVAL, used))


@pytest.fixture
def write(pool):
    """``await write(Session(seed), records)``: a session in the database; returns its Writer."""

    async def written(session: Session, records, home=None) -> Writer:
        writer = await Writer(pool, session, home).open()
        for record in records:
            await writer.write(record)
        return writer

    return written
