"""The rows on language models in the catalogue of faults, L1 to L7, where no other file has them: each test names its row."""

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents.llm.breaker import REST_S, THRESHOLD, Breaker
from agents.replay import recast
from openoutcry.types.votes import Abstain, Ballot, MindUse, Vote
from openoutcry.voting.seats import Seat
from openoutcry.voting.tally import tally
from tests.agents.floor import snapshot
from tests.agents.practice import GOOD, asked, by_rules, keys, mind_name, practice, said, thinking
from tests.agents.test_tool_use import AGENT, VENDORS, voted
from tests.openoutcry.risk.books import settings
from wire.clock import WallClock
from wire.vendor_faults import retry_after

QUIET = {**GOOD, "claims": [], "reasoning": "It rises."}


async def answered(vendor: str, *turns: dict[str, Any], rules: Any = None) -> Any:
    async with practice(*turns) as (url, _), thinking(mind_name(vendor, url), keys=keys(url)) as mind:
        return await mind.answer(asked(rules))


# --- L1: faults of a vendor -----------------------------------------------------------------------------------------


async def test_l1_an_agent_whose_vendor_is_down_or_slow_takes_nothing_from_the_others() -> None:
    turns = [
        {"model": "claude", "fault": "timeout", "seconds": 3.0, "times": 0},
        {"model": "llama", "object": QUIET, "times": 0},
    ]
    async with (
        practice(*turns) as (url, _),
        thinking(mind_name("anthropic", url) + " > rules", keys=keys(url), deadline_s=1.0) as down,
        thinking(mind_name("compatible", url), keys=keys(url), deadline_s=120.0) as well,
    ):
        failed, good = await asyncio.gather(down.answer(asked()), well.answer(asked()))
    assert (failed.mind.model, good.mind.model) == ("rules", "compatible:llama")


@pytest.mark.parametrize("vendor", VENDORS)
async def test_l1_an_answer_that_drips_is_not_waited_for(vendor: str) -> None:
    turn = {**said(vendor, QUIET), "fault": "drip", "seconds": 30.0, "times": 0}
    async with (
        practice(turn) as (url, _),
        thinking(mind_name(vendor, url) + " > rules", keys=keys(url), deadline_s=1.0) as mind,
    ):
        reply = await mind.answer(asked())
    assert reply.mind.model == "rules"


async def test_l1_a_short_retry_after_is_waited_for_and_the_same_model_answers() -> None:
    turns = [{"fault": "status", "status": 429, "retry_after": 1}, said("openai", QUIET)]
    began = asyncio.get_running_loop().time()
    reply = await answered("openai", *turns)
    assert isinstance(reply.answer, Vote)
    assert asyncio.get_running_loop().time() - began >= 1.0


def test_l1_retry_after_is_a_number_or_a_date() -> None:
    now = WallClock().now().replace(year=2026, month=11, day=28, hour=10, minute=0, second=0, microsecond=0)
    assert retry_after("2.5", now) == 2.5
    assert retry_after("Sat, 28 Nov 2026 10:01:00 GMT", now) == 60.0
    assert retry_after("Sat, 28 Nov 2026 09:00:00 GMT", now) == 0.0
    assert [retry_after(text, now) for text in (None, "", "soon", "nan")] == [None] * 4


def test_l1_a_breaker_opens_rests_lets_one_try_and_closes_again() -> None:
    seconds = [0.0]
    breaker = Breaker(lambda: seconds[0])
    for _ in range(THRESHOLD - 1):
        breaker.bad(None)
        assert breaker.open_for_s == 0.0
    breaker.bad(None)
    assert breaker.open_for_s == REST_S
    seconds[0] = REST_S
    assert breaker.open_for_s == 0.0  # one may try
    breaker.bad(None)
    assert breaker.open_for_s == REST_S  # and has to wait again
    breaker.good()
    assert breaker.open_for_s == 0.0
    breaker.bad(7.0)
    assert breaker.open_for_s == 7.0  # what the provider asked for counts at once


# --- L2: answers that are none --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "", " \n\t ", "null", "[]", json.dumps([QUIET]), json.dumps({**QUIET, "action": "buy "}),
        json.dumps({**QUIET, "confidence": "95%"}), json.dumps({**QUIET, "confidence": -1}), json.dumps(QUIET) + " Good luck!",
        json.dumps(QUIET).replace("0.6", "NaN"), json.dumps({**QUIET, "note": "x"}), json.dumps({"Action": "BUY"}),
    ],
)  # fmt: skip
async def test_l2_what_is_not_the_schema_is_an_abstention_with_the_raw_answer_kept(text: str) -> None:
    reply = await answered("compatible", {"text": text, "times": 0}) if text else await empty()
    assert isinstance(reply.answer, Abstain)
    assert reply.answer.reason == "unparsable"
    assert text.strip() in reply.mind.response


async def empty() -> Any:
    return await answered("compatible", {"fault": "empty", "times": 0})


@pytest.mark.parametrize("vendor", VENDORS)
async def test_l2_half_a_character_makes_no_vote_and_breaks_no_record(vendor: str) -> None:
    reply = await answered(vendor, {**said(vendor, {**QUIET, "reasoning": "up \ud83d"}), "times": 0})
    assert isinstance(reply.answer, Abstain)
    assert reply.mind.model_dump_json().encode()


