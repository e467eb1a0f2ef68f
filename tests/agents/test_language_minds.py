"""Language models behind an agent, with the vendors' real SDKs against a practice server: L1, L2, L4, L7 and the keys."""

import json
import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest

import agents.llm.language
from agents.llm import build
from openoutcry.errors import BadConfig
from openoutcry.ports import Model, Reply
from openoutcry.types.votes import Abstain, Argument, Point, Vote
from tests.agents.practice import FACT, GOOD, asked, keys, mind_name, practice, said, system_of, thinking

VENDORS = ("anthropic", "openai", "compatible")
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(agents.llm.language, "FIRST_PAUSE_S", 0.001)
    yield


def mind(
    vendor: str, url: str, *, ending: str = "", deadline_s: float = 5.0
) -> AbstractAsyncContextManager[Model]:
    return thinking(mind_name(vendor, url) + ending, deadline_s=deadline_s, keys=keys(url))


async def replied(
    vendor: str, *turns: dict[str, Any], ending: str = "", deadline_s: float = 5.0
) -> tuple[Reply, list[Any]]:
    async with (
        practice(*turns) as (url, server),
        mind(vendor, url, ending=ending, deadline_s=deadline_s) as one,
    ):
        return await one.answer(asked()), server.asked


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_good_answer_is_a_vote_with_what_it_used(vendor: str) -> None:
    turn = {**said(vendor, GOOD), "prompt_tokens": 1_000, "cached_tokens": 400, "completion_tokens": 50}
    reply, sent = await replied(vendor, turn)
    vote = reply.answer
    assert isinstance(vote, Vote)
    assert (vote.action, vote.confidence, vote.evidence, vote.horizon_bars) == ("BUY", 0.6, ("fact-1",), 12)
    # Stop and target are the rules' for the same action; the model has no say in prices.
    assert (vote.stop_loss, vote.take_profit) == (Decimal("95"), Decimal("120"))
    assert (reply.mind.prompt_tokens, reply.mind.completion_tokens) == (1_000, 50)
    prices = {"anthropic": "0.00089", "openai": "0.00026", "compatible": "0"}
    assert reply.mind.cost_usd == Decimal(prices[vendor])
    assert reply.mind.model.startswith(f"{vendor}:")
    assert len(sent) == 1


