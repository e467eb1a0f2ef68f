"""Canonical bytes of a value, and their digest: what the ledger chains and what a result id names."""

import hashlib
import json
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel

from openoutcry.types.amounts import plain


def _default(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys, no spaces, Decimals as plain strings, no NaN or infinity (ValueError)."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_default
    ).encode()


def digest(value: Any) -> str:
    """Hex SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def derived_id(namespace: UUID, *parts: object) -> UUID:
    """An id that follows from what it names, so that a repeated round makes the same rows."""
    return uuid5(namespace, ":".join(str(part) for part in parts))
