"""E5, E7-E9, E14: fees in any asset, pauses that end, a key that is lost, answers that are none, at the practice exchange."""

import gzip
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from time import monotonic

import pytest
from aiohttp import web

from db import halting
from mcp_servers.execution.live_door import gateway_of
from mcp_servers.execution.venues.live import gateway, resolving
from mcp_servers.execution.venues.live.asking import BOUND
from openoutcry.errors import VenueUnknown
from sandbox.control import Desk
from tests.mcp_servers.execution.live.rig import Rig, order, rigged
from wire.clock import WallClock
from wire.config import DEFAULT_ORG

ENTRY = order("entry", "BUY", "MARKET", "0.1")
RESTING = order("entry", "BUY", "LIMIT", "0.1", price="50000")
BNB = Decimal(600)
"""Its price in USDT."""


@pytest.mark.parametrize("asset", ["base", "third"])
async def test_e5_a_fee_in_the_asset_bought_or_in_a_third_is_booked_as_what_it_was_worth(
    rig: Rig, asset: str
) -> None:
    if asset == "third":
        Desk(rig.running)._money({"account": "trader", "asset": "BNB", "amount": "10"})
        rig.user.pays_with_bnb = True
    before = {name: rig.held(name) for name in ("BTC", "BNB", "USDT")}
    assert (await rig.place(ENTRY)).status == "FILLED"
    took = {name: Decimal(rig.held(name) - amount) / 10**8 for name, amount in before.items()}
    fills = rig.venue.upto_placing(1, "entry", 0).fills
    held, fee = sum(f.quantity for f in fills), sum(f.fee for f in fills)
    assert held == took["BTC"], "what is held is exactly what the exchange gave"
    assert [p.quantity for p in rig.venue.positions()] == [held]
    if asset == "third":
        assert held == Decimal("0.1") and took["BNB"] < 0
        assert abs(fee - -took["BNB"] * BNB) < Decimal("0.01")
    else:
        assert held < Decimal("0.1") and took["BNB"] == 0
        assert sum(f.quantity * f.price for f in fills) + fee == pytest.approx(
            -took["USDT"], abs=Decimal("0.02")
        )


async def test_e7_a_pause_ends_by_itself_and_a_cancel_does_not_queue_behind_the_others(rig: Rig) -> None:
    await rig.place(RESTING)
    rig.fault("limited", method="GET", status=429, seconds=1)
    with pytest.raises(VenueUnknown):
        await rig.venue.lookup(rig.cid("entry"))
    assert "pause" in str((await rig.place(ENTRY, seq=2)).error) and rig.gateway._budget.quiet_s > 0
    while rig.gateway._budget.quiet_s > 0:
        await rig.venue.advance(rig.ticket(ENTRY).at)
    assert (await rig.place(ENTRY, seq=3)).status == "FILLED" and rig.running.limits.during_ban == 0
    await rig.gateway._budget.take(60_000.0)  # whoever only reads now waits for a minute
    began = monotonic()
    said = await rig.gateway.ask(
        "spot", "DELETE", "order", {"symbol": "BTCUSDT", "origClientOrderId": rig.cid("entry")}, urgent=True
    )
    assert said.value["status"] == "CANCELED" and monotonic() - began < 20


async def test_e7_what_waits_for_its_turn_is_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.place(RESTING)
    monkeypatch.setattr(gateway, "MOST_WAITING", 0)
    before = len(rig.running.requests)
    refused = await rig.place(ENTRY, seq=2)
    assert refused.status == "REJECTED" and "too many requests are waiting" in str(refused.error)
    assert len(rig.running.requests) == before


