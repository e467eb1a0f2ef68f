"""Request bodies: strict, naming the field, and never a crash."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.amounts import Number, read_number
from api.bodies import Body, decode_body
from api.failures import Failure
from openoutcry.errors import BadAmount


class Sample(Body, frozen=True, kw_only=True):
    symbol: str
    quantity: Number
    price: Number | None = None
    flatten: bool = False


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", "0.1"),
        ("1", "1"),
        ('"0.1"', "0.1"),
        ("1e-7", "0.0000001"),
        ("1.5E3", "1500"),
        ("0.123456789012345678", "0.123456789012345678"),
        ("123456789012345678", "123456789012345678"),
    ],
)
def test_amounts_are_read_exactly(text, value):
    made = decode_body(f'{{"symbol":"BTC/USDT","quantity":{text}}}'.encode(), Sample)
    assert made.quantity == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "NaN", "Infinity", "-Infinity", '"NaN"', '"Infinity"', '"1e5"', '"1_000"', '"0x10"', '"١٢"', '" 1"', '""',
        "1e400", "1e-400", "1e999999999", "1e99999999999999999999", "1234567890123456789", "0.1234567890123456789",
        "9" * 5000, "true", "null", "[]", "{}", '"' + "1" * 40 + '"',
    ],
)  # fmt: skip
def test_what_is_no_plain_finite_number_is_refused(text):
    with pytest.raises(Failure) as refused:
        decode_body(f'{{"symbol":"BTC/USDT","quantity":{text}}}'.encode(), Sample)
    assert refused.value.status == 400
    assert refused.value.field in ("quantity", None)


def test_null_in_an_optional_field_is_absence():
    made = decode_body(b'{"symbol":"A/B","quantity":1,"price":null,"flatten":null}', Sample)
    assert made.price is None
    assert made.flatten is False


@pytest.mark.parametrize(
    ("raw", "field", "says"),
    [
        (b'{"quantity":1}', "symbol", "symbol is required"),
        (b'{"symbol":null,"quantity":1}', "symbol", "symbol"),
        (b'{"symbol":"A/B","quantity":1,"status":"FILLED"}', "status", "not a field"),
        (b'{"symbol":1,"quantity":1}', "symbol", "Expected `str`"),
        (b'{"symbol":"A/B","quantity":1,"flatten":"true"}', "flatten", "Expected `bool`"),
        (b"[1]", None, "JSON object"),
        (b'"text"', None, "JSON object"),
        (b"{", None, "truncated"),
        (b'{"symbol":"A/B"} tail', None, "trailing"),
        (b"\xff\xfe", None, "JSON"),
        (b'{"symbol":"\xff"}', None, "JSON"),
        (b"[" * 20_000, None, "JSON"),
        (b'{"a":' * 20_000, None, "JSON"),
        (b"", "symbol", "required"),
    ],
)
def test_refusals_name_the_field_and_the_reason(raw, field, says):
    with pytest.raises(Failure) as refused:
        decode_body(raw, Sample)
    assert (refused.value.status, refused.value.error) == (400, "invalid request body")
    assert refused.value.field == field
    assert says in (refused.value.details or "")


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(raw):
    try:
        decode_body(raw, Sample)
    except Failure as refused:
        assert refused.status == 400


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.floats() | st.integers() | st.text(max_size=40))
def test_a_number_is_read_or_refused(value):
    try:
        made = read_number(value)
    except BadAmount:
        return
    assert made.is_finite()
    assert abs(made) < Decimal(10) ** 18
