"""Whatever fits a tool's schema gets an answer or a refusal that says why, and never a crash or a NaN."""

from random import Random

import pytest

from tests.contract.asking import arguments
from tests.contract.drawing import drawn
from tests.contract.offered import OFFERS, Offer, each
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


@each(lambda offer: offer.server == "execution" and not reads(offer) and bool(offer.arguments))
async def test_any_wish_is_passed_on_or_refused(floor: World, offer: Offer) -> None:
    """What would act, outside a round: an orchestrator that says yes to everything stands behind it."""
    random = Random(f"{offer.server}.{offer.name}")
    for _ in range(CASES):
        given = drawn(offer, random, **floor.known)
        result = await floor.ask(offer, given)
        if result.is_error:
            body = refusal(result)
            assert body["code"] in EXPECTED | {"NOT_AUTHORISED"}, given
            assert body["code"] != "INVALID_ARGUMENT" or body["field"], given
        else:
            valid(offer, content_of(result))


@pytest.mark.parametrize(
    ("tool", "given", "field"),
    [
        ("preview_order", {"type": "LIMIT"}, "price"),
        ("preview_order", {"type": "MARKET", "price": "1"}, "price"),
        ("preview_order", {"type": "STOP_LOSS"}, "stop_price"),
        ("preview_order", {"quantity": "0"}, "quantity"),
        ("preview_order", {"quantity": "-1"}, "quantity"),
        ("place_market_order", {"quantity": "0"}, "quantity"),
        ("place_limit_order", {"price": "0"}, "price"),
        ("start_session", {"initial_capital": "0"}, "initial_capital"),
    ],
)
async def test_a_wish_that_cannot_be_is_the_caller_s_to_correct(
    floor: World, tool: str, given: dict[str, str], field: str
) -> None:
    offer = next(offer for offer in OFFERS if offer.name == tool)
    body = refusal(await floor.ask(offer, {**arguments(offer), **given}))
    assert (body["code"], body["field"]) == ("INVALID_ARGUMENT", field)
