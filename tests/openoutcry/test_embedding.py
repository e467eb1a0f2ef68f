"""Texts become the same unit vectors everywhere, and like texts become like vectors."""

import hashlib
import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from openoutcry.embedding import DIMENSIONS, as_float32, embed


def cosine(a, b):
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


@given(st.text(max_size=300))
def test_any_text_is_a_finite_unit_vector(text):
    vector = embed(text)
    assert len(vector) == DIMENSIONS
    assert math.isclose(math.fsum(v * v for v in vector), 1.0, rel_tol=1e-5)
    assert vector == as_float32(vector) == embed(text)


def test_the_bytes_do_not_change_between_releases():
    vector = embed("BTC/USDT 1h rsi_14 35.24, price 16600.5; a breakout failed")
    assert hashlib.sha256(struct.pack("<256f", *vector)).hexdigest() == PINNED


def test_like_texts_are_nearer_than_unlike_ones():
    here = embed("BTC/USDT rsi 31.2 oversold, macd crossed up, price above ema")
    near = embed("BTC/USDT rsi 30.9 oversold, macd crossed up, price below ema")
    far = embed("funding is expensive and the hedge was closed by the operator")
    assert cosine(here, near) > 0.7 > 0.3 > cosine(here, far)


def test_numbers_meet_at_two_digits():
    assert embed("rsi 35.24") == embed("rsi 34.9") != embed("rsi 37")


PINNED = "ce52f10f4e1ccadba024bda944ade7fae39c5d3b868bcd1ada641947f6c33328"
