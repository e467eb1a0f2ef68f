"""Configuration: strict, layered, and never with a default secret."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from openoutcry.errors import BadConfig, StartupRefused
from wire.clock import WallClock
from wire.config import floor_key, from_environment, load_settings, parse_speed, parse_when
from wire.tokens import derive_key, verify_caller


def test_the_homes_file_wins_over_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("risk:\n  max_drawdown: 0.3\n")
    settings = load_settings(tmp_path)
    assert settings.risk.max_drawdown == 0.3
    assert settings.risk.max_position_size == load_settings(tmp_path / "none").risk.max_position_size


FLOOR_KEY = "3f0a-these-tests-alone-3f0a-0123456789"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("risk:\n  max_drawdwn: 0.3\n", "risk.max_drawdwn"),
        ("risk:\n  max_drawdown: -1\n", "risk.max_drawdown"),
        ("venue:\n  taker_fee_bps: NaN\n", "venue.taker_fee_bps"),
        ("nonsense: 1\n", "nonsense"),
        (
            "agents:\n  technical: {weight: 0}\n  trend: {weight: 0}\n  risk: {weight: 0}\n  hedging: {weight: 0}\n",
            None,
        ),
    ],
)
def test_c1_a_wrong_setting_is_refused_by_name(tmp_path: Path, text: str, field: str | None) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(BadConfig) as caught:
        load_settings(tmp_path)
    assert caught.value.field == field


def test_c1_a_byte_order_mark_and_crlf_are_fine(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"\xef\xbb\xbfrisk:\r\n  max_drawdown: 0.2\r\n")
    assert load_settings(tmp_path).risk.max_drawdown == 0.2


def test_the_floor_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = floor_key(tmp_path, {})
    assert floor_key(tmp_path, {}) == first
    assert len(first) == 64
    assert stat.S_IMODE((tmp_path / "secrets" / "floor.key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "weak", ["change-me", "s" * 31, "s" * 40, "ab" * 20, "CHANGE_ME-0123456789abcdef0123456789abcdef",
             "your-secret-key-change-in-production", "super-secret-0123456789abcdef0123456789"],
)  # fmt: skip
def test_c2_a_short_or_well_known_floor_key_is_refused(tmp_path: Path, weak: str) -> None:
    with pytest.raises(StartupRefused, match="OUTCRY_FLOOR_KEY") as caught:
        floor_key(tmp_path, {"OUTCRY_FLOOR_KEY": weak})
    assert weak not in str(caught.value)
    assert not (tmp_path / "secrets").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("risk: {max_drawdown: 0.1}\nrisk: {max_drawdown: 0.9}\n", "risk"),
        ("risk:\n  max_drawdown: 0.1\n  max_drawdown: 0.9\n", "max_drawdown"),
        ("base: &b {max_drawdown: 0.1}\nrisk: *b\n", "aliases are not taken"),
    ],
)
def test_c1_what_could_mean_two_things_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(BadConfig, match=why):
        load_settings(tmp_path)


def test_only_the_orchestrator_holds_the_floor_key(tmp_path: Path) -> None:
    env = {"OUTCRY_HOME": str(tmp_path), "OUTCRY_FLOOR_KEY": FLOOR_KEY}
    assert from_environment("market", env=env).floor_key is None
    agent = from_environment("agent-trend", env=env, role="agent")
    assert agent.floor_key is None
    assert set(agent.tokens) == {"market", "indicators", "risk", "execution", "news", "memory", "purse"}
    key, now = derive_key(FLOOR_KEY.encode(), "risk"), WallClock().now()
    assert verify_caller(key, agent.tokens["purse"], "risk", now).scopes == ("mind:spend",)
    assert "mind:spend" not in verify_caller(key, agent.tokens["risk"], "risk", now).scopes
    assert from_environment("orchestrator", env=env, role="orchestrator").floor_key == FLOOR_KEY.encode()


def test_a_bare_end_date_holds_its_whole_day() -> None:
    assert parse_when("2023-12-31", field="--to", end=True) == datetime(
        2023, 12, 31, 23, 59, 59, 999999, tzinfo=UTC
    )
    assert parse_when("2023-01-01", field="--from") == datetime(2023, 1, 1, tzinfo=UTC)
    assert parse_when("2023-01-01T02:00:00+02:00", field="--from") == datetime(2023, 1, 1, tzinfo=UTC)
    with pytest.raises(BadConfig, match="--from"):
        parse_when("yesterday", field="--from")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast", ""])
def test_a_senseless_speed_is_refused(text: str) -> None:
    with pytest.raises(BadConfig, match="speed"):
        parse_speed(text)
    assert parse_speed("max") == 0.0
    assert parse_speed("60") == 60.0
