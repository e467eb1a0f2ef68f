"""Tokens at their edges: how each is written, to the letter, the second in which one ends, and every way to be none."""

import base64
import json
from typing import Any

import pytest

from openoutcry.errors import NotAuthorised
from tests.wire.test_tokens import APPROVAL, CLAIMS, LESS, NOW, ROOT, caller
from wire.tokens import (
    ANY_ORG,
    MAX_TOKEN,
    OPTIONAL_SERVERS,
    ROUND_META_KEY,
    SERVERS,
    Caller,
    derive_key,
    mint_caller,
    narrow,
    sign_approval,
    sign_round,
    verify_approval,
    verify_caller,
    verify_round,
)

KEY = derive_key(ROOT, "market")
AT = NOW.timestamp()


def written(token: str, part: int) -> Any:
    """One part of a token, read."""
    text = token.split(".")[part]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def refused(token: Any, *, key: bytes = KEY, audience: str = "market") -> bool:
    with pytest.raises(NotAuthorised, match="invalid token"):
        verify_caller(key, token, audience, NOW)
    return True


def test_a_version_reads_what_the_last_one_wrote() -> None:
    assert KEY.hex() == "6085897e6f87c5116bf05453da3d263ae6dfebfbcfa7bdcfab11e820e7859f82"
    token = mint_caller(KEY, caller())
    assert (
        token.startswith("oot1.")
        and token.endswith(".TjwisU9RpDGB4eOjXP-ag_UJkcFLSezW1C3H_ZWZy1Q")
        and "=" not in token
    )
    assert written(token, 1) == {
        "audience": "market",
        "client_id": "trend",
        "expires_at": None,
        "org_id": "o",
        "scopes": ["md:read"],
    }
    less = narrow(mint_caller(KEY, caller(org_id=ANY_ORG)), LESS)
    assert less.endswith(".tRQ5-Rs70MBVMQj8NuGw-OCVlLLWohzcoZidBqs2dQg") and written(
        less, 2
    ) == LESS.model_dump(mode="json")
    round_ = sign_round({"market": KEY, "risk": derive_key(ROOT, "risk")}, CLAIMS)
    assert round_.startswith("oor1.") and written(round_, 2) == {
        "market": "9NNSH41_-w5h9mxvh9yR28Xp2IMrt_Ccn0TrPyLC3I8", "risk": "WD_TT19sUnzobhizDR2xlF3fd_983u29w6wGm-D3xtw",
    }  # fmt: skip
    assert (
        sign_approval(derive_key(ROOT, "execution"), APPROVAL).mac
        == "9GKp4S7mkO96suJ9_F8eD1rfqmdbv1fJT7MaDM8esrw"
    )
    assert (ANY_ORG, ROUND_META_KEY, MAX_TOKEN) == ("*", "openoutcry/round", 8192)
    assert SERVERS == ("market", "indicators", "risk", "execution") and OPTIONAL_SERVERS == ("news", "memory")


@pytest.mark.parametrize(("ends", "good"), [(AT - 0.001, False), (AT, True), (AT + 1, True), (None, True)])
def test_the_second_in_which_a_token_ends_is_its_last(ends: float | None, good: bool) -> None:
    token = mint_caller(KEY, caller(expires_at=ends))
    if good:
        assert verify_caller(KEY, token, "market", NOW).expires_at == ends
    else:
        assert refused(token)


@pytest.mark.parametrize(
    ("whole", "less", "ends"),
    [(None, AT + 60, AT + 60), (AT + 30, AT + 60, AT + 30), (AT + 90, AT + 60, AT + 60)],
)
def test_a_narrowed_token_ends_with_the_shorter_of_both(
    whole: float | None, less: float, ends: float
) -> None:
    token = narrow(
        mint_caller(KEY, caller(org_id=ANY_ORG, expires_at=whole)),
        LESS.model_copy(update={"expires_at": less}),
    )
    found = verify_caller(KEY, token, "market", NOW)
    assert found == Caller(
        client_id="api:key:1", audience="market", scopes=("md:read",), org_id="o2", expires_at=ends
    )


