"""AlphaPulse's document, example by example, over an account that is long, hedged, and has a market that is followed."""

from tests.api.test_alphapulse import trading
from tests.api.test_regimes_and_models import followed, market
from tests.api.walk.terms import unlike
from tests.api.walk.transcribed import example

__all__ = ["followed", "market", "trading"]
HELD = {
    36: "/api/v1/positions/spot", 48: "/api/v1/positions/futures", 61: "/api/v1/positions/metrics", 77: "/api/v1/risk/exposure",
    86: "/api/v1/risk/metrics", 99: "/api/v1/risk/limits", 120: "/api/v1/risk/position-size/BTC",
    133: "/api/v1/hedging/analysis", 190: "/api/v1/portfolio?include_history=true", 218: "/api/v1/portfolio/reload",
    234: "/api/v1/metrics/portfolio_value", 251: "/api/v1/metrics/portfolio_value/latest",
}  # fmt: skip
FOLLOWED = {
    337: "/api/v1/regime/current",
    351: "/api/v1/regime/history?hours=24",
    379: "/api/v1/regime/analyze",
}
WALKED = {"alphapulse": {27, 414, *HELD, *FOLLOWED}}


async def answered(client, line: int, path: str):
    """The answer to the example's own request."""
    printed = example("alphapulse", line)
    answer = await client.request(printed.method, path, json=printed.request)
    assert answer.status_code == printed.status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return unlike("alphapulse", line, printed.response, answer.json())


async def test_the_account(trading):
    async with trading.client("trader", **{"X-API-Dialect": "alphapulse"}) as client:
        for line, path in HELD.items():
            assert await answered(client, line, path) == [], path


async def test_the_regime(followed):
    async with followed.client("viewer", **{"X-API-Dialect": "alphapulse"}) as client:
        for line, path in FOLLOWED.items():
            assert await answered(client, line, path) == [], path


async def test_health_is_exactly_what_is_printed_and_needs_nobody(trading):
    async with trading.client(None) as client:
        answer = await client.get("/health")
    assert answer.json().keys() == example("alphapulse", 27).response.keys()
    assert unlike("alphapulse", 27, example("alphapulse", 27).response, answer.json()) == []


async def test_an_error_says_its_message_as_detail(trading):
    for role, path, status in (
        ("viewer", "/api/v1/nowhere", 404), ("viewer", "/api/v1/metrics/nonsense", 400), (None, "/api/v1/risk/limits", 401),
        ("viewer", "/api/v1/system", 403),
    ):  # fmt: skip
        async with trading.client(role, **{"X-API-Dialect": "alphapulse"}) as client:
            answer = await client.get(path)
        assert answer.status_code == status
        assert example("alphapulse", 414).response.keys() <= answer.json().keys() and answer.json()["detail"]
