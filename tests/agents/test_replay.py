"""A recorded ballot comes out the same, or the difference is named."""

import pytest

from agents.cast import cast
from agents.declare import Agent
from agents.llm.rules import RulesMind
from agents.recorded import RecordedToolbox
from agents.registry import discover
from agents.replay import recast
from openoutcry.canonical import canonical_json
from openoutcry.errors import ReplayDiverged
from openoutcry.types.votes import Abstain, Ballot, Debated, MindUse, ToolUse
from openoutcry.voting.debate import settled
from tests.agents.floor import FakeToolbox, snapshot

AGENTS = discover().agents
every_agent = pytest.mark.parametrize("agent", AGENTS.values(), ids=AGENTS)


async def recorded(agent: Agent) -> Ballot:
    ballot = await cast(agent, snapshot(), FakeToolbox(agent), RulesMind(), deadline_s=5.0)
    return Ballot.model_validate_json(ballot.model_dump_json())


@every_agent
async def test_every_agent_recasts_its_ballot_to_the_byte(agent: Agent) -> None:
    ballot = await recorded(agent)
    assert canonical_json(await recast(agent, snapshot(), ballot)) == canonical_json(ballot)


async def test_a_models_answer_comes_from_the_recording() -> None:
    ballot = (await recorded(AGENTS["trend"])).model_copy(
        update={"mind": MindUse(model="some-model", response="BUY!")}
    )
    assert await recast(AGENTS["trend"], snapshot(), ballot) == ballot


async def test_altered_evidence_gives_another_ballot() -> None:
    ballot = await recorded(AGENTS["risk"])
    book = ballot.tool_uses[0]
    altered = book.model_copy(
        update={"result": {**book.result, "used": {**book.result["used"], "max_drawdown": 3.0}}}
    )
    forged = ballot.model_copy(update={"tool_uses": (altered, *ballot.tool_uses[1:])})
    again = await recast(AGENTS["risk"], snapshot(), forged)
    assert again.answer != ballot.answer


async def test_an_abstention_stands() -> None:
    answer = Abstain(agent="trend", symbol="BTC/USDT", reason="deadline")
    ballot = Ballot(agent="trend", answer=answer)
    assert await recast(AGENTS["trend"], snapshot(), ballot) == ballot


@every_agent
async def test_a_missing_call_is_named(agent: Agent) -> None:
    ballot = await recorded(agent)
    first = ballot.tool_uses[0]
    with pytest.raises(
        ReplayDiverged, match=f"{agent.name}: called {first.tool}, which the recording does not hold"
    ):
        await recast(agent, snapshot(), ballot.model_copy(update={"tool_uses": ()}))


async def test_other_arguments_are_named() -> None:
    ballot = await recorded(AGENTS["trend"])
    use = ballot.tool_uses[0].model_copy(
        update={"arguments": {**ballot.tool_uses[0].arguments, "timeframe": "4h"}}
    )
    with pytest.raises(ReplayDiverged, match="timeframe='1h', recorded timeframe='4h'"):
        await recast(AGENTS["trend"], snapshot(), ballot.model_copy(update={"tool_uses": (use,)}))


async def test_a_call_that_is_not_made_again_is_named() -> None:
    ballot = await recorded(AGENTS["trend"])
    extra = ToolUse(result_id="x", tool="market.get_basis", arguments={}, result={})
    with pytest.raises(ReplayDiverged, match="trend did not call market"):
        await recast(
            AGENTS["trend"], snapshot(), ballot.model_copy(update={"tool_uses": (*ballot.tool_uses, extra)})
        )


async def test_a_miss_is_heard_through_a_hosted_agent_too() -> None:
    ballot = Ballot(agent="risk", answer=Abstain(agent="risk", symbol="BTC/USDT", reason="error"))
    with pytest.raises(ReplayDiverged):
        await cast(AGENTS["risk"], snapshot(), RecordedToolbox(ballot), RulesMind(), deadline_s=1.0)


async def test_a_debated_ballot_is_cast_again_twice() -> None:
    first = (await recorded(AGENTS["trend"])).model_copy(update={"mind": MindUse(model="m", response="BUY!")})
    again = first.model_copy(update={"answer": first.answer.model_copy(update={"confidence": 0.1})})
    debated = settled(first, again, ())
    assert await recast(AGENTS["trend"], snapshot(), debated) == debated
    forged = debated.model_copy(
        update={"debate": Debated(heard=(), other=first.model_copy(update={"tool_uses": ()}), stood=False)}
    )
    with pytest.raises(ReplayDiverged, match="does not hold"):
        await recast(AGENTS["trend"], snapshot(), forged)
