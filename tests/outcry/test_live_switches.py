"""C3: a floor trades real money only when everything says so."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openoutcry.errors import StartupRefused
from openoutcry.settings import Settings
from outcry.live_switches import access, words
from wire.venue_keys import KEY, SECRET, VenueAccess, loopback

LIVE = Settings.model_validate({"trading": {"mode": "live"}})
WORDS = "trade live on binance with 10000"


def opened(**changes: Any) -> VenueAccess | None:
    asked: dict[str, Any] = {
        "live": True, "market": "live", "exchange": "binance", "url": None, "typed": WORDS, "settings": LIVE,
        "env": {KEY: "k" * 20, SECRET: "s" * 20},
    }  # fmt: skip
    return access(**{**asked, **changes})


def test_c3_all_switches_on_open_the_door_and_the_key_leaves_the_environment() -> None:
    env = {KEY: "k" * 20, SECRET: "canary-secret", "HOME": "/"}
    found = opened(env=env)
    assert found is not None and found.secret.get_secret_value() == "canary-secret"
    assert env == {"HOME": "/"} and "canary" not in repr(found)
    assert words("binance", Decimal("10000.00")) == WORDS
    assert opened(typed=None, ask=lambda prompt: f" {WORDS}\n") is not None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"live": False}, "also need `outcry up --live`"),
        ({"settings": Settings()}, "trading.mode: live in config"),
        ({"market": "recorded"}, "--market live"),
        ({"market": "auto"}, "--market live"),
        ({"exchange": "kraken"}, "offered on binance"),
        ({"typed": None}, "not confirmed"),
        ({"typed": "yes"}, "not confirmed"),
        ({"typed": None, "ask": lambda prompt: "trade live on binance with 1000"}, "not confirmed"),
        ({"env": {}}, "needs the exchange's API key"),
        ({"env": {KEY: "k" * 20}}, "OUTCRY_EXCHANGE_SECRET"),
        ({"url": "http://10.0.0.1:80"}, "127.0.0.1"),
        ({"url": "https://api.binance.com"}, "127.0.0.1"),
    ],
)
def test_c3_one_switch_off_keeps_it_shut(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(StartupRefused, match=why):
        opened(**changes)


def test_paper_needs_no_key() -> None:
    assert opened(live=False, settings=Settings(), env={}) is None


def test_keys_come_from_files_that_others_cannot_read(tmp_path: Path) -> None:
    key, secret = tmp_path / "key", tmp_path / "secret"
    key.write_text("k" * 20 + "\n")
    secret.write_text("s" * 20)
    env = {f"{KEY}_FILE": str(key), f"{SECRET}_FILE": str(secret)}
    key.chmod(0o644)
    with pytest.raises(StartupRefused, match="others may read"):
        opened(env=dict(env))
    key.chmod(0o600)
    secret.chmod(0o600)
    found = opened(env=dict(env))
    assert found is not None and found.key.get_secret_value() == "k" * 20


def test_only_this_machine_may_stand_in_for_an_exchange() -> None:
    assert loopback("http://127.0.0.1:8899") == "http://127.0.0.1:8899" and loopback(None) is None
    for url in (
        "http://127.0.0.1.evil.example",
        "http://user@127.0.0.1:1",
        "ftp://127.0.0.1",
        "http://example.com",
    ):
        with pytest.raises(StartupRefused):
            loopback(url)
