"""Walking a stored session window by window, as of one moment, while the floor may go on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from db.anchor import Anchor, read_anchor
from db.pool import Connection, Row, fetch
from db.verify import tables
from db.verify.head import end_of_chain, head_findings
from db.verify.holding import Holding
from openoutcry.embedding import NAME, embed
from openoutcry.ledger.audit import Finding, Table, compare, finding, same
from openoutcry.ledger.chain import UsedApproval
from openoutcry.ledger.doubted import heard_since
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.fold import Folded
from openoutcry.ledger.projection import project
from openoutcry.ledger.rows import ApprovalRow, OrderRow
from openoutcry.ledger.traded import adopted_approval_rows, approval_rows, unapproved
from openoutcry.ledger.walk import Walk
from openoutcry.risk.brackets import by_itself
from openoutcry.types.record import CycleRecord

WINDOW = 256
LOWEST, HIGHEST = -(2**63), 2**63 - 1
STATEMENT_S = 300.0
SESSION = """
SELECT id AS session_id, org_id, mode, status, symbol, hedge_symbol, exchange, timeframe, source, seed,
       initial_capital, final_capital, config, config_digest, stats, head_seq, head_hash, head_seal, as_of
FROM sessions WHERE id = $1
"""
SESSIONS = "SELECT id FROM sessions UNION SELECT DISTINCT session_id FROM cycles ORDER BY id"
LINKS = """
SELECT session_id, seq, org_id, kind, as_of, body, hash, prev_hash, timings, committed_at, beside, seal
FROM cycles WHERE session_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3
"""
USED = """
SELECT seq, id, leg, client_order_id, order_hash, expires_at, used_at FROM approvals
WHERE session_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq, leg
"""
OWN = f"{tables.all_of(tables.APPROVALS)} AND leg ~ '-'"
EMBEDDED = """
SELECT id, seq, prompt, prompt_embedding, prompt_embedder FROM decisions
WHERE session_id = $1 AND seq BETWEEN $2 AND $3 AND num_nonnulls(prompt_embedding, prompt_embedder) > 0
"""


@dataclass(frozen=True, slots=True)
class Verification:
    """What verifying a session found. ``in_flight`` rows are ahead of the records: those of the round in progress, and of
    orders of which the records do not know yet whether the venue has them.

    ``anchored`` is False when there was no anchor file to hold the head against.
    """

    session_id: UUID
    records: int
    head_seq: int
    head_hash: str
    anchored: bool
    in_flight: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True when everything is as it was written."""
        return not self.findings


async def verify_all(pool: asyncpg.Pool, home: Path | None = None) -> list[Verification]:
    """Verify every session there is any trace of."""
    return [await verify(pool, row["id"], home) for row in await pool.fetch(SESSIONS)]


async def verify(pool: asyncpg.Pool, session_id: UUID, home: Path | None = None) -> Verification:
    """Verify one session. ``home`` holds the anchor files."""
    anchor = read_anchor(home, session_id) if home is not None else None
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        session = next(iter(await fetch(connection, SESSION, session_id)), None)
        if session is None:
            gone = finding("sessions", session_id, "*", "a session", "no row")
            return Verification(session_id, 0, -1, "", anchor is not None, 0, (gone,))
        return await _Check(connection, session, anchor).run()


