"""Haste is refused politely: per key, per address, never the health checks."""

import pytest

from api.app import Limits
from api.throttle import Rate
from tests.api.conftest import TOKENS, world_on
from tests.api.test_errors import is_error

TIGHT = Limits(per_key=Rate(per_s=1, burst=5), per_address=Rate(per_s=0.02, burst=3))


@pytest.fixture
async def strict(lived_database):
    async with world_on(lived_database, TIGHT) as made:
        yield made


async def test_a_key_has_its_burst_and_is_then_told_when_to_return(strict):
    async with strict.client("viewer") as client:
        answers = [await client.get("/api/v1/orders?limit=1") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    body = is_error(answers[5], 429, "RATE_LIMITED")
    assert answers[5].headers["retry-after"] == str(body["retry_after"]) == "1"
    assert answers[5].headers["x-ratelimit-limit"] == "5"


async def test_one_key_does_not_spend_anothers(strict):
    async with strict.client("viewer") as viewer, strict.client("trader") as trader:
        for _ in range(6):
            await viewer.get("/api/v1/orders?limit=1")
        assert (await trader.get("/api/v1/orders?limit=1")).status_code == 200


async def test_guessing_keys_is_slowed_before_the_database_is_asked(strict):
    async with strict.client(None) as client:
        statuses = []
        for number in range(6):
            guess = {"Authorization": f"Bearer guess-{number}"}
            statuses.append((await client.get("/api/v1/orders", headers=guess)).status_code)
        assert statuses == [401] * 3 + [429] * 3
        spoofed = {"X-Forwarded-For": "10.0.0.9", "Authorization": "Bearer guess-9"}
        assert (await client.get("/api/v1/orders", headers=spoofed)).status_code == 429
        known = {"Authorization": f"Bearer {TOKENS['viewer']}"}
        assert (await client.get("/api/v1/orders", headers=known)).status_code == 429


async def test_health_is_always_answered(strict):
    async with strict.client(None) as client:
        for path in ("/health", "/api/v1/health"):
            assert {(await client.get(path)).status_code for _ in range(10)} == {200}
