"""C3: a key that may withdraw, may not trade or is not accepted opens nothing."""

import pytest

from mcp_servers.execution import live_door
from mcp_servers.execution.live_door import refuse_wide_key
from openoutcry.errors import StartupRefused
from tests.mcp_servers.execution.live.rig import Rig


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