def test_a_token_of_one_org_is_narrowed_within_it_alone() -> None:
    own = narrow(mint_caller(KEY, caller(org_id="o2")), LESS)
    assert verify_caller(KEY, own, "market", NOW).org_id == "o2"
    for base, less in (("o", "o2"), ("o", ANY_ORG), (ANY_ORG, ANY_ORG)):
        assert refused(
            narrow(mint_caller(KEY, caller(org_id=base)), LESS.model_copy(update={"org_id": less}))
        )


def test_a_token_out_of_form_is_none() -> None:
    token = mint_caller(KEY, caller())
    kind, payload, mac = token.split(".")
    for broken in ("", kind, f"{kind}.{payload}", f"oot2.{payload}.{mac}", f"oor1.{payload}.{mac}", f"{token}.x.y",
                   f"{kind}.!.{mac}", f"{kind}.é.{mac}", f"{kind}.a.{mac}",
                   f"{kind}.{payload}.", f"{kind}.{payload}.{mac[:-1]}", f"{kind}.{payload}.{mac}.{mac}", "é" * 50):  # fmt: skip
        assert refused(broken)
    assert refused(token, audience="risk") and refused(token, key=ROOT)
    junk = base64.urlsafe_b64encode(b"{}").rstrip(b"=").decode()
    assert refused(f"{kind}.{junk}.{mac}")


def long_token(length: int) -> str:
    """A good token of exactly so many letters: three letters for three bytes of a name and one more or less of a scope."""
    for first in range(length):
        token = mint_caller(KEY, caller(client_id="x" * (length * 3 // 4 - 200 + first)))
        if len(token) >= length:
            return token
    raise AssertionError(length)


def test_the_longest_token_is_8192_letters() -> None:
    lengths = {}
    for extra in range(8):
        token = long_token(MAX_TOKEN - 4 + extra)
        lengths[len(token)] = token
    assert MAX_TOKEN in lengths
    for length, token in lengths.items():
        if length <= MAX_TOKEN:
            assert verify_caller(KEY, token, "market", NOW).client_id.startswith("x")
        else:
            assert refused(token)


def test_a_round_out_of_form_is_none() -> None:
    token = sign_round({"market": KEY}, CLAIMS)
    kind, payload, macs = token.split(".")
    assert verify_round(KEY, token, "market") == CLAIMS
    listed, text = (base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in (b"[1]", b'{"market": 5}'))
    for broken in (None, b"x", "", f"oot1.{payload}.{macs}", f"{token}.x", f"{kind}.{payload}", f"{kind}.{payload}.{listed}",
                   f"{kind}.{payload}.{text}", f"{kind}.{payload}.!", "x" * (MAX_TOKEN + 1), f"{kind}.é.{macs}"):  # fmt: skip
        with pytest.raises(NotAuthorised, match="invalid round token"):
            verify_round(KEY, broken, "market")
    with pytest.raises(NotAuthorised):
        verify_round(KEY, token, "risk")


@pytest.mark.parametrize("mac", ["", "!", "é", "AAAA", "x"])
def test_an_approval_without_our_signature_is_none(mac: str) -> None:
    key = derive_key(ROOT, "execution")
    with pytest.raises(NotAuthorised, match="approval: invalid signature"):
        verify_approval(key, APPROVAL.model_copy(update={"mac": mac}))
    verify_approval(key, sign_approval(key, APPROVAL.model_copy(update={"mac": mac})))


def test_what_is_signed_for_one_use_is_no_other() -> None:
    """A caller's payload with the mac of a round's is no caller."""
    token = sign_round({"market": KEY}, CLAIMS)
    mac = written(token, 2)["market"]
    assert refused(f"oot1.{token.split('.')[1]}.{mac}")


def test_the_longest_round_token_is_8192_letters() -> None:
    lengths = {}
    for more in ((), ("risk",), ("risk", "execution")):
        keys = dict.fromkeys(("market", *more), KEY)
        for pad in range(5200, 5900):
            token = sign_round(keys, CLAIMS.model_copy(update={"session_id": "s" * pad}))
            if MAX_TOKEN - 1 <= len(token) <= MAX_TOKEN + 2:
                lengths[len(token)] = token
    assert MAX_TOKEN in lengths and max(lengths) > MAX_TOKEN
    for length, token in lengths.items():
        if length <= MAX_TOKEN:
            assert verify_round(KEY, token, "market").seq == 4
        else:
            with pytest.raises(NotAuthorised):
                verify_round(KEY, token, "market")
