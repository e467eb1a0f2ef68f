"""The live account at the practice exchange."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.mcp_servers.execution.live.guarded import Guarded, guarding
from tests.mcp_servers.execution.live.rig import Rig, rigged


@pytest.fixture
async def rig(tmp_path: Path, fresh_database: str) -> AsyncIterator[Rig]:
    async with rigged(tmp_path, fresh_database) as opened:
        yield opened


@pytest.fixture
async def guarded(rig: Rig, tmp_path: Path, fresh_database: str) -> AsyncIterator[Guarded]:
    async with guarding(rig, tmp_path, fresh_database) as opened:
        yield opened
