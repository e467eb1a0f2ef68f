"""An approval permits its one order in its one round until it ends, and a server's own orders only reduce: no database."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.leaving import FRESH_S, Guard
from mcp_servers.execution.permission import permitted
from openoutcry.errors import NotAuthorised
from openoutcry.types.fence import Fence
from tests.mcp_servers.execution.floor import KEY, approve, claims
from tests.mcp_servers.execution.venue import HOUR, T0, order

ENTRY = order("entry", "BUY", "MARKET", "1")
OTHER = "00000000-0000-4000-8000-000000000009"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"session_id": OTHER}, "session"),
        ({"seq": 2}, "round"),
        ({"order_hash": "0" * 64}, "order"),
        ({"client_order_id": "oo-aaaaaaaaaaaaaaaaaaaaaaaaaa"}, "name"),
    ],
)
def test_an_approval_is_of_its_order_alone(changes: dict[str, Any], what: str) -> None:
    permitted(KEY, approve(ENTRY, 1, 0), ENTRY, claims(1, 0))
    with pytest.raises(NotAuthorised, match=f"made for another {what}$"):
        permitted(KEY, approve(ENTRY, 1, 0, changes), ENTRY, claims(1, 0))
    with pytest.raises(NotAuthorised, match=r"made for another symbol$"):
        permitted(KEY, approve(ENTRY, 1, 0), ENTRY, claims(1, 0, symbols=("ETH/USDT",)))
    unsigned = approve(ENTRY, 1, 0).model_copy(update={"mac": "AAAA"})
    with pytest.raises(NotAuthorised, match="signature"):
        permitted(KEY, unsigned, ENTRY, claims(1, 0))


def test_an_approval_is_good_to_the_moment_it_ends() -> None:
    good = approve(ENTRY, 1, 0, {"expires_at": T0 + HOUR})
    permitted(KEY, good, ENTRY, claims(1, 1))
    late = claims(1, 0).model_copy(update={"as_of": T0 + HOUR + timedelta(microseconds=1)})
    with pytest.raises(NotAuthorised, match="expired at 2023-01-01T01:00:00"):
        permitted(KEY, good, ENTRY, late)


def test_an_answer_is_written_under_the_accounts_lease_alone(tmp_path: Path) -> None:
    account, asker = Fence(name="account", token=1), Fence(name="orchestrator", token=2)
    assert Guard((account, asker), KillFile(tmp_path / "kill")).account == (account,)
    assert 0 < FRESH_S < 1.0, "a halt lets nothing through a second after it"
