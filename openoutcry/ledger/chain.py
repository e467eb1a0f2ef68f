"""Links of the chain: a record's bytes and hash, and the seal over what is stored beside them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from openoutcry.canonical import canonical_json, digest
from openoutcry.errors import LedgerBroken
from openoutcry.ledger.facts import SessionFacts
from openoutcry.types.record import CycleRecord


@dataclass(frozen=True, slots=True)
class Link:
    """A record as it is stored: canonical JSON and its SHA-256."""

    body: str
    hash: str


@dataclass(frozen=True, slots=True)
class UsedApproval:
    """The gate's permission an order was placed with, as the execution server kept it."""

    id: UUID
    leg: str
    client_order_id: str
    order_hash: str
    expires_at: datetime
    used_at: datetime


def link(record: CycleRecord) -> Link:
    """The stored form of a record."""
    body = canonical_json(record)
    return Link(body.decode(), hashlib.sha256(body).hexdigest())


def hash_of(body: str) -> str:
    """Hex SHA-256 of a stored body."""
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def record_of(body: str) -> CycleRecord:
    """The record of a stored body. Raises LedgerBroken when it is none."""
    try:
        return CycleRecord.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LedgerBroken(f"body is not a record: {where}: {first['msg']}") from error


def beside(timings: Any, committed_at: datetime, approvals: Iterable[UsedApproval] = ()) -> dict[str, str]:
    """Digests of what is stored beside a record and may differ between equal runs: one per value."""
    parts = {"timings": mark(timings), "committed_at": mark(committed_at)}
    for approval in approvals:
        parts[f"approvals.{approval.leg}.expires_at"] = mark(approval.expires_at)
        parts[f"approvals.{approval.leg}.used_at"] = mark(approval.used_at)
    return parts


def opening_marks(facts: SessionFacts) -> dict[str, str]:
    """Digests of a session's opening facts, kept beside its first record to name the one that was changed."""
    return {f"sessions.{name}": mark(value) for name, value in facts.model_dump(mode="json").items()}


def mark(value: Any) -> str:
    """A short digest of one value: enough to tell it from another."""
    return digest(value.isoformat() if isinstance(value, datetime) else value)[:16]


def seal(previous: str, hash_: str, parts: Any) -> str:
    """The second chain: over hashes and the digests beside them. The first seal follows the genesis hash."""
    return digest([previous, hash_, parts])
