"""Every operation under whatever Schemathesis thinks of: no 5xx, no undocumented status, no answer unlike its schema."""

import os
from pathlib import Path

import pytest

from tests.api.fuzz.floor import open_floor, token
from tests.api.fuzz.run import schemathesis

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1"))


@pytest.mark.timeout(3600)
async def test_every_operation_keeps_its_word(lived_database, tmp_path: Path, monkeypatch):
    async with open_floor(lived_database, tmp_path, monkeypatch) as world:
        outcome = await schemathesis(
            world.address, await token(world), examples=EXAMPLES, seed=1, folder=tmp_path, timeout_s=3000
        )
    print(outcome.said)
    assert not outcome.failed
    assert outcome.cases > 0
