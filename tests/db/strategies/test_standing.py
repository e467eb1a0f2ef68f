"""Status and stage: how one moves the other, and who may take a seat."""

import asyncio

import pytest

from db.strategies.creating import create, new_version
from db.strategies.finding import find, versions
from db.strategies.seats import seats
from db.strategies.staging import Promoted, promote, stage
from db.strategies.standing import set_status
from db.strategies.updating import update
from openoutcry.errors import BadInput, Conflict
from openoutcry.strategy.definition import read
from tests.db.strategies.registered import ANN, ROSTER, defaults, definition, stored, validated
from tests.factories import ORG


async def moved(pool, name, status, **more):
    return await set_status(pool, ORG, name, status, ANN, reserved=ROSTER, **more)


async def stages(pool, strategy) -> dict[str, str]:
    return {version.version: version.stage for version in await versions(pool, strategy.id)}


async def sitting(pool) -> list[tuple[str, str]]:
    return [(seat.agent, seat.version) for seat in await seats(pool, ORG)]


async def test_paper_takes_the_newest_version_to_staging_and_a_seat(pool) -> None:
    made = await stored(pool)
    await new_version(pool, ORG, made.name, definition(), ANN)
    assert await sitting(pool) == []
    on = await moved(pool, made.name, "paper", weight=3.0)
    assert (on.status, on.weight) == ("paper", 3.0)
    assert await stages(pool, made) == {"1.0.0": "dev", "1.0.1": "staging"}
    (seat,) = await seats(pool, ORG)
    assert (seat.agent, seat.version, seat.weight, seat.asset) == ("btc_rsi_strategy", "1.0.1", 3.0, "BTC")
    assert seat.definition["execution_config"]["atr_period"] == 14
    await moved(pool, made.name, "inactive")
    assert await sitting(pool) == []
    assert await stages(pool, made) == {"1.0.0": "dev", "1.0.1": "dev"}


async def test_new_rules_of_a_strategy_in_paper_vote_at_once_and_a_new_version_does_not(pool) -> None:
    made = await stored(pool, status="paper")
    await new_version(pool, ORG, made.name, definition(reward_factor=5.0), ANN)
    assert await sitting(pool) == [("btc_rsi_strategy", "1.0.0")]
    await update(pool, ORG, made.name, ANN, definition=definition(reward_factor=6.0))
    assert await sitting(pool) == [("btc_rsi_strategy", "1.0.2")]
    assert await stages(pool, made) == {"1.0.0": "dev", "1.0.1": "dev", "1.0.2": "staging"}


async def test_live_needs_production_and_keeps_it(pool) -> None:
    made = await stored(pool)
    with pytest.raises(Conflict, match="no version in production") as caught:
        await moved(pool, made.name, "live")
    assert caught.value.field == "status"
    with pytest.raises(Conflict):
        await stored(pool, "born live", status="live")
    assert await pool.fetchval("SELECT count(*) FROM strategies") == 1
    staged = await stage(pool, ORG, made.name, "1.0.0", ANN, asked={}, reserved=ROSTER)
    await validated(pool, staged.validation_id)
    assert isinstance(await promote(pool, ORG, made.name, "1.0.0", ANN, reserved=ROSTER), Promoted)
    for status in ("inactive", "paper", "live", "draft", "live"):
        await moved(pool, made.name, status)
        assert await stages(pool, made) == {"1.0.0": "prod"}
    await new_version(pool, ORG, made.name, definition(), ANN)
    assert await sitting(pool) == [("btc_rsi_strategy", "1.0.0")]
    await stage(pool, ORG, made.name, "1.0.1", ANN, asked={}, reserved=ROSTER)
    assert (await find(pool, ORG, made.name)).status == "live", "a trial beside it does not end production"
    assert await sitting(pool) == [("btc_rsi_strategy", "1.0.0")]
    await moved(pool, made.name, "paper")
    assert await sitting(pool) == [("btc_rsi_strategy", "1.0.1")]


