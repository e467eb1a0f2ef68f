"""What the documents say between their examples, sentence by sentence, tried on a running app."""

import httpx

from api.app import build
from db import embedder
from tests.api.conftest import ASSETS
from tests.api.market import stored
from tests.api.walk.sentences import S
from tests.api.ws.serving import served

PAGE = "https://desk.example"


async def test_every_sentence(answered, tmp_path):
    object.__setattr__(answered.floor, "home", tmp_path)
    stored(answered, tmp_path)
    await embedder.embed_all(answered.pool)
    untrue = []
    async with answered.client("admin") as client:
        for sentence, asked in S.said.items():
            try:
                holds = await asked(client)
            except (KeyError, IndexError, TypeError, ValueError) as error:
                untrue.append(f"{sentence}: {error!r}")
                continue
            if not holds:
                untrue.append(sentence)
    assert untrue == [], "\n".join(untrue)
    assert len(S.said) >= 40


async def test_a_page_may_remember_for_a_day_what_it_may_call(answered):
    """TradAI's CORS: its methods and headers, 86,400 seconds; and pages may read the rate limits."""
    asked = {
        "Origin": PAGE, "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization, content-type, x-amz-date",
    }  # fmt: skip
    async with (
        served(build(answered.floor, ASSETS, origins=(PAGE,))) as address,
        httpx.AsyncClient(base_url=f"http://{address}") as client,
    ):
        said = (await client.options("/api/v1/strategies", headers=asked)).headers
        plain = (await client.get("/health", headers={"Origin": PAGE})).headers
    assert said["access-control-max-age"] == "86400" and said["access-control-allow-origin"] == PAGE
    assert {"GET", "POST", "PUT", "DELETE", "OPTIONS"} <= set(
        said["access-control-allow-methods"].split(", ")
    )
    assert "X-RateLimit-Reset" in plain["access-control-expose-headers"]
