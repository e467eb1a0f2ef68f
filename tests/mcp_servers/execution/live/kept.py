"""The tables of a live account's journal and of what was sent, in memory."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from db import venue_journal, venue_sends
from tests.mcp_servers.execution.live.rig import live_facts

POOL: Any = object()
"""Stands for the database."""


class Kept:
    """The two tables in memory. Whoever is ``busy`` finds that another writer was there first."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.settled: list[tuple[str, str] | None] = []
        self.notes: list[tuple[Any, ...]] = []
        self.sends: dict[str, dict[str, Any]] = {}
        self.busy = False

    async def read(self, pool: object, session: object) -> list[dict[str, Any]]:
        assert session == live_facts().session_id
        return self.rows

    async def append(
        self, pool: object, session: object, org: object, last: int, cause: str, events: Sequence[Any], settled: Any
    ) -> bool:  # fmt: skip
        assert (pool, session, org, last) == (
            POOL,
            live_facts().session_id,
            live_facts().org_id,
            len(self.rows),
        )
        if self.busy:
            return False
        as_text = json.loads(json.dumps(events))  # as it lies in the database
        self.rows += [{"first": last + 1, "cause": cause, "event": event} for event in as_text]
        self.settled.append(settled)
        return True

    async def note(self, pool: object, cid: str, *more: Any) -> bool:
        self.notes.append((cid, *more))
        return self.notes.count((cid, *more)) == 1

    @property
    def told(self) -> list[tuple[Any, ...]]:
        """Cause and kind of every event."""
        return [(row["cause"], row["event"]["kind"]) for row in self.rows]

    async def find(self, pool: object, cid: str) -> dict[str, Any] | None:
        return self.sends.get(cid)


def keep(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """From now on everything is written there."""
    made = Kept()
    monkeypatch.setattr(venue_journal, "read", made.read)
    monkeypatch.setattr(venue_journal, "append", made.append)
    monkeypatch.setattr(venue_sends, "note", made.note)
    monkeypatch.setattr(venue_sends, "find", made.find)
    return made
