"""Lists and the leaderboard: filters, sorting, ranks and pages."""

import pytest

from db.strategies.creating import new_version
from db.strategies.finding import find, pick, versions
from db.strategies.history import By
from db.strategies.listing import Query, listing
from db.strategies.metrics import record_metrics
from db.strategies.standing import set_status
from openoutcry.errors import BadInput, BadTimeframe, NotFound
from openoutcry.strategy.ranking import composite
from tests.db.strategies.registered import ANN, ROSTER, definition, stored
from tests.factories import ORG

BOT = By("bot")


def metrics(sharpe: float, total: float = 0.2, drawdown: float = -0.1, trades: int = 40) -> dict:
    return {
        "sharpe_ratio": sharpe,
        "total_return": total,
        "max_drawdown": drawdown,
        "win_rate": 0.5,
        "profit_factor": 1.5,
        "total_trades": trades,
    }


async def measured(pool, name, found: dict, version="1.0.0") -> None:
    strategy = await find(pool, ORG, name)
    wanted = pick(strategy, await versions(pool, strategy.id), version).id
    async with pool.acquire() as connection:
        await record_metrics(connection, wanted, found, "backtest", BOT)


@pytest.fixture
async def five(pool):
    """alpha to echo, of which echo has no metrics and delta is archived."""
    await stored(pool, "alpha", changes={"asset": "ETH", "description": "trend of ether"})
    await stored(pool, "bravo", exchange="binance_futures")
    await stored(pool, "charlie", status="paper", changes={"strategy_type": "breakout"})
    await stored(pool, "delta")
    await stored(pool, "echo")
    for name, found in (
        ("alpha", metrics(1.0)),
        ("bravo", metrics(2.0, 0.5, -0.3)),
        ("charlie", metrics(2.0, 0.5, -0.05, 12)),
        ("delta", metrics(3.0)),
    ):
        await measured(pool, name, found)
    await set_status(pool, ORG, "delta", "archived", ANN, reserved=ROSTER)
    return pool


async def names(pool, **asked) -> list[str]:
    return [item.strategy.name for item in (await listing(pool, ORG, Query(**asked))).items]


FILTERS: list[tuple[dict, list[str]]] = [
    ({}, ["alpha", "bravo", "charlie", "echo"]),
    ({"include_archived": True}, ["alpha", "bravo", "charlie", "delta", "echo"]),
    ({"status": "archived"}, ["delta"]),
    ({"status": "paper"}, ["charlie"]),
    ({"stage": "staging"}, ["charlie"]),
    ({"stage": "prod"}, []),
    ({"exchange": "binance_futures"}, ["bravo"]),
    ({"timeframe": "1HR"}, ["alpha", "bravo", "charlie", "echo"]),
    ({"timeframe": "4h"}, []),
    ({"asset": "ETH"}, ["alpha"]),
    ({"strategy_type": "breakout"}, ["charlie"]),
    ({"search": "TREND"}, ["alpha"]),
    ({"search": "eth"}, ["alpha"]),
    ({"search": "%"}, []),
    ({"search": "_"}, []),
    ({"min_sharpe": 2.0}, ["bravo", "charlie"]),
    ({"max_drawdown": 0.1}, ["alpha", "charlie"]),
    ({"min_sharpe": 1.5, "max_drawdown": 0.1}, ["charlie"]),
    ({"descending": True}, ["echo", "charlie", "bravo", "alpha"]),
    ({"sort_by": "sharpe", "descending": True}, ["bravo", "charlie", "alpha", "echo"]),
    ({"sort_by": "return"}, ["alpha", "bravo", "charlie", "echo"]),
    ({"sort_by": "trades"}, ["charlie", "alpha", "bravo", "echo"]),
    ({"sort_by": "created", "descending": True}, ["echo", "charlie", "bravo", "alpha"]),
    ({"limit": 2, "offset": 1}, ["bravo", "charlie"]),
]


async def test_filters_and_orders(five) -> None:
    for asked, found in FILTERS:
        assert await names(five, **asked) == found, asked


async def test_the_leaderboard_ranks_by_score(five) -> None:
    page = await listing(five, ORG, Query(sort_by="score", descending=True))
    assert [(item.strategy.name, item.rank) for item in page.items] == [
        ("bravo", 1),
        ("alpha", 2),
        ("charlie", 3),
        ("echo", 4),
    ]
    scores = [item.version.score for item in page.items]
    assert scores[0] == composite(metrics(2.0, 0.5, -0.3)).composite_score
    assert scores[3] is None
    second = await listing(five, ORG, Query(sort_by="score", descending=True, limit=1, offset=1))
    assert [(item.strategy.name, item.rank) for item in second.items] == [("alpha", 2)]
    assert second.total == 4


async def test_equal_scores_share_a_rank(pool) -> None:
    for name in ("one", "two", "three"):
        await stored(pool, name)
        await measured(pool, name, metrics(1.0 if name != "three" else 0.5))
    page = await listing(pool, ORG, Query(sort_by="score", descending=True))
    assert [(item.strategy.name, item.rank) for item in page.items] == [("one", 1), ("two", 1), ("three", 3)]


async def test_a_page_beyond_the_end_knows_how_many_there_are(five) -> None:
    page = await listing(five, ORG, Query(offset=100))
    assert (page.items, page.total) == ((), 4)
    assert (await listing(five, ORG, Query(search="nothing of the kind"))).total == 0


async def test_the_version_in_force_is_shown_and_with_a_stage_the_one_there(pool) -> None:
    made = await stored(pool, "one", status="paper")
    await new_version(pool, ORG, "one", definition("one"), ANN)
    await stored(pool, "two")
    await new_version(pool, ORG, "two", definition("two"), ANN)

    async def shown(**asked) -> dict[str, str]:
        page = await listing(pool, ORG, Query(**asked))
        return {item.strategy.name: item.version.version for item in page.items}

    assert made.status == "paper"
    assert await shown() == {"one": "1.0.0", "two": "1.0.1"}
    assert await shown(stage="dev") == {"one": "1.0.1", "two": "1.0.1"}
    assert await shown(stage="staging") == {"one": "1.0.0"}


async def test_bounds(pool) -> None:
    for asked, field in (
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"offset": -1}, "offset"),
        ({"search": "x" * 101}, "search"),
    ):
        with pytest.raises(BadInput) as caught:
            await listing(pool, ORG, Query(**asked))
        assert caught.value.field == field


async def test_an_unknown_timeframe_is_named(pool) -> None:
    with pytest.raises(BadTimeframe):
        await listing(pool, ORG, Query(timeframe="7m"))


async def test_metrics_of_nothing_are_refused_and_newer_ones_replace(five) -> None:
    await measured(five, "alpha", metrics(0.1))
    (item,) = (await listing(five, ORG, Query(search="alpha"))).items
    assert item.version.metrics == metrics(0.1)
    async with five.acquire() as connection:
        with pytest.raises(NotFound):
            await record_metrics(connection, ORG, metrics(0.1), "backtest", BOT)
