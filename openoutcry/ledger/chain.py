"""Links of the chain: a record's bytes and hash, and the seal over what is stored beside them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from openoutcry.canonical import canonical_json, digest
from openoutcry.errors import LedgerBroken
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


def beside(
    timings: Mapping[str, Any], committed_at: datetime, approvals: Iterable[UsedApproval] = ()
) -> dict[str, str]:
    """Digests of what is stored beside a record and may differ between equal runs: one per value."""
    parts = {"timings": digest(dict(timings))[:16], "committed_at": digest(committed_at.isoformat())[:16]}
    for approval in approvals:
        parts[f"approvals.{approval.leg}.expires_at"] = digest(approval.expires_at.isoformat())[:16]
        parts[f"approvals.{approval.leg}.used_at"] = digest(approval.used_at.isoformat())[:16]
    return parts


def seal(previous: str, hash_: str, parts: Mapping[str, str]) -> str:
    """The second chain: over hashes and the digests beside them. The first seal follows the genesis hash."""
    return digest([previous, hash_, dict(parts)])
