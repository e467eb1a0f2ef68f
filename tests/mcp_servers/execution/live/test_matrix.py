"""G4: the ambiguous-submit matrix; ``make matrix`` runs it whole with more seeds (``MATRIX_SEEDS``) and prints the figure."""

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from mcp_servers.execution.venues.live import gateway, resolving
from mcp_servers.execution.venues.live.asking import Asking
from mcp_servers.execution.venues.live.outcome import Outcome, Unknown
from mcp_servers.execution.venues.live.sending import Sending
from mcp_servers.execution.venues.protocol import Still
from openoutcry.sim.engine import Ticket
from openoutcry.types.orders import OrderRequest
from tests.mcp_servers.execution.live.matrix import CELLS, Cell, Findings, Matrix, ShiftedClock
from tests.mcp_servers.execution.live.rig import Rig, rigged

FIRST, LAST = (int(n) for n in os.environ.get("MATRIX_SEEDS", "1..2").split(".."))
EVERY = int(os.environ.get("MATRIX_EVERY", "6"))
"""Of the cells; by default each seed takes another sixth of them."""
ANSWER_S = 0.15
COMMIT = subprocess.run(
    ("git", "rev-parse", "--short", "HEAD"), capture_output=True, text=True, check=False
).stdout.strip()


def test_the_matrix_is_complete() -> None:
    assert len(set(CELLS)) == 15 * 3 * 2 * 2 == 180


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits in earnest is skipped over: pauses between lookups, the pace of requests. Lost answers are warnings."""
    monkeypatch.setattr(resolving, "LOOK_AGAIN_S", (0.0, 0.01))
    monkeypatch.setattr(gateway, "MS_PER_WEIGHT", {"spot": 0.0, "perp": 0.0})
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


@asynccontextmanager
async def _rigged(home: Path, url: str, seed: int) -> AsyncIterator[Rig]:
    async with rigged(home, url, deadline_s=ANSWER_S, wall=ShiftedClock(), seed=seed) as rig:
        yield rig


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(FIRST, LAST + 1))
async def test_E1_E2_E3_no_answer_doubles_or_loses_an_order(
    seed: int, tmp_path: Path, fresh_database: str
) -> None:
    found, cells = Findings(), CELLS[seed % EVERY :: EVERY]
    async with _rigged(tmp_path, fresh_database, seed) as rig:
        matrix = Matrix(rig, seed)
        for seq, cell in enumerate(cells, 1):
            await matrix.run(cell, seq, found)
        matrix.audit(found)
    print(
        f"G4 seed {seed}: {found.cells} of {len(CELLS)} cells, doubled {len(found.doubled)}, lost {len(found.lost)}, "
        f"ledger differences {len(found.ledger)}, commit {COMMIT}, p < {3 / found.cells:.2%} at 95 %"
    )
    assert not found.all()
    assert found.cells == len(cells)


async def test_an_order_that_is_sent_again_blindly_is_noticed(
    tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Sending.send

    async def twice(self: Sending, ticket: Ticket, request: OrderRequest, still: Still | None) -> Outcome:
        said = await honest(self, ticket, request, still)
        return await honest(self, ticket, request, still) if isinstance(said, Unknown) else said

    monkeypatch.setattr(Sending, "send", twice)
    found = Findings()
    async with _rigged(tmp_path, fresh_database, 1) as rig:
        await Matrix(rig, 1).run(Cell("reset", "MARKET", True, True), 1, found)
    assert found.doubled


async def test_an_order_that_is_given_up_too_soon_is_noticed(
    tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def absent(self: Asking, *_: object) -> bool:
        return True

    monkeypatch.setattr(resolving, "BOUND", timedelta(seconds=-1))
    monkeypatch.setattr(Asking, "absent", absent)
    found = Findings()
    async with _rigged(tmp_path, fresh_database, 1) as rig:
        matrix = Matrix(rig, 1)
        await matrix.run(Cell("503", "MARKET", True, False), 1, found)
        matrix.audit(found)
    assert found.lost and found.ledger
