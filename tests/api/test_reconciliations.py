"""Comparisons of the exchange account with our books, over REST and MCP."""

from datetime import timedelta

import pytest

from db import venue_books
from openoutcry.errors import BadInput
from tests.factories import ORG, START
from tests.mcp_servers.execution.floor import floor_in_memory

PATH = "/api/v1/execution/reconciliations"
FOUND = {
    "kind": "unknown_order", "symbol": "BTC/USDT", "subject": "someone-else", "ours": "", "theirs": "open, 0 of 0.01",
    "amount": "0", "action": "halt", "halts": "BTC/USDT", "reason": "an order that is not ours: open, 0 of 0.01",
}  # fmt: skip
HALTS = {"BTC/USDT": FOUND["reason"]}


async def compared(pool) -> None:
    for hours, differences, halts in ((0, [], {}), (1, [FOUND], HALTS), (2, [], {})):
        at = START + timedelta(hours=hours)
        await venue_books.note(pool, ORG, "account", "binance", at, differences, halts)


async def test_e13_comparisons_are_told_newest_first(world, viewer):
    nothing = (await viewer.get(PATH)).json()
    assert (nothing["reconciliations"], nothing["count"]) == ([], 0)
    await compared(world.pool)
    told = (await viewer.get(PATH, params={"limit": 2})).json()
    assert [len(one["differences"]) for one in told["reconciliations"]] == [0, 1] and told["count"] == 2
    [one] = (await viewer.get(PATH, params={"differing": "true"})).json()["reconciliations"]
    assert (one["account"], one["exchange"], one["halts"]) == ("account", "binance", HALTS)
    [difference] = one["differences"]
    assert {**difference, "amount": str(difference["amount"])} == FOUND


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": 201}, {"limit": "all"}, {"differing": "perhaps"}])
async def test_what_cannot_be_asked_is_refused_by_its_name(viewer, asked):
    said = await viewer.get(PATH, params=asked)
    assert said.status_code == 400 and next(iter(asked)) in said.text


async def test_e13_the_tool_tells_the_same(tmp_path, fresh_database):
    async with floor_in_memory(tmp_path, fresh_database) as floor:
        await compared(floor.pool)
        [told] = (await floor.server.call("list_reconciliations", {"differing": True}))["reconciliations"]
        assert (told["halts"], told["differences"]) == (HALTS, [FOUND])
        every = await floor.server.call("list_reconciliations", {"limit": 2})
        assert [len(one["differences"]) for one in every["reconciliations"]] == [0, 1]
        with pytest.raises(BadInput, match="limit"):
            await floor.server.call("list_reconciliations", {"limit": 0})
