"""Haste is refused politely: per key, per address, never the health checks."""

import pytest

from api.haste import CLASSES, Limits, address_of, neighbourhood, read_proxies
from api.throttle import Rate
from openoutcry.errors import BadConfig
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


async def test_two_processes_share_a_key_s_bucket(lived_database):
    answers = []
    async with (
        world_on(lived_database, TIGHT) as one,
        world_on(lived_database, TIGHT) as two,
        one.client("viewer") as here,
        two.client("viewer") as there,
    ):
        for _ in range(4):
            answers += [await here.get("/api/v1/orders?limit=1"), await there.get("/api/v1/orders?limit=1")]
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == TIGHT.per_key.burst and 429 in statuses


async def test_a_class_of_haste_has_a_limit_of_its_own(lived_database):
    limits = Limits(Rate(1e5, 100_000), Rate(1e5, 100_000), {**CLASSES, "search": Rate(0.01, 2)})
    async with world_on(lived_database, limits) as made, made.client("viewer") as client:
        found = [await client.post("/api/v1/decisions/search", json={"query": "risk"}) for _ in range(3)]
        assert [answer.status_code for answer in found] == [200, 200, 429]
        body = is_error(found[2], 429, "RATE_LIMITED")
        assert found[2].headers["retry-after"] == str(body["retry_after"]) and body["retry_after"] > 1
        assert (await client.get("/api/v1/orders?limit=1")).status_code == 200


BELIEVED = read_proxies("10.0.0.0/8, 127.0.0.1")
ADDRESSES = [
    ("127.0.0.1", "192.0.2.7", BELIEVED, "192.0.2.7"),
    ("127.0.0.1", "203.0.113.9, 192.0.2.7, 10.1.1.1", BELIEVED, "192.0.2.7"),
    ("127.0.0.1", "10.2.2.2, 10.1.1.1", BELIEVED, "10.2.2.2"),
    ("127.0.0.1", "192.0.2.7, nonsense", BELIEVED, "127.0.0.1"),
    ("127.0.0.1", "", BELIEVED, "127.0.0.1"),
    ("192.0.2.1", "203.0.113.9", BELIEVED, "192.0.2.1"),  # not a proxy of ours
    ("127.0.0.1", "203.0.113.9", (), "127.0.0.1"),  # none is believed unless named
]


@pytest.mark.parametrize(("peer", "said", "proxies", "address"), ADDRESSES)
def test_an_address_is_what_connected_or_what_a_named_proxy_says(peer, said, proxies, address):
    assert address_of(peer, [(b"x-forwarded-for", said.encode())], proxies) == address


def test_what_is_no_network_is_no_proxy():
    assert read_proxies("") == ()
    with pytest.raises(BadConfig, match="OUTCRY_TRUSTED_PROXIES"):
        read_proxies("10.0.0.0/8,proxy.example")


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("not an address", "not an address"),
    ],
)
def test_a9_a_subscribers_whole_64_counts_as_one(address, counts_as):
    assert neighbourhood(address) == counts_as


async def test_a9_writes_have_a_class_of_their_own(lived_database):
    limits = Limits(classes={**CLASSES, "write": Rate(per_s=0.02, burst=2)})
    async with world_on(lived_database, limits) as made, made.client("admin") as client:
        wanted = {"name": "a9", "role": "viewer"}
        statuses = [(await client.post("/api/v1/api-keys", json=wanted)).status_code for _ in range(4)]
        assert statuses == [201, 201, 429, 429]
        assert (await client.get("/api/v1/api-keys")).status_code == 200