@pytest.mark.parametrize("vendor", VENDORS)
async def test_the_stable_prefix_is_the_same_in_every_round(vendor: str) -> None:
    first = asked()
    later = first.snapshot.model_copy(update={"as_of": datetime(2024, 1, 7, 13, tzinfo=UTC), "seq": 150})
    fact = FACT.model_copy(update={"result_id": "fact-2", "result": {"close": 93.25, "rsi": 61.0}})
    async with practice({**said(vendor, {**GOOD, "claims": []}), "times": 0}) as (url, server):
        for question in (first, replace(first, snapshot=later, facts=(fact,))):
            async with mind(vendor, url) as one:  # another process each time
                await one.answer(question)
    bodies = [entry["body"] for entry in server.asked]
    prefixes = {system_of(body) for body in bodies}
    assert len(prefixes) == 1
    prefix = prefixes.pop()
    assert not re.search(r"\d{4}-\d\d|\d\d:\d\d|BTC|fact-", prefix)
    # All that is sent before the round's data, tools and schema included, is the same byte for byte.
    dynamic = {"messages", "input"}
    stable = [json.dumps({k: v for k, v in body.items() if k not in dynamic}) for body in bodies]
    assert stable[0] == stable[1]
    assert json.dumps(bodies[0]) != json.dumps(bodies[1])
    if vendor == "anthropic":
        assert bodies[0]["system"][-1]["cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize("vendor", VENDORS)
async def test_l2_an_unreadable_answer_gets_one_chance_and_is_then_an_abstention(vendor: str) -> None:
    bad = said(vendor, {**GOOD, "confidence": 1.7})
    reply, sent = await replied(vendor, bad, bad, said(vendor, GOOD), ending=" > rules")
    assert isinstance(reply.answer, Abstain)
    assert (reply.answer.reason, "confidence" in reply.answer.detail) == ("unparsable", True)
    assert reply.mind.response.count("1.7") == 2
    assert len(sent) == 2


@pytest.mark.parametrize("vendor", VENDORS)
async def test_l2_a_repaired_answer_counts_and_both_are_paid_for(vendor: str) -> None:
    reply, sent = await replied(vendor, said(vendor, {**GOOD, "action": "ARBITRAGE"}), said(vendor, GOOD))
    assert isinstance(reply.answer, Vote)
    assert reply.mind.prompt_tokens == 200
    assert "action: must be one of BUY, HOLD, SELL" in str(sent[1])


@pytest.mark.parametrize(
    "text", ["```json\n{}\n```", "<think>hm</think>{}", "{}{}", "I would buy.", "", "{", '{"action": "BUY"']
)
async def test_l2_prose_is_an_abstention(text: str) -> None:
    reply, _ = await replied("compatible", {"text": text, "times": 0})
    assert isinstance(reply.answer, Abstain)
    assert reply.answer.reason == "unparsable"


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(("fault", "why"), [("truncated", "cut off"), ("refusal", "declined")])
async def test_l2_l4_a_cut_or_declined_answer_is_an_abstention(vendor: str, fault: str, why: str) -> None:
    reply, sent = await replied(vendor, {**said(vendor, GOOD), "fault": fault}, ending=" > rules")
    assert isinstance(reply.answer, Abstain)
    assert (reply.answer.reason, why in reply.answer.detail, len(sent)) == ("unparsable", True, 1)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_an_empty_answer_is_an_abstention(vendor: str) -> None:
    reply, _ = await replied(vendor, {"fault": "empty", "times": 0})
    assert isinstance(reply.answer, Abstain)


FAULTS = [
    {"fault": "status", "status": 500}, {"fault": "status", "status": 529}, {"fault": "status", "status": 429},
    {"fault": "reset"}, {"fault": "malformed", "object": {}}, {"fault": "html"},
]  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['fault']}{fault.get('status', '')}")
async def test_l1_a_passing_fault_is_tried_again(vendor: str, fault: dict[str, Any]) -> None:
    reply, sent = await replied(vendor, fault, said(vendor, GOOD))
    assert isinstance(reply.answer, Vote), reply
    assert len(sent) == 2


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['fault']}{fault.get('status', '')}")
async def test_l1_a_lasting_fault_ends_with_the_rules_and_says_so(vendor: str, fault: dict[str, Any]) -> None:
    reply, sent = await replied(vendor, {**fault, "times": 0}, ending=" > rules")
    assert isinstance(reply.answer, Vote)
    assert (reply.answer.reasoning, reply.mind.model) == ("the rules", "rules")
    assert reply.mind.response.startswith(f"instead of a model: {vendor}:")
    assert len(sent) == 3


@pytest.mark.parametrize("vendor", VENDORS)
async def test_l1_without_rules_at_the_end_it_is_an_abstention(vendor: str) -> None:
    reply, _ = await replied(vendor, {"fault": "status", "status": 503, "times": 0})
    assert isinstance(reply.answer, Abstain)
    assert (reply.answer.reason, "503" in reply.answer.detail) == ("error", True)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_l1_a_model_that_hangs_leaves_time_for_the_rules(vendor: str) -> None:
    reply, sent = await replied(
        vendor, {"fault": "timeout", "seconds": 5.0, "times": 0}, ending=" > rules", deadline_s=0.5
    )
    assert reply.mind.model == "rules"
    assert len(sent) == 1


async def test_l1_retry_after_is_obeyed_by_asking_the_next_one() -> None:
    turns = [
        {"model": "claude", "fault": "status", "status": 429, "retry_after": 30, "times": 0},
        {"model": "gpt", "object": GOOD, "times": 0},
    ]
    async with practice(*turns) as (url, server):
        name = "anthropic:claude-haiku-4-5 > openai:gpt-5-mini > rules"
        async with thinking(name, keys=keys(url)) as one:
            for _ in range(4):
                assert (await one.answer(asked())).mind.model == "openai:gpt-5-mini"
    assert [entry["body"]["model"] for entry in server.asked].count("claude-haiku-4-5") == 1


async def test_l1_a_provider_that_keeps_failing_is_left_alone() -> None:
    async with (
        practice({"fault": "status", "status": 500, "times": 0}) as (url, server),
        mind("compatible", url, ending=" > rules") as one,
    ):
        for _ in range(5):
            await one.answer(asked())
    assert len(server.asked) == 3


@pytest.mark.parametrize("vendor", ["anthropic", "openai"])
async def test_a_wrong_key_is_not_tried_twice_and_never_told(vendor: str) -> None:
    async with (
        practice({**said(vendor, GOOD), "times": 0}, key="the-right-one") as (url, server),
        mind(vendor, url, ending=" > rules") as one,
    ):
        reply = await one.answer(asked())
    assert (reply.mind.model, server.asked) == ("rules", [])
    assert "the key is not accepted" in reply.mind.response
    assert "k-1" not in repr(reply)
    assert "k-2" not in repr(reply)