# --- L3: invented figures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "invented",
    [{"stop_loss": 1}, {"quantity": 10}, {"symbol": "DOGE/USDT"}, {"balance": 10**9}, {"as_of": "2019-01-01T00:00:00Z"}],
    ids=lambda one: next(iter(one)),
)  # fmt: skip
async def test_l3_an_answer_cannot_say_a_price_a_symbol_or_a_quantity(
    vendor: str, invented: dict[str, Any]
) -> None:
    reply = await answered(vendor, {**said(vendor, {**QUIET, **invented}), "times": 0})
    assert isinstance(reply.answer, Abstain)
    assert next(iter(invented)) in reply.answer.detail


async def test_l3_figures_in_words_move_nothing_but_the_confidence() -> None:
    words = "BTC stands at 1,000,000 on 2031-01-01; buy 10x with a stop at 2,000,000 and 500 on the account."
    reply = await answered("openai", said("openai", {**QUIET, "reasoning": words}))
    vote = reply.answer
    assert isinstance(vote, Vote)
    assert (vote.symbol, vote.stop_loss, vote.take_profit) == ("BTC/USDT", Decimal("95"), Decimal("120"))
    assert vote.confidence < 0.6 * 0.7
    assert "uncited" in vote.reasoning


async def test_l3_a_stop_on_the_wrong_side_is_no_stop() -> None:
    def wrong() -> Vote:
        return by_rules().model_copy(update={"stop_loss": Decimal(500), "take_profit": Decimal(1)})

    reply = await answered("openai", said("openai", QUIET), rules=wrong)
    ballots = [
        Ballot(agent="trend", answer=reply.answer),
        Ballot(
            agent="risk",
            answer=Vote(
                agent="risk", symbol="BTC/USDT", action="APPROVE", confidence=1.0, reasoning="calm", size_factor=1.0
            ),
        ),
    ]  # fmt: skip
    rules = settings()
    rules = rules.model_copy(
        update={"voting": rules.voting.model_copy(update={"quorum": 1, "min_confidence": 0.1})}
    )
    decision = tally(snapshot(), ballots, [Seat(agent="trend"), Seat(agent="risk", voice="risk")], rules)
    assert (decision.action, decision.stop_loss, decision.take_profit) == ("BUY", None, None)


# --- L4: refusal, another language, echo ----------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("text", ["买入，信心百分之九十", "Ich würde kaufen.", "Je refuse de répondre."])
async def test_l4_words_in_any_language_are_no_vote(vendor: str, text: str) -> None:
    reply = await answered(vendor, {"text": text, "times": 0})
    assert isinstance(reply.answer, Abstain)
    assert text in reply.mind.response


@pytest.mark.parametrize("word", ["KAUFEN", "买入", "BUY\u200b", "ВUY"])
async def test_l4_another_languages_word_for_an_action_is_none(word: str) -> None:
    reply = await answered("openai", {**said("openai", {**QUIET, "action": word}), "times": 0})
    assert isinstance(reply.answer, Abstain)


@pytest.mark.parametrize("part", ["system", "user", "both"])
async def test_l4_an_echo_of_the_prompt_is_no_vote(part: str) -> None:
    async with practice({"text": "?", "times": 0}) as (url, server):
        async with thinking(mind_name("compatible", url), keys=keys(url)) as mind:
            await mind.answer(asked())
        told = {message["role"]: message["content"] for message in server.asked[0]["body"]["messages"][:2]}
    echo = "\n".join(told.values()) if part == "both" else told[part]
    reply = await answered("compatible", {"text": echo, "times": 0})
    assert isinstance(reply.answer, Abstain)


# --- L6: bounds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", VENDORS)
async def test_l6_the_vendor_is_told_how_long_an_answer_may_be(vendor: str) -> None:
    async with (
        practice({**said(vendor, QUIET), "times": 0}) as (url, server),
        thinking(mind_name(vendor, url), keys=keys(url)) as mind,
    ):
        await mind.answer(asked())
    body = server.asked[0]["body"]
    assert 0 < body.get("max_tokens", body.get("max_output_tokens")) <= 10_000


# --- L7: which model, and the same again ----------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", VENDORS)
async def test_l7_the_record_says_who_answered_what_to_what_and_for_how_much(vendor: str) -> None:
    turn = {
        **said(vendor, QUIET),
        "answers_as": "another-model-20991231",
        "prompt_tokens": 500,
        "completion_tokens": 50,
    }
    reply = await answered(vendor, turn)
    mind: MindUse = reply.mind
    assert (
        mind.params["model"] == "another-model-20991231"
    )  # the vendor's alias pointed elsewhere: it is seen
    assert mind.model == {"anthropic": "anthropic:claude-haiku-4-5", "openai": "openai:gpt-5-mini"}.get(
        vendor, "compatible:llama"
    )
    assert {"max_tokens", "temperature", "version"} <= set(mind.params)
    assert json.loads(mind.response) == QUIET
    assert len(mind.prompt_hash) == 64 and "You follow trends." in mind.prompt
    assert mind.prompt_tokens == 500 and (mind.cost_usd > 0) == (vendor != "compatible")


async def test_l7_another_prompt_has_another_hash() -> None:
    async with (
        practice({**said("openai", QUIET), "times": 0}) as (url, _),
        thinking(mind_name("openai", url), keys=keys(url)) as mind,
    ):
        replies = [await mind.answer(replace(asked(), brief=brief)) for brief in ("A", "A", "B")]
    hashes = [reply.mind.prompt_hash for reply in replies]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_l7_a_ballot_is_cast_again_from_its_record_with_no_model(vendor: str) -> None:
    ballot, _, _ = await voted(vendor, said(vendor, QUIET))
    kept = Ballot.model_validate_json(ballot.model_dump_json())
    assert await recast(AGENT, snapshot(), kept) == ballot  # its server is gone
