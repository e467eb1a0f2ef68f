"""``text:hash-v1``: a text as 256 numbers, by hashing its words and word pairs. No model, no download.

Words are lower-cased runs of letters. Numbers are kept to two significant digits (``35.24`` and ``34.9`` are
both ``3.5e+01``), so that like situations share them. A feature's weight is 1 + ln(count), word pairs count
half, the sign comes from the hash, and the vector has length 1. Equal texts give equal vectors everywhere.
"""

import hashlib
import math
import re
import struct
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

NAME = "text:hash-v1"
DIMENSIONS = 256
PAIR_WEIGHT = 0.5
NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
TOKEN = re.compile(rf"(?P<number>{NUMBER})|[^\W0-9_]+")


def embed(text: str) -> tuple[float, ...]:
    """The unit vector of ``text`` (float32 values). A text without words is the first axis."""
    tokens = [_token(match) for match in TOKEN.finditer(text.lower())]
    values = [0.0] * DIMENSIONS
    for token, count in Counter(tokens).items():
        index, sign = _place(token)
        values[index] += sign * (1.0 + math.log(count))
    for pair, count in Counter(pairwise(tokens)).items():
        index, sign = _place("\x1f".join(pair))
        values[index] += sign * PAIR_WEIGHT * (1.0 + math.log(count))
    norm = math.sqrt(math.fsum(value * value for value in values))
    if norm == 0.0:
        values, norm = [1.0] + [0.0] * (DIMENSIONS - 1), 1.0
    return as_float32(value / norm for value in values)


def as_float32(values: Iterable[float]) -> tuple[float, ...]:
    """The values as 32-bit floats hold them: what the database gives back."""
    listed = tuple(values)
    return struct.unpack(f"<{len(listed)}f", struct.pack(f"<{len(listed)}f", *listed))


def _token(match: re.Match[str]) -> str:
    number = match["number"]
    return f"{float(number):.1e}" if number else match[0]


@lru_cache(maxsize=65_536)
def _place(feature: str) -> tuple[int, float]:
    hashed = hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    number = int.from_bytes(hashed, "big")
    return number % DIMENSIONS, 1.0 if number >> 63 else -1.0
