"""Small order algebra: the names, the hash and the signs of orders."""

import base64
import hashlib
from decimal import Decimal
from uuid import UUID

from openoutcry.canonical import digest
from openoutcry.types.orders import OrderRequest, Side

PREFIX = "oo-"
LENGTH = 26


def client_order_id(session_id: UUID | str, seq: int, leg: str) -> str:
    """The one name of an order at any venue: ``oo-`` and 26 lower-case base32 characters (130 bits of
    SHA-256).

    It follows from what the order is, so a repeated round asks for the same order and not for a second one.
    """
    named = hashlib.sha256(f"{UUID(str(session_id))}:{seq}:{leg}".encode()).digest()
    return PREFIX + base64.b32encode(named).decode().lower()[:LENGTH]


def order_hash(request: OrderRequest) -> str:
    """Hex SHA-256 of the request's canonical JSON. An approval binds it together with session and round."""
    return digest(request)


def opposite(side: Side) -> Side:
    """The side that undoes ``side``."""
    return "SELL" if side == "BUY" else "BUY"


def signed(side: Side, quantity: Decimal) -> Decimal:
    """``quantity`` as it moves a position: positive for BUY, negative for SELL."""
    return quantity if side == "BUY" else -quantity


def stem(leg: str) -> str:
    """A leg without its number: ``manual-3`` → ``manual``."""
    return leg.partition("-")[0]
