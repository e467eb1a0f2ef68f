"""A strategy as an agent: what it calls when its rules hold, with which levels, and what it asks."""

from decimal import Decimal
from typing import Any

import pytest

from agents.llm.rules import RulesMind
from agents.strategist import BOOK, RULES, SURE, TOOLS, WAITING, asked, strategist, subject
from openoutcry.strategy.rules import parse_strategy
from openoutcry.types.votes import Abstain, Vote
from tests.agents.floor import PERP, SPOT, FakeToolbox, snapshot
from tests.agents.strategies import book, reading, seat
from tests.db.strategies.registered import defaults

EXIT = [{"name": "rsi_cross_down", "signal_type": "TRIGGER", "timeframe": "1h", "params": {"threshold": 70}}]
SHORT: dict[str, Any] = {"side": "short", "asset": "BTC/USDT:USDT", "exit": EXIT}


async def heard(rules: dict[str, Any], held: dict[str, Any] | None = None, perp: bool = True, **changes: Any):
    agent = strategist(seat(**{"exit": EXIT, **changes}), defaults())
    answers = {RULES: lambda _: rules, BOOK: lambda _: held or {}}
    box = FakeToolbox(agent, answers)
    reply = await agent.think(snapshot(perp=perp), box, RulesMind())
    return reply.answer, box.uses


async def test_an_entry_is_called_with_the_stop_and_target_of_its_config() -> None:
    vote, uses = await heard(reading(entry=True))
    assert isinstance(vote, Vote)
    assert (vote.agent, vote.symbol, vote.action, vote.confidence) == ("btc_rsi", SPOT, "BUY", SURE)
    assert (vote.stop_loss, vote.take_profit) == (Decimal(96), Decimal(108)), "2 ATR of 2, and twice that"
    assert vote.horizon_bars == 1000
    assert vote.evidence == tuple(use.result_id for use in uses)
    assert [use.tool for use in uses] == [RULES]
    assert "rsi_cross_up on 1h holds" in vote.reasoning and uses[0].result_id in vote.reasoning


@pytest.mark.parametrize(
    ("changes", "stop", "target", "horizon"),
    [
        ({"reward_factor": 3.0}, "96", "112", 1000),
        ({"execution_config": {"atr_volatility_factor": 1.0}}, "98", "104", 1000),
        ({"execution_config": {"stop_loss_calculation": "fixed", "stop_loss_pct": 0.05}}, "95", "110", 1000),
        (
            {"execution_config": {"stop_loss_calculation": "none", "position_size_calc": "all_in"}},
            None,
            None,
            1000,
        ),
        ({"execution_config": {"max_hold_bars": 48}}, "96", "108", 48),
        ({"execution_config": {"max_hold_time_hours": 6.5}}, "96", "108", 6),
    ],
)
async def test_levels_and_horizon_follow_the_execution_config(changes, stop, target, horizon) -> None:
    vote, _ = await heard(reading(entry=True), **changes)
    wanted = tuple(None if level is None else Decimal(level) for level in (stop, target))
    assert (vote.stop_loss, vote.take_profit, vote.horizon_bars) == (*wanted, horizon)


async def test_waiting_is_a_hold_of_little_confidence_that_says_why() -> None:
    vote, uses = await heard(reading())
    assert (vote.action, vote.confidence, vote.stop_loss) == ("HOLD", WAITING, None)
    assert "rsi_cross_up on 1h does not hold" in vote.reasoning
    assert "too little history" in vote.reasoning
    assert [use.tool for use in uses] == [RULES], "nothing else is asked while nothing holds"


@pytest.mark.parametrize(
    ("held", "action"),
    [(book("500"), "SELL"), (book("0"), "HOLD"), (book("0", "-300"), "HOLD"), (book("500", "-500"), "SELL")],
)
async def test_an_exit_closes_what_is_held_and_never_opens_the_other_side(held, action) -> None:
    vote, uses = await heard(reading(exit=True), held)
    assert vote.action == action
    assert [use.tool for use in uses] == [RULES, BOOK]
    assert len(vote.evidence) == 2
    assert vote.stop_loss is None


async def test_an_exit_goes_before_an_entry_while_something_is_held() -> None:
    assert (await heard(reading(entry=True, exit=True), book("500")))[0].action == "SELL"
    assert (await heard(reading(entry=True, exit=True), book("0")))[0].action == "BUY"


@pytest.mark.parametrize(
    ("rules", "held", "action"),
    [
        (reading(entry=True), None, "SELL"),
        (reading(exit=True), book("0", "-400"), "BUY"),
        (reading(exit=True), book("400", "-400"), "HOLD"),
        (reading(), None, "HOLD"),
    ],
)
async def test_a_short_strategy_is_the_mirror(rules, held, action) -> None:
    vote, _ = await heard(rules, held, **SHORT)
    assert vote.action == action
    if action == "SELL":
        assert (vote.stop_loss, vote.take_profit) == (Decimal(104), Decimal(92))


async def test_without_an_atr_an_entry_is_not_called() -> None:
    answer, _ = await heard(reading(entry=True, atr=None))
    assert isinstance(answer, Abstain)
    assert (answer.reason, answer.detail) == ("data_unavailable", f"{RULES} has no atr")


async def test_an_answer_without_its_flags_is_no_vote() -> None:
    answer, _ = await heard({**reading(), "entry": "yes"})
    assert isinstance(answer, Abstain)


async def test_it_is_asked_about_its_own_instrument_where_the_session_has_it() -> None:
    bare, short = (parse_strategy(seat(**c).definition, defaults()) for c in ({}, SHORT))
    assert (subject(bare, snapshot()), subject(short, snapshot())) == (SPOT, PERP)
    assert subject(short, snapshot(perp=False)) == SPOT
    _, uses = await heard(reading(), **SHORT)
    assert (uses[0].arguments["symbol"], uses[0].arguments["timeframe"]) == (PERP, "1h")
    strategy = uses[0].arguments["strategy"]
    assert parse_strategy(strategy, defaults()).content_hash == short.content_hash
    assert asked(short) == strategy


def test_it_may_call_two_tools_that_only_read() -> None:
    agent = strategist(seat(), defaults())
    assert agent.tools == TOOLS == (RULES, BOOK)
    assert (agent.name, agent.voice, agent.source) == ("btc_rsi", "analysis", "strategy BTC RSI 1.0.0")
