"""Tokens: made for one audience, useless for any other, and broken by any change."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.errors import NotAuthorised
from openoutcry.types.orders import Approval
from wire.tokens import (
    ANY_ORG,
    SERVERS,
    Caller,
    Narrowing,
    RoundClaims,
    derive_key,
    mint_caller,
    narrow,
    sign_approval,
    sign_round,
    verify_approval,
    verify_caller,
    verify_round,
)

ROOT = b"r" * 32
NOW = datetime(2024, 5, 1, tzinfo=UTC)
CLAIMS = RoundClaims(
    session_id="s", org_id="o", seq=4, as_of=NOW, source="recorded", timeframe="1h", symbols=("BTC/USDT",)
)
APPROVAL = Approval(
    approval_id="a", client_order_id="c", order_hash="h", session_id="s", seq=4, expires_at=NOW, mac=""
)


def caller(**changes: object) -> Caller:
    base = {"client_id": "trend", "audience": "market", "scopes": ("md:read",), "org_id": "o"}
    return Caller.model_validate({**base, **changes})


def test_a_caller_is_known_by_its_token() -> None:
    key = derive_key(ROOT, "market")
    assert verify_caller(key, mint_caller(key, caller()), "market", NOW) == caller()


@pytest.mark.parametrize(
    ("key_of", "audience", "made_for"),
    [("risk", "market", "market"), ("market", "risk", "market"), ("market", "market", "risk")],
)
def test_a_token_for_one_server_is_refused_by_another(key_of: str, audience: str, made_for: str) -> None:
    token = mint_caller(derive_key(ROOT, "market"), caller(audience=made_for))
    with pytest.raises(NotAuthorised):
        verify_caller(derive_key(ROOT, key_of), token, audience, NOW)


def test_an_expired_token_is_refused() -> None:
    key = derive_key(ROOT, "market")
    token = mint_caller(key, caller(expires_at=NOW.timestamp() - 1))
    with pytest.raises(NotAuthorised):
        verify_caller(key, token, "market", NOW)


@given(position=st.integers(0, 10_000), letter=st.sampled_from("ABCxyz019-_."))
def test_any_changed_character_breaks_a_round_token(position: int, letter: str) -> None:
    keys = {name: derive_key(ROOT, name) for name in SERVERS}
    token = sign_round(keys, CLAIMS)
    position %= token.rindex(".")  # the part after it holds other servers' MACs too
    changed = token[:position] + letter + token[position + 1 :]
    if changed != token:
        with pytest.raises(NotAuthorised):
            verify_round(keys["market"], changed, "market")
    assert verify_round(keys["market"], token, "market") == CLAIMS


@given(junk=st.one_of(st.none(), st.integers(), st.text(max_size=60), st.text("oor1.AB=", max_size=60)))
def test_junk_is_not_a_round(junk: object) -> None:
    with pytest.raises(NotAuthorised):
        verify_round(derive_key(ROOT, "market"), junk, "market")


def test_a_round_signed_with_another_servers_key_is_refused() -> None:
    token = sign_round({"market": derive_key(ROOT, "risk")}, CLAIMS)
    with pytest.raises(NotAuthorised):
        verify_round(derive_key(ROOT, "market"), token, "market")


@pytest.mark.parametrize(
    "change", [{"order_hash": "x"}, {"seq": 5}, {"session_id": "t"}, {"client_order_id": "d"}]
)
def test_an_approval_is_bound_to_its_order(change: dict[str, object]) -> None:
    key = derive_key(ROOT, "execution")
    signed = sign_approval(key, APPROVAL)
    verify_approval(key, signed)
    with pytest.raises(NotAuthorised):
        verify_approval(key, signed.model_copy(update=change))
    with pytest.raises(NotAuthorised):
        verify_approval(derive_key(ROOT, "market"), signed)


LESS = Narrowing(client_id="api:key:1", scopes=("md:read",), org_id="o2", expires_at=NOW.timestamp() + 60)


def test_a_token_for_any_org_opens_nothing_until_it_is_narrowed_to_one() -> None:
    key = derive_key(ROOT, "market")
    whole = mint_caller(key, caller(org_id=ANY_ORG, scopes=("md:read", "md:write")))
    with pytest.raises(NotAuthorised):
        verify_caller(key, whole, "market", NOW)
    found = verify_caller(key, narrow(whole, LESS), "market", NOW)
    assert (found.org_id, found.scopes, found.client_id) == ("o2", ("md:read",), "api:key:1")


@pytest.mark.parametrize(
    ("base", "less"),
    [
        (caller(), LESS),  # another org than the token's
        (caller(org_id=ANY_ORG), LESS.model_copy(update={"org_id": ANY_ORG})),
        (caller(org_id=ANY_ORG), LESS.model_copy(update={"expires_at": NOW.timestamp() - 1})),
        (caller(org_id=ANY_ORG, expires_at=NOW.timestamp() - 1), LESS),
    ],
)
def test_a_narrowing_that_takes_nothing_away_is_refused(base: Caller, less: Narrowing) -> None:
    key = derive_key(ROOT, "market")
    with pytest.raises(NotAuthorised):
        verify_caller(key, narrow(mint_caller(key, base), less), "market", NOW)


def test_a_narrowed_token_grants_no_scope_its_token_had_not_and_cannot_be_widened() -> None:
    key = derive_key(ROOT, "market")
    whole = mint_caller(key, caller(org_id=ANY_ORG))
    wide = LESS.model_copy(update={"scopes": ("md:read", "admin")})
    assert verify_caller(key, narrow(whole, wide), "market", NOW).scopes == ("md:read",)
    kind, payload, _, mac = narrow(whole, LESS).split(".")
    for forged in (f"{kind}.{payload}.{mac}", f"{kind}.{payload}.{narrow(whole, wide).split('.')[2]}.{mac}"):
        with pytest.raises(NotAuthorised):
            verify_caller(key, forged, "market", NOW)
