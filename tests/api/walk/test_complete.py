"""Every example that a document prints is asked for by some test."""

import pytest

from tests.api import test_outage
from tests.api.walk import test_alphapulse, test_ampfi, test_cryptofunk, test_mangrove, test_tradai
from tests.api.walk.transcribed import PRODUCTS, examples
from tests.api.ws import test_channels
from tests.e2e import test_compat

WALKS = (
    test_alphapulse, test_ampfi, test_channels, test_compat, test_cryptofunk, test_mangrove, test_outage, test_tradai,
)  # fmt: skip


@pytest.mark.parametrize("product", PRODUCTS)
def test_no_example_is_left_out(product):
    walked = {line for walk in WALKS for line in walk.WALKED.get(product, ())}
    assert walked == {each.line or each.request_line for each in examples(product)}
