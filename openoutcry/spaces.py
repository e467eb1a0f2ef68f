"""Spaces of prompts' vectors. A vector means something beside vectors of its own space alone: no query looks into two.

A space is who made its vectors, with which model, at which address (of a compatible server), in how many numbers. Its name
says all of it: ``text:hash-v1``, ``openai:text-embedding-3-small#1536``, ``compatible:nomic@http://127.0.0.1:11434/v1#768``.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from openoutcry.embedding import DIMENSIONS, NAME, as_float32
from openoutcry.errors import BadInput

Vendor = Literal["text", "openai", "compatible"]
MOST_DIMENSIONS = 4_000
"""What the database can index."""
LONGEST_MODEL = 100
LONGEST_ADDRESS = 300
LARGEST_PORT = 65_535
ADDRESS = re.compile(
    r"https?://([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\])(:(?P<port>[0-9]{1,5}))?(/[A-Za-z0-9._~/-]*)?",
    re.ASCII,
)
KNOWN = f"{NAME}, openai:MODEL or compatible:MODEL@URL"


@dataclass(frozen=True, slots=True)
class EmbedderName:
    """Who makes vectors, as the settings name it."""

    vendor: Vendor
    model: str
    address: str = ""

    @property
    def text(self) -> str:
        """As it is written."""
        return f"{self.vendor}:{self.model}" + (f"@{self.address}" if self.address else "")

    @property
    def offline(self) -> bool:
        """Whether it needs no model and no network."""
        return self.vendor == "text"


@dataclass(frozen=True, slots=True)
class Space:
    """What can be compared. ``asked``: the vendor is told how many numbers to give, else the model's own count holds."""

    embedder: EmbedderName
    dimensions: int
    asked: bool = False

    @property
    def name(self) -> str:
        """All that makes it another space."""
        return NAME if self.embedder.offline else f"{self.embedder.text}#{self.dimensions}"


class Vectors(NamedTuple):
    """What an embedder gave for some texts, in their order, and the tokens it counted."""

    values: tuple[tuple[float, ...], ...]
    tokens: int


def parse_embedder(text: str) -> EmbedderName:
    """An embedder's name. Raises BadInput for what is none, and for an address that holds a secret."""
    if text == NAME:
        return EmbedderName("text", "hash-v1")
    vendor, _, rest = text.partition(":")
    model, _, address = rest.partition("@")
    if vendor not in ("openai", "compatible") or not model or len(model) > LONGEST_MODEL or "#" in model:
        raise BadInput(f"embedder: {text[:LONGEST_MODEL]!r} is not {KNOWN}", field="embedder")
    if (vendor == "compatible") != bool(address):
        raise BadInput(
            "embedder: compatible embedders, and they alone, give an address: compatible:MODEL@URL",
            field="embedder",
        )
    if address:
        _refuse_address(address)
    return EmbedderName("openai" if vendor == "openai" else "compatible", model, address)


OFFLINE = Space(EmbedderName("text", "hash-v1"), DIMENSIONS)
"""The one that every decision has: no download, no network, the same everywhere."""


def read_vector(values: Sequence[float], dimensions: int, *, field: str = "embedding") -> tuple[float, ...]:
    """A vector as the database holds it. Raises BadInput for another length, for what is not finite, and for zeros."""
    if len(values) != dimensions or not 0 < math.hypot(*values) < math.inf:
        raise BadInput(f"{field}: must be {dimensions} finite numbers, not all zero", field=field)
    try:
        return as_float32(values)
    except OverflowError:
        raise BadInput(f"{field}: must be {dimensions} finite numbers, not all zero", field=field) from None


def _refuse_address(address: str) -> None:
    found = ADDRESS.fullmatch(address)
    if found is None or len(address) > LONGEST_ADDRESS or int(found["port"] or 0) > LARGEST_PORT:
        raise BadInput(
            "embedder: the address must be http(s)://HOST[:PORT][/PATH]; it is stored with its vectors and may hold no user, "
            "password, query or fragment: a key belongs into COMPATIBLE_API_KEY",
            field="embedder",
        )
