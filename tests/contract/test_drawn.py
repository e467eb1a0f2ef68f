"""Whatever fits a reading tool's schema gets an answer or a refusal that says why, and never a crash or a NaN."""

from random import Random

import pytest

from tests.contract.drawing import drawn
from tests.contract.offered import Offer, each
from tests.contract.test_answers import content_of, reads, valid
from tests.contract.test_refusals import refusal
from tests.contract.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
CASES = 25
EXPECTED = {"DATA_UNAVAILABLE", "INVALID_ARGUMENT"}


@each(lambda offer: reads(offer) and bool(offer.arguments))
async def test_any_arguments_are_answered_or_refused(floor: World, offer: Offer) -> None:
    random = Random(f"{offer.server}.{offer.name}")
    for _ in range(CASES):
        given = drawn(offer, random, **floor.known)
        result = await floor.ask(offer, given, in_round=random.random() < 0.5)
        if result.is_error:
            body = refusal(result)
            assert body["code"] in EXPECTED, given
        else:
            valid(offer, content_of(result))
