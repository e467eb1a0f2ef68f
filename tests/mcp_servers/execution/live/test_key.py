"""C3: a key that may withdraw, may not trade or is not accepted opens nothing."""

import json
from datetime import datetime
from uuid import UUID

import pytest

from mcp_servers.execution import live_door
from mcp_servers.execution.live_door import pause_over, refuse_wide_key
from openoutcry.errors import StartupRefused
from tests.mcp_servers.execution.live.rig import Rig
from wire.config import DEFAULT_ORG


async def test_c3_a_key_that_may_trade_alone_is_taken(rig: Rig) -> None:
    await refuse_wide_key(rig.gateway)


async def test_c3_a_key_that_may_withdraw_is_refused(rig: Rig) -> None:
    rig.user.withdrawals = True
    with pytest.raises(StartupRefused, match="may withdraw"):
        await refuse_wide_key(rig.gateway)


async def test_c3_a_key_that_is_revoked_is_refused_at_once(rig: Rig) -> None:
    rig.user.revoked = True
    with pytest.raises(StartupRefused, match=r"refuses the key \(-2015"):
        await refuse_wide_key(rig.gateway)
    assert sum(path.endswith("apiRestrictions") for _, _, path, _ in rig.running.requests) == 1


async def test_c3_an_exchange_that_does_not_say_is_not_believed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_door, "TRIES", 2)
    rig.fault("braces", path="/sapi/v1/account/apiRestrictions", method="GET", times=0)
    with pytest.raises(StartupRefused):
        await refuse_wide_key(rig.gateway)


@pytest.mark.parametrize("status", [429, 418])
async def test_e7_a_server_that_starts_during_a_pause_says_so_waits_as_long_as_asked_and_goes_on(
    rig: Rig, status: int
) -> None:
    path = "/sapi/v1/account/apiRestrictions"
    rig.fault("limited", path=path, method="GET", status=status, seconds=2)
    before = rig.clock.now()
    await refuse_wide_key(rig.gateway, pause_over(rig.gateway, rig.pool, UUID(DEFAULT_ORG), rig.clock))
    assert (rig.clock.now() - before).total_seconds() >= 1.9
    assert sum(asked == path for _, _, asked, _ in rig.running.requests) == 2, "not asked meanwhile"
    [told] = await rig.pool.fetch("SELECT data FROM events WHERE data->>'status' = 'alarm'")
    data = told["data"] if isinstance(told["data"], dict) else json.loads(told["data"])
    assert "asked for a pause" in data["message"]
    assert datetime.fromisoformat(data["metadata"]["until"]) > before


async def test_e7_a_person_who_opens_a_floor_during_a_pause_is_told_at_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_door, "TRIES", 2)
    rig.fault("limited", path="/sapi/v1/account/apiRestrictions", method="GET", seconds=600)
    with pytest.raises(StartupRefused, match=r"asked for a pause; (600|59\d) s are left of it"):
        await refuse_wide_key(rig.gateway)