async def test_the_archive_keeps_a_strategy_off_the_floor(pool) -> None:
    made = await stored(pool, status="paper")
    gone = await moved(pool, made.name, "archived")
    assert gone.archived_at is not None
    assert await sitting(pool) == []
    for status in ("paper", "live"):
        with pytest.raises(Conflict, match="archived: unarchive it first"):
            await moved(pool, made.name, status)
    with pytest.raises(Conflict, match="archived"):
        await stage(pool, ORG, made.name, "1.0.0", ANN, asked={}, reserved=ROSTER)
    back = await moved(pool, made.name, "inactive")
    assert (back.status, back.archived_at) == ("inactive", None)


async def test_a_seat_reserved_for_an_agent_is_refused_and_nothing_moves(pool) -> None:
    made = await stored(pool, "Trend!".replace("!", ""))
    with pytest.raises(Conflict, match="'trend', and the floor has an agent of that name") as caught:
        await moved(pool, made.name, "paper")
    assert caught.value.field == "name"
    with pytest.raises(Conflict, match="'trend'"):
        await stage(pool, ORG, made.name, "1.0.0", ANN, asked={}, reserved=ROSTER)
    with pytest.raises(Conflict, match="'floor'"):
        await stored(pool, "Floor", status="paper")
    with pytest.raises(Conflict, match="'risk'"):
        await stored(pool, "RISK", status="paper")
    assert (await find(pool, ORG, made.name)) == made
    assert await pool.fetchval("SELECT count(*) FROM strategies") == 1
    await update(pool, ORG, made.name, ANN, new_name="Trend of mine")
    assert (await moved(pool, "Trend of mine", "paper")).agent_name == "trend_of_mine"


async def test_two_strategies_of_one_voice_race_for_its_seat_and_one_gets_it(pool) -> None:
    names = ["BTC RSI", "btc-rsi", "BTC_rsi", "btc.RSI"]
    for name in names:
        await stored(pool, name)
    tried = await asyncio.gather(*(moved(pool, name, "paper") for name in names), return_exceptions=True)
    assert sum(not isinstance(one, Exception) for one in tried) == 1
    assert all(
        isinstance(one, Conflict) and one.field == "name" for one in tried if isinstance(one, Exception)
    )
    assert len(await sitting(pool)) == 1
    winner = names[next(i for i, one in enumerate(tried) if not isinstance(one, Exception))]
    loser = next(name for name in names if name != winner)
    with pytest.raises(Conflict, match=rf"as the strategy {winner} does already"):
        await moved(pool, loser, "paper")
    await moved(pool, winner, "inactive")
    await moved(pool, loser, "paper")


async def test_a_strategy_on_the_floor_keeps_its_name(pool) -> None:
    made = await stored(pool, status="paper")
    with pytest.raises(Conflict, match="take it off before renaming"):
        await update(pool, ORG, made.name, ANN, new_name="other")


async def test_a_code_strategy_takes_no_seat(pool) -> None:
    code = read({"name": "coded", "entry_point": "acme.trend", "parameters": {"fast": 5}}, defaults())
    made = await create(pool, ORG, code, ANN)
    assert (made.kind, made.asset, made.timeframe) == ("code", None, None)
    with pytest.raises(Conflict, match="only a rules strategy"):
        await moved(pool, "coded", "paper")
    staged = await stage(pool, ORG, "coded", "1.0.0", ANN, asked={}, reserved=ROSTER)
    assert staged.status == "inactive"


async def test_a_weight_out_of_bounds_is_refused(pool) -> None:
    made = await stored(pool)
    for weight in (-0.1, 100.1, float("nan"), float("inf")):
        with pytest.raises(BadInput, match="weight"):
            await moved(pool, made.name, "paper", weight=weight)
    assert await sitting(pool) == []


async def test_as_many_strategies_as_the_floor_seats(pool, monkeypatch) -> None:
    monkeypatch.setattr("db.strategies.changing.MOST_SEATED", 2)
    for name in ("one", "two"):
        await stored(pool, name, status="paper")
    with pytest.raises(Conflict, match="seats 2 strategies at most"):
        await stored(pool, "three", status="paper")