class Stepping(WallClock):
    """A machine's clock that somebody sets."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


async def test_e9_a_machine_whose_clock_is_set_back_trades_on_and_its_fills_are_in_the_exchanges_order(
    tmp_path: Path, fresh_database: str
) -> None:
    clock = Stepping()
    async with rigged(tmp_path, fresh_database, wall=clock) as rig:
        for seq, back_s in enumerate((0, -2, -3_600), start=1):
            clock.ahead = timedelta(seconds=back_s)
            assert (await rig.place(ENTRY, seq=seq)).status == "FILLED"
        assert rig.accepted() == [rig.cid("entry", seq) for seq in (1, 2, 3)]
        times = [fill.executed_at for fill in rig.venue.upto_placing(3, "entry", 0).fills]
        assert len(times) >= 3 and times == sorted(times)


async def test_e9_a_machine_whose_clock_is_set_forward_takes_no_order_for_absent_that_may_still_arrive(
    tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "LOOK_AGAIN_S", (0.01,))
    clock = Stepping()
    async with rigged(tmp_path, fresh_database, wall=clock) as rig:
        await rig.place(RESTING)
        rig.fault("hang", accept=False)
        with pytest.raises(VenueUnknown):
            await rig.place(ENTRY, seq=2)
        clock.ahead = 2 * BOUND
        for said in ("RetryAfterResync", "absent only in"):  # the first look learns that the clocks are apart
            with pytest.raises(VenueUnknown, match=said):
                await rig.venue.lookup(rig.cid("entry", 2))
        back = "UPDATE venue_sends SET sent_at = sent_at - $1::interval WHERE seq = 2"
        await rig.pool.execute(back, BOUND + timedelta(seconds=1))
        state = await rig.venue.lookup(rig.cid("entry", 2))
        assert state is not None and "NEVER_ARRIVED" in str(state.error)


async def test_e9_an_exchange_whose_time_jumps_at_every_request_neither_doubles_an_order_nor_ends_the_session(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it refused for its time was not taken, and what it took is found once its time holds still."""
    clock, note, jumps = (
        rig.running.exchange.clock,
        rig.running.note,
        cycle((4_000, -4_000, 0, 1_500, -7_000)),
    )

    def noted(method: str, path: str, status: int) -> None:
        note(method, path, status)
        clock.skew_ms = next(jumps)

    monkeypatch.setattr(rig.running, "note", noted)
    monkeypatch.setattr(resolving, "LOOK_AGAIN_S", (0.01,))
    for seq in range(1, 7):
        with suppress(VenueUnknown):
            await rig.place(ENTRY, seq=seq)
    monkeypatch.setattr(rig.running, "note", note)
    assert (await rig.place(ENTRY, seq=7)).status == "FILLED" and rig.lost == []
    states = [await rig.venue.lookup(rig.cid("entry", seq)) for seq in range(1, 8)]
    filled = [rig.cid("entry", one.order_seq) for one in states if one and one.status == "FILLED"]
    refused = [str(one.error) for one in states if one and one.status == "REJECTED"]
    assert rig.accepted() == filled and len(filled) + len(refused) == 7
    assert all("RetryAfterResync" in error for error in refused), refused


@pytest.mark.parametrize("code", [-2015, -2014, -1002])
async def test_e8_a_key_that_is_lost_halts_the_floor_with_its_reason(rig: Rig, code: int) -> None:
    door = gateway_of(rig.gateway._access, rig.home, rig.pool, DEFAULT_ORG, rig.clock)
    try:
        rig.fault(
            "code",
            "/api/v3/account",
            "GET",
            code=code,
            message="Invalid API-key, IP, or permissions.",
            status=401,
        )
        for _ in range(3):
            await door.ask("spot", "GET", "account")
        assert len([1 for _, _, path, _ in rig.running.requests if path == "/api/v3/account"]) == 1, (
            "not asked again"
        )
        halt = (await halting.standing(rig.pool))[None]
        assert halt["source"] == "breaker" and str(code) in halt["reason"]
        alarms = await rig.pool.fetchval(
            "SELECT count(*) FROM events WHERE data->>'status' = 'trading_halted'"
        )
        assert alarms == 1
    finally:
        await door.close()


@pytest.mark.parametrize(
    "body",
    ["[" * 90_000, '{"orderId": ' + "9" * 5_000 + "}", '{"orderId": 1e400}', '{"orderId": "١٢", "symbol": "BTCUSDT"}',
     '{"symbol": "ＢＴＣＵＳＤＴ", "orderId": 1, "clientOrderId": "x", "status": "FILLED"}', '{"executedQty": "NaN"}',
     "\x00" * 100, "null", '"FILLED"', "true"],
)  # fmt: skip
async def test_e14_whatever_the_answer_is_made_of_the_order_is_looked_up(rig: Rig, body: str) -> None:
    rig.fault("status", status=200, body=body)
    assert (await rig.place(ENTRY)).status == "FILLED" and rig.posts() == 1
    assert rig.accepted() == [rig.cid("entry")]


async def test_e14_a_packed_answer_is_not_unpacked(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MB of blanks in 64 KB: nothing was asked to be packed, and what is, nobody reads."""
    packed = gzip.compress(b" " * 64 * 1024 * 1024)

    async def bomb(_: web.Request) -> web.Response:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", bomb)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    unpacked: list[int] = []
    monkeypatch.setattr(gateway, "outcome", lambda reply: unpacked.append(len(getattr(reply, "body", ""))))
    try:
        access = rig.gateway._access.model_copy(update={"url": f"http://127.0.0.1:{runner.addresses[0][1]}"})
        door = gateway_of(access, rig.home, rig.pool, DEFAULT_ORG, rig.clock)
        await door.ask("spot", "GET", "time", signed=False)
        await door.close()
    finally:
        await runner.cleanup()
    assert unpacked and max(unpacked) <= len(packed)