@dataclass
class _Check:
    connection: Connection
    session: Row
    anchor: Anchor | None
    folded: Folded = field(default_factory=lambda: Folded({}, {}, {}))
    decisions: list[UUID] = field(default_factory=list)
    records: int = 0
    anchored: tuple[str, str] | None = None
    own: dict[UUID, Row] | None = None
    """Approvals that the execution server made by itself, of which a later record hears."""
    adopted: list[ApprovalRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.facts = SessionFacts(**{name: self.session[name] for name in SessionFacts.model_fields})
        self.walk = Walk(self.facts)
        self.holding = Holding(self.connection)

    async def run(self) -> Verification:
        """The chain with the rows of each window, then what only the whole of it tells."""
        low, more = LOWEST, True
        while more and not self.walk.facts_changed:
            page = await self._fetch(LINKS, low, WINDOW)
            more = len(page) == WINDOW
            high: int = page[-1]["seq"] if more else HIGHEST
            await self._window(page, low, high)
            low = high + 1 if more else low
        end_of_chain(self.session, self.walk, self.anchor)
        in_flight = 0
        if not self.walk.facts_changed:
            in_flight = await self._whole()
            in_flight += self.holding.strangers(self._in_flight)
        of_head = head_findings(self.session, self.walk, self.anchor, self.anchored)
        findings = (*self.walk.findings, *of_head, *self.holding.findings)
        return Verification(
            self.facts.session_id,
            self.records,
            self.session["head_seq"],
            self.session["head_hash"],
            self.anchor is not None,
            in_flight,
            findings,
        )

    async def _fetch(self, query: str, *arguments: Any) -> list[Row]:
        return await fetch(self.connection, query, self.facts.session_id, *arguments, timeout_s=STATEMENT_S)

    async def _window(self, page: Sequence[Row], low: int, high: int) -> None:
        used: dict[int, list[UsedApproval]] = {}
        for row in await self._fetch(USED, low, high):
            seq, *rest = row.values()
            used.setdefault(seq, []).append(UsedApproval(*rest))
        believed: list[tuple[CycleRecord, frozenset[str]]] = []
        for row in page:
            self.records += 1
            record = self.walk.take(row, used.get(row["seq"], ()))
            if self.anchor is not None and row["seq"] == self.anchor.seq:
                self.anchored = row["hash"], row["seal"]
            if record is not None:
                believed.append((record, _legs(row["beside"])))
        if not self.walk.facts_changed:
            await self._rows(believed, low, high)

    async def _rows(self, believed: list[tuple[CycleRecord, frozenset[str]]], low: int, high: int) -> None:
        means = [project(record, self.facts) for record, _ in believed]
        for rows in means:
            self.folded.add(rows)
        decided = [rows.decision for rows in means if rows.decision is not None]
        self.decisions += [row.id for row in decided]
        approved = [row for record, legs in believed for row in approval_rows(record, self.facts, legs)]
        hashes = {id_: row["order_hash"] for id_, row in (await self._own()).items()}
        self.adopted += [
            row for record, _ in believed for row in adopted_approval_rows(record, self.facts, hashes)
        ]
        await self._between(tables.DECISIONS, decided, low, high)
        await self._between(tables.VOTES, (vote for rows in means for vote in rows.votes), low, high)
        await self._between(tables.FILLS, (fill for rows in means for fill in rows.fills), low, high)
        await self._between(tables.EQUITY, (rows.equity for rows in means), low, high)
        await self._between(tables.APPROVALS, approved, low, high)
        for record, legs in believed:
            for order in unapproved(record, self.facts, legs):
                self._note("approvals", order, "*", "an approval of this order", "no row")
        await self._embeddings(low, high)

    async def _between(self, table: Table, expected: Iterable[Sequence[Any]], low: int, high: int) -> None:
        found = await self._fetch(tables.between(table), low, high)
        own = await self._own()
        known = (row for row in found if self.walk.knows(row["seq"]) and row.get("id") not in own)
        await self.holding.hold(table, expected, known)

    async def _own(self) -> dict[UUID, Row]:
        """Read, once, the approvals that only an adopting record can tell of."""
        if self.own is None:
            found = await self._fetch(OWN)
            self.own = {row["id"]: row for row in found if by_itself(row["leg"])}
        return self.own

    async def _embeddings(self, low: int, high: int) -> None:
        """A prompt's embedding follows from it; one not yet made is no finding."""
        for row in await self._fetch(EMBEDDED, low, high):
            if row["prompt_embedder"] != NAME:
                self._note("decisions", row["id"], "prompt_embedder", NAME, row["prompt_embedder"])
            elif not same(embed(row["prompt"]), row["prompt_embedding"]):
                found = row["prompt_embedding"]
                self._note("decisions", row["id"], "prompt_embedding", f"{NAME} of the prompt", found)

    async def _whole(self) -> int:
        """Rows that many records have a hand in; they cannot be told while a record is lost. How many orders are ahead."""
        if self.walk.lost:
            return 0
        await self.holding.hold(tables.APPROVALS, self.adopted, (await self._own()).values())
        orders = await self._fetch(tables.all_of(tables.ORDERS))
        ahead = self._heard_since(orders)
        await self.holding.hold(tables.ORDERS, {**self.folded.orders, **ahead}.values(), orders)
        positions = await self._fetch(tables.all_of(tables.POSITIONS))
        await self.holding.hold(tables.POSITIONS, self.folded.positions.values(), positions)
        ends = (self.folded.outcomes.get(id_) or (id_, "PENDING", None, None, None) for id_ in self.decisions)
        outcomes = await self._fetch(tables.all_of(tables.OUTCOMES))
        self.holding.findings += compare(tables.OUTCOMES, ends, outcomes).altered
        return len(ahead)

    def _heard_since(self, orders: Iterable[Row]) -> dict[UUID, OrderRow]:
        """The orders whose row has the venue's word and whose records do not yet, with that word."""
        doubted = ((self.folded.orders.get(row["id"]), row) for row in orders)
        ahead = (heard_since(order, row) for order, row in doubted if order is not None)
        return {order.id: order for order in ahead if order is not None}

    def _in_flight(self, row: Mapping[str, Any]) -> bool:
        """Of the round in progress, or made by the execution server since the last record."""
        fresh = row["seq"] == self.walk.next_seq or (
            row["seq"] < self.walk.next_seq and by_itself(row["leg"])
        )
        return bool(self.session["status"] != "STOPPED" and fresh)

    def _note(self, table: str, id_: object, column: str, expected: object, found: object) -> None:
        self.holding.findings.append(finding(table, id_, column, expected, found))


def _legs(beside: Any) -> frozenset[str]:
    """The legs whose approvals were sealed with a record."""
    names = beside if isinstance(beside, dict) else {}
    return frozenset(name.split(".")[1] for name in names if name.startswith("approvals."))
