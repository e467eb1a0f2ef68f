"""AmpFi's document prints no answer, only errors: each is our body, word for word, with the status it belongs to."""

from db import keys
from db.identity import orgs
from tests.api.test_public_strategy import keep
from tests.api.walk.transcribed import example
from tests.factories import SPOT

PATH = "/api/v1/public/strategy/BTCUSDT"
WALKED = {"ampfi": {80, 87, 91, 93, 95, 97, 99}}


def is_printed(line: int, answer) -> None:
    printed = example("ampfi", line)
    assert answer.status_code == printed.status, answer.text
    assert {key: answer.json()[key] for key in printed.response} == printed.response


async def of(world, plan: str) -> str:
    org = await orgs.add(world.pool, plan, plan)
    return (await keys.create(world.pool, plan, "admin", org_id=org.id)).text


async def test_every_error_body(world, tmp_path, monkeypatch):
    for line, text in ((80, "YOUR_BEARER_TOKEN"), (87, await of(world, "basic"))):
        async with world.client(None, Authorization=f"Bearer {text}") as client:
            is_printed(line, await client.get(PATH))
    expert = await of(world, "expert")
    async with (
        world.client("viewer") as client,
        world.client(None, Authorization=f"Bearer {expert}") as theirs,
    ):
        object.__setattr__(world.floor, "home", tmp_path)
        is_printed(91, await theirs.get(PATH))
        is_printed(95, await client.get(PATH, params={"currentPrice": "cheap"}))

        async def broken(*_, **__):
            raise RuntimeError("secret")

        monkeypatch.setattr("api.routes.public_strategy.newest", broken)
        is_printed(99, await client.get(PATH))


async def test_a_young_market_and_one_that_nobody_decided_on(world, tmp_path):
    expert = await of(world, "expert")
    async with world.client(None, Authorization=f"Bearer {expert}") as theirs:
        keep(world, tmp_path, SPOT)
        is_printed(97, await theirs.get(PATH))
        keep(world, tmp_path, "DOGE/USDT", days=100)
        young = await theirs.get(PATH.replace("BTC", "DOGE"))
    printed = {key: text.replace("BTC", "DOGE") for key, text in example("ampfi", 93).response.items()}
    assert young.status_code == example("ampfi", 93).status and young.json().items() >= printed.items()