async def test_wrong_figures_lower_the_confidence_and_are_shown() -> None:
    claims = [{"result_id": "fact-1", "pointer": "/rsi", "value": 70.0, "unit": ""}]
    reply, _ = await replied("openai", said("openai", {**GOOD, "claims": claims}))
    vote = reply.answer
    assert isinstance(vote, Vote)
    assert vote.confidence == pytest.approx(0.6 * 0.5 * 0.9)
    assert "/rsi is 28.4, not 70" in vote.reasoning
    assert vote.evidence == ()


def test_without_a_key_the_rules_vote() -> None:
    assert type(build("anthropic:claude-haiku-4-5", home=Path("/nowhere"))).__name__ == "RulesMind"


@pytest.mark.parametrize(
    "name",
    [
        "anthropic:",
        "openai:gpt-5@http://x",
        "compatible:llama",
        "compatible:llama@ftp://x",
        "rules > openai:gpt-5",
        "openai:gpt-5 > mistral:x",
    ],
)
def test_a_wrong_chain_is_refused(name: str) -> None:
    with pytest.raises(BadConfig):
        build(name, home=Path("/nowhere"), keys=keys("http://127.0.0.1:1"))


def test_a_model_without_a_price_is_refused() -> None:
    with pytest.raises(BadConfig, match="no price"):
        build("openai:gpt-99", home=Path("/nowhere"), keys=keys("http://127.0.0.1:1"))


def test_a_key_may_be_in_a_file_and_not_in_both(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k-1\n")
    given = {"ANTHROPIC_API_KEY_FILE": str(file)}
    assert type(build("anthropic:claude-haiku-4-5", home=tmp_path, keys=given)).__name__ == "LanguageMind"
    with pytest.raises(BadConfig, match="both set") as caught:
        build(
            "anthropic:claude-haiku-4-5", home=tmp_path, keys={**given, "ANTHROPIC_API_KEY": "secret-value"}
        )
    assert "secret-value" not in str(caught.value)
    with pytest.raises(BadConfig, match="ANTHROPIC_API_KEY_FILE"):
        build(
            "anthropic:claude-haiku-4-5",
            home=tmp_path,
            keys={"ANTHROPIC_API_KEY_FILE": str(tmp_path / "none")},
        )


def test_a_test_cannot_ask_a_vendor() -> None:
    with pytest.raises(BadConfig, match="ALLOW_MODEL_REQUESTS"):
        build(
            "anthropic:claude-haiku-4-5",
            home=Path("/nowhere"),
            keys={"ANTHROPIC_API_KEY": "k", "ALLOW_MODEL_REQUESTS": "0"},
        )


async def test_a_debate_is_data_with_its_provenance_beside_the_same_prefix() -> None:
    claim = Argument(
        agent="technical", claims="price_falls", confidence=0.7,
        cites=(Point(result_id="r-9", tool="indicators.indicator_snapshot", figures={"/rsi": 81.0}),),
    )  # fmt: skip
    async with (
        practice({**said("anthropic", GOOD), "times": 0}) as (url, server),
        mind("anthropic", url) as one,
    ):
        await one.answer(asked())
        await one.answer(replace(asked(), heard=(claim,)))
    before, after = (entry["body"] for entry in server.asked)
    assert system_of(before) == system_of(after)
    told = json.loads(after["messages"][0]["content"])
    assert "debate" not in json.loads(before["messages"][0]["content"])
    (heard,) = told["debate"]
    assert (heard["untrusted_data"], heard["provenance"]) == (True, "another agent")
    assert heard["cites"][0]["figures"] == {"/rsi": 81.0}


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_mind_that_ends_leaves_no_connection_open(vendor: str) -> None:
    async with practice({**said(vendor, GOOD), "times": 0}) as (url, _):
        before = open_to(url)
        async with mind(vendor, url) as one:
            await one.answer(asked())
            assert open_to(url) > before  # kept for the next round
        assert open_to(url) == before


def open_to(url: str) -> int:
    """Connections of this process to a server, its own ends apart."""
    port = int(url.rpartition(":")[2])
    return sum(
        bool(one.raddr) and one.raddr.port == port and one.status == "ESTABLISHED"
        for one in psutil.Process().net_connections("tcp")
    )
