"""Exchange credentials: sealed at rest, shown by a prefix, bound to their org; and what this machine has and has not."""

import pytest

from api.auth.vault import Secret, Vault, home_vault
from api.gpu import devices
from tests.api.shaped_like import differences
from tests.api.test_errors import is_error
from tests.factories import ORG

KEY, SECRET = "AKIDabcdefgh12345678", "s3cret-s3cret-s3cret-s3cret"
BODY = {"exchange": "binance", "api_key": KEY, "api_secret": SECRET, "permissions": ["read", "trade"]}
SHAPE = {
    "exchange": "binance", "api_key_prefix": "AKIDabcd", "permissions": ["read"], "created_by": "text",
    "created_at": "2024-01-01T00:00:00Z", "rotated_at": None, "usable": True,
}  # fmt: skip


@pytest.fixture
async def client(newborn, tmp_path):
    object.__setattr__(newborn.floor, "home", tmp_path)
    async with newborn.client("admin") as made:
        yield made


async def test_they_are_kept_listed_rotated_and_forgotten(newborn, client, tmp_path):
    made = await client.post("/api/v1/credentials", json=BODY)
    assert made.status_code == 201
    assert differences(SHAPE, made.json()) == []
    assert made.json()["api_key_prefix"] == KEY[:8]
    is_error(await client.post("/api/v1/credentials", json=BODY), 409, "CONFLICT")
    other = {"api_key": "ZZZZzzzz9999999999", "api_secret": SECRET}
    turned = (await client.put("/api/v1/credentials/binance/rotate", json=other)).json()
    assert turned["api_key_prefix"] == "ZZZZzzzz" and turned["rotated_at"]
    listed = await client.get("/api/v1/credentials")
    assert listed.json()["count"] == 1
    for text in (KEY, SECRET, other["api_key"]):
        assert text not in listed.text + made.text
    row = await newborn.pool.fetchrow("SELECT * FROM exchange_credentials")
    assert SECRET.encode() not in row["sealed"]
    opened = home_vault(tmp_path).open(row["sealed"], ORG, "binance")
    assert opened == Secret(other["api_key"], SECRET)
    assert (await client.delete("/api/v1/credentials/binance")).json()["success"] is True
    is_error(await client.delete("/api/v1/credentials/binance"), 404, "NOT_FOUND")
    is_error(await client.put("/api/v1/credentials/binance/rotate", json=other), 404, "NOT_FOUND")
    events = await newborn.pool.fetch("SELECT event_type FROM audit_events ORDER BY at")
    assert [one["event_type"] for one in events] == [
        "credential_created", "credential_rotated", "credential_deleted",
    ]  # fmt: skip


async def test_a_lost_key_is_said(newborn, client, tmp_path):
    await client.post("/api/v1/credentials", json=BODY)
    (tmp_path / "secrets" / "credentials.key").write_bytes(bytes(32))
    assert (await client.get("/api/v1/credentials")).json()["credentials"][0]["usable"] is False


async def test_without_a_home_there_is_no_vault(newborn):
    async with newborn.client("admin") as client:
        answer = await client.post("/api/v1/credentials", json=BODY)
        assert answer.status_code == 503
        assert answer.json()["detail"] == "Credential storage not available"


BAD = [
    ({**BODY, "exchange": "nonesuch"}, "exchange"),
    ({**BODY, "exchange": "../etc"}, "exchange"),
    ({**BODY, "api_key": "short"}, "api_key"),
    ({**BODY, "api_secret": "x" * 600}, "api_secret"),
    ({**BODY, "permissions": ["withdraw"]}, "permissions"),
    ({**BODY, "passphrase": ""}, "passphrase"),
]


async def test_what_cannot_be_kept_is_named_and_never_repeated(client):
    for body, field in BAD:
        answer = await client.post("/api/v1/credentials", json=body)
        assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text
        assert SECRET not in answer.text


def test_what_is_sealed_opens_for_its_own_org_and_exchange_only(tmp_path):
    vault, secret = home_vault(tmp_path), Secret(KEY, SECRET, "pass")
    sealed = vault.seal(secret, ORG, "binance")
    assert vault.open(sealed, ORG, "binance") == secret
    assert vault.open(sealed, ORG, "kraken") is None
    assert Vault(bytes(32)).open(sealed, ORG, "binance") is None
    assert vault.open(sealed[:-1], ORG, "binance") is None
    assert vault.open(b"", ORG, "binance") is None
    assert vault.seal(secret, ORG, "binance") != sealed
    assert (tmp_path / "secrets" / "credentials.key").stat().st_mode & 0o777 == 0o600


async def test_the_machines_own_devices_are_told(newborn):
    there = devices()
    async with newborn.client("admin") as client:
        status = (await client.get("/api/v1/gpu/status")).json()
        metrics = await client.get("/api/v1/gpu/metrics")
    assert (status["device_count"], status["available"]) == (len(there), bool(there))
    if there:
        assert metrics.json()["device_count"] == len(there)
    else:
        assert (metrics.status_code, metrics.json()["detail"]) == (503, "GPU service not available")


def test_devices_are_read_from_the_kernels_files(tmp_path):
    card = tmp_path / "sys/class/drm/card0/device"
    card.mkdir(parents=True)
    (tmp_path / "sys/class/drm/card0-HDMI-A-1").mkdir()
    for name, text in (
        ("vendor", "0x1002\n"),
        ("gpu_busy_percent", "37"),
        ("mem_info_vram_total", str(8 << 30)),
    ):
        (card / name).write_text(text)
    gpu = tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0"
    gpu.mkdir(parents=True)
    (gpu / "information").write_text("Model: \t\t NVIDIA A10\nIRQ: 12\n")
    first, second = devices(tmp_path)
    assert (first.vendor, first.busy_percent, first.memory_total_mb) == ("AMD", 37.0, 8192.0)
    assert (second.vendor, second.name, second.index) == ("NVIDIA", "NVIDIA A10", 1)


async def test_what_learns_is_listed_and_what_does_not_is_not_available(newborn):
    async with newborn.client("trader") as client:
        await client.post("/api/v1/ensemble/create", json={"name": "mine"})
        (learner,) = (await client.get("/api/v1/online-learning/status")).json()["learners"]
        assert (learner["kind"], learner["name"], learner["updates"]) == ("ensemble_weights", "mine", 0)
        missing = await client.post("/api/v1/online-learning/session")
        assert (missing.status_code, missing.json()["detail"]) == (
            503,
            "Online learning service not available",
        )
