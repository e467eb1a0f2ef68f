"""Searching by meaning over REST: in the space that was named, and in no other."""

from pathlib import Path

import pytest

from openoutcry.settings import MemorySettings, Settings
from sandbox.llm.openai import vector
from tests.agents.practice import practice
from tests.workers.test_embedding import turned
from wire.vendor_faults import ProviderFault
from workers.embedding import Embedding

SEARCH = "/api/v1/decisions/search"


async def test_an_embedding_is_compared_in_its_own_space_alone(world, viewer):
    nothing = (await viewer.get("/api/v1/decisions/spaces")).json()
    assert nothing == {"answering": "text:hash-v1", "spaces": [], "count": 0}
    async with practice({"model": "second", "fault": "status", "status": 503, "times": 0}) as (url, _):
        names = [f"compatible:{model}@{url}/v1" for model in ("first", "second")]
        first, second = (
            Embedding(
                world.pool,
                Path("/nowhere"),
                Settings(memory=MemorySettings(embedder=name, dimensions=256)),
                {},
            )
            for name in names
        )
        await turned(first)
        with pytest.raises(ProviderFault):
            await turned(second)
    told = (await viewer.get("/api/v1/decisions/spaces")).json()
    whole, filling = told["spaces"]
    assert told["answering"] == whole["name"] == f"{names[0]}#256"
    assert (whole["missing"], filling["state"], filling["vectors"]) == (0, "FILLING", 0)
    assert filling["missing"] == whole["vectors"] > 10
    assert filling["fault"].startswith("memory.embedder: ") and filling["fault_at"] is not None
    row = await world.pool.fetchrow(
        "SELECT id::text, prompt FROM decisions ORDER BY created_at LIMIT 1 OFFSET 4"
    )
    asked = {"embedding": vector(row["prompt"][:8000], 256), "limit": 3}
    here = (await viewer.post(SEARCH, json={**asked, "space": whole["name"]})).json()
    assert (here["space"], here["results"][0]["decision"]["id"]) == (whole["name"], row["id"])
    assert here["results"][0]["score"] == pytest.approx(1.0, abs=1e-5)
    # The same numbers without a name are of the offline space, though both have 256.
    there = (await viewer.post(SEARCH, json=asked)).json()
    assert there["space"] == "text:hash-v1"
    assert all(hit["score"] < 0.9 for hit in there["results"])
    assert (await viewer.post(SEARCH, json={"query": "trend"})).json()["space"] is None
    wrong = [
        ({**asked, "space": filling["name"]}, "space"),
        ({**asked, "space": "openai:nobody#3"}, "space"),
        ({**asked, "space": "x" * 600}, "space"),
        ({"query": "x", "space": whole["name"]}, "space"),
        ({"embedding": [1.0] * 255, "space": whole["name"]}, "embedding"),
    ]
    for body, field in wrong:
        answer = await viewer.post(SEARCH, json=body)
        assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text
