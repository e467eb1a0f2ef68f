"""Strategies at the table: who sits there, and what a record tells of them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from openoutcry.strategy.seat import StrategySeat, sat
from openoutcry.voting.seats import Seat
from orchestrator.seating import DEFINED, StrategyVoice, apart, at_table, seats_of, told
from tests.agents.strategies import seat

ONE, TWO = seat("one", weight=2.0), seat("two", asset="ETH")


def defined(detail: Mapping[str, Any]) -> list[str]:
    return [one["agent"] for one in detail.get(DEFINED, ())]


def test_a_strategy_sits_where_its_asset_is_traded() -> None:
    perp = seat("perp", side="short", asset="BTC/USDT:USDT")
    pair = seat("pair", asset="BTC/USDC")
    everyone = (perp, pair, TWO, ONE)
    assert at_table(everyone, "BTC/USDT") == (ONE, perp)
    assert at_table(everyone, "BTC/USDT:USDT") == (ONE, perp)
    assert at_table(everyone, "ETH/USDT") == (TWO,)
    assert at_table(everyone, "BTC/USDC") == (ONE, pair)
    assert at_table((), "BTC/USDT") == ()


def test_a_name_that_an_agent_has_gets_no_seat() -> None:
    assert apart((ONE, TWO), {"two", "technical"}) == ((ONE,), (TWO,))


def test_seats_carry_the_weights() -> None:
    assert seats_of((ONE, TWO)) == (Seat(agent="one", weight=2.0), Seat(agent="two"))


def test_a_record_names_everyone_and_defines_whoever_is_new() -> None:
    first = told((ONE, TWO), {})
    assert defined(first) == ["one", "two"]
    before = sat(first)
    assert before["one"].weight == 2.0 and before["one"].hash == ONE.hash
    again = told((ONE, TWO), before)
    assert defined(again) == []
    assert sat(again) == before
    heavier = ONE.model_copy(update={"weight": 9.0})
    assert defined(told((heavier, TWO), before)) == [], "a weight is told each round, not defined"
    revised = seat("one", reward_factor=5.0)
    assert defined(told((revised, TWO), before)) == ["one"]
    namesake = ONE.model_copy(update={"id": UUID(int=77)})
    assert defined(told((namesake,), before)) == ["one"]
    assert told((), before) == {}
    assert defined(told((ONE,), {})) == ["one"], "who comes back is told again"


class Asked:
    def __init__(self) -> None:
        self.arguments: dict[str, Any] = {}

    async def list_tools(self) -> list[dict[str, Any]]:
        return [{"name": "vote"}]

    async def call(self, tool: str, arguments: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        self.arguments = {"tool": tool, **arguments, **more}
        return {"answered": True}


async def test_a_voice_asks_the_host_as_itself() -> None:
    host = Asked()
    voice = StrategyVoice(host, ONE)
    assert await voice.call("vote", {"snapshot": {}}, round_token="r", timeout_s=2.0) == {"answered": True}
    assert StrategySeat.model_validate(host.arguments.pop("strategy")) == ONE
    assert host.arguments == {"tool": "vote", "snapshot": {}, "round_token": "r", "timeout_s": 2.0}
    assert await voice.list_tools() == [{"name": "vote"}]
