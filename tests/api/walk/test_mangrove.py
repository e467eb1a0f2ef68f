"""Mangrove's document: its list, its strategy made from the very body it prints, and its status changed as printed."""

from tests.api.walk.terms import unlike
from tests.api.walk.transcribed import example

WALKED = {"mangrove": {34, 85, 134}}
PATH = "/api/v1/strategies"


async def test_a_strategy_is_made_listed_and_moved_as_printed(world):
    async with world.client("trader", **{"X-API-Dialect": "mangrove"}) as client:
        printed = example("mangrove", 85)
        made = await client.post(PATH, json=printed.request)
        assert (made.status_code, unlike("mangrove", 85, printed.response, made.json())) == (201, [])
        assert made.json()["strategy"]["rules"] == printed.response["strategy"]["rules"]
        assert made.json()["strategy"]["execution_state"] == printed.response["strategy"]["execution_state"]

        listed = await client.get(f"{PATH}?skip=0&limit=10")
        assert (
            listed.status_code,
            unlike("mangrove", 34, example("mangrove", 34).response, listed.json()),
        ) == (200, [])
        assert {key: listed.json()[key] for key in ("success", "total", "skip", "limit")} == {
            "success": True, "total": 1, "skip": 0, "limit": 10,
        }  # fmt: skip

        moved = await client.patch(
            f"{PATH}/{made.json()['strategy']['id']}/status", json=example("mangrove", 134).request
        )
        assert (moved.status_code, moved.json()["success"]) == (200, True)
        found = await client.get(f"{PATH}/{made.json()['strategy']['id']}")
        assert found.json()["strategy"]["status"] == "paper"
