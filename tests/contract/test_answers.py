"""What a tool answers on a floor that has everything: valid, named, labelled, finite, short, and of its time."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp.types import CallToolResult

from openoutcry.types.votes import Abstain, Ballot, Vote
from tests.contract.asking import arguments
from tests.contract.offered import Offer, each
from tests.contract.test_refusals import refusal
from tests.contract.world import AS_OF, FLAT, NEW, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT_MOST = 4200


def of_servers(offer: Offer) -> bool:
    """Whether a server answers it to this floor's caller: only an agent's purse spends (tests/mcp_servers/risk)."""
    return not offer.of_agent and offer.scope != "mind:spend"


def reads(offer: Offer) -> bool:
    return of_servers(offer) and bool(offer.tool["annotations"]["readOnlyHint"])


def content_of(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


def valid(offer: Offer, content: dict[str, Any]) -> None:
    """Refuse what does not fit the schema, and NaN and infinity anywhere."""
    Draft202012Validator(offer.tool["outputSchema"]).validate(content)
    json.dumps(content, allow_nan=False)


async def answered(floor: World, offer: Offer) -> tuple[CallToolResult, bool]:
    """The answer outside a round, or within one where the tool belongs there; and whether it was within."""
    given = arguments(offer, **floor.known)
    result = await floor.ask(offer, given)
    if result.is_error and "within a round" in refusal(result)["message"]:
        return await floor.ask(offer, given, in_round=True), True
    return result, False


@each(of_servers)
async def test_an_answer_keeps_what_its_schema_promises(floor: World, offer: Offer) -> None:
    result, _ = await answered(floor, offer)
    if result.is_error:
        # A stored market cannot know everything a live one does; the description has to say so.
        body = refusal(result)
        assert body["code"] == "DATA_UNAVAILABLE", body
        assert re.search(r"\blive\b", offer.tool["description"]), body
        return
    content = content_of(result)
    valid(offer, content)
    assert re.fullmatch(r"[0-9a-f]{24}", content["result_id"])
    assert datetime.fromisoformat(content["as_of"]) == AS_OF
    assert content["source"] == "recorded"


@each()
async def test_the_text_of_an_answer_is_short(floor: World, offer: Offer) -> None:
    result, _ = await answered(floor, offer)
    texts = [getattr(part, "text", "") for part in result.content]
    assert len(texts) == 1 and 0 < len(texts[0]) <= TEXT_MOST


@each(reads)
async def test_within_a_round_nothing_later_can_be_noticed(floor: World, offer: Offer) -> None:
    given = arguments(offer, **floor.known)
    first = await floor.ask(offer, given, in_round=True)
    assert first == await floor.ask(offer, given, in_round=True, informed=True)
    if not first.is_error:
        assert datetime.fromisoformat(content_of(first)["as_of"]) == AS_OF


@each(lambda offer: reads(offer) and offer.server in ("market", "indicators") and "symbol" in offer.arguments)
async def test_later_it_would_have_been_noticed(floor: World, offer: Offer) -> None:
    """The two floors do differ in what they know, as rounds half a day later find out."""
    given, later = arguments(offer, **floor.known), AS_OF + timedelta(hours=12)
    before = await floor.ask(offer, given, in_round=True, as_of=later)
    after = await floor.ask(offer, given, in_round=True, as_of=later, informed=True)
    assert before != after or before.is_error


@each(lambda offer: "end" in offer.arguments)
async def test_asking_for_later_than_the_round_is_refused(floor: World, offer: Offer) -> None:
    for later in ("2024-01-17T16:00:01Z", "2030-01-01"):
        given = {**arguments(offer, **floor.known), "end": later}
        body = refusal(await floor.ask(offer, given, in_round=True, informed=True))
        assert (body["code"], body["field"]) == ("INVALID_ARGUMENT", "end")


@pytest.mark.parametrize("symbol", [FLAT, NEW, "NOWHERE/USDT"])
@each(lambda offer: reads(offer) and "symbol" in offer.arguments)
async def test_a_market_that_is_hard_on_arithmetic(floor: World, offer: Offer, symbol: str) -> None:
    given = {**arguments(offer, **floor.known), "symbol": symbol}
    for in_round in (False, True):
        result = await floor.ask(offer, given, in_round=in_round)
        if result.is_error:
            assert refusal(result)["code"] in ("DATA_UNAVAILABLE", "INVALID_ARGUMENT")
        else:
            valid(offer, content_of(result))


@each(lambda offer: offer.of_agent)
async def test_an_agent_answers_with_what_it_declares(floor: World, offer: Offer) -> None:
    valid(offer, content_of(await floor.ask(offer, arguments(offer, **floor.known), in_round=True)))


@each(lambda offer: offer.of_agent and offer.name == "vote")
async def test_a_vote_cites_results_the_servers_gave(floor: World, offer: Offer) -> None:
    result = await floor.ask(offer, arguments(offer, **floor.known), in_round=True)
    ballot = Ballot.model_validate(content_of(result))
    if offer.server == "agent-order_book":  # it reads what only a live market has
        assert isinstance(ballot.answer, Abstain) and ballot.answer.reason == "data_unavailable"
        return
    assert isinstance(ballot.answer, Vote), ballot.answer
    assert set(ballot.answer.evidence) == {use.result_id for use in ballot.tool_uses} != set()
    again = await floor.ask(offer, arguments(offer, **floor.known), in_round=True, informed=True)
    assert Ballot.model_validate(content_of(again)).answer == ballot.answer
