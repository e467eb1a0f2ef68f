"""What a signer writes it reads, to the second; every claim, key and header that is another one is no token."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api.auth import signing
from api.auth.signing import CLIENT_SCOPE, Signer, home_key
from db.identity.clients import Client
from db.identity.users import User
from wire.clock import WallClock
from wire.tokens import derive_key

ROOT = b"r" * 32
KEY = generate_private_key(public_exponent=65537, key_size=2048)
SIGNER = Signer(ROOT, KEY, frozenset({"floor.example"}))
BORN = datetime(2023, 1, 1, tzinfo=UTC)
ANN = User(UUID(int=1), UUID(int=2), "ann", None, None, "trader", BORN, None, BORN, None)
BOT = Client(UUID(int=3), UUID(int=2), "bot-1", "a bot", "viewer", None, BORN, None)
LOGIN = UUID(int=9)
HS, RS = derive_key(ROOT, "jwt-hs256"), KEY


def now() -> datetime:
    """This second: a token that is read must be of now."""
    return WallClock().now().replace(microsecond=0)


def user(
    changes: dict[str, Any] | None = None, headers: dict[str, Any] | None = None, key: bytes = HS
) -> str:
    at = int(now().timestamp())
    claims: dict[str, Any] = {
        "iss": "open-outcry",
        "sub": "ann",
        "uid": str(ANN.id),
        "sid": str(LOGIN),
        "iat": at,
        "nbf": at,
        "exp": at + 1800,
        "jti": "j",
    } | (changes or {})
    return jwt.encode(
        {k: v for k, v in claims.items() if v is not None}, key, algorithm="HS256", headers=headers
    )


def bot(changes: dict[str, Any] | None = None, headers: dict[str, Any] | None = None, key: Any = RS) -> str:
    at, kid = int(now().timestamp()), SIGNER.jwks()["keys"][0]["kid"]
    claims: dict[str, Any] = {
        "iss": "open-outcry",
        "sub": "bot-1",
        "aud": "bot-1",
        "client_id": "bot-1",
        "cid": str(BOT.id),
        "iat": at,
        "nbf": at,
        "exp": at + 3600,
        "jti": "j",
    } | (changes or {})
    plain = {k: v for k, v in claims.items() if v is not None}
    return jwt.encode(plain, key, algorithm="RS256", headers={"kid": kid} | (headers or {}))


def test_a_persons_token_says_who_for_which_login_and_for_half_an_hour() -> None:
    at = now()
    text = SIGNER.for_user(ANN, LOGIN, at)
    said = jwt.decode(text, HS, algorithms=["HS256"])
    assert {name: said[name] for name in ("iss", "sub", "uid", "sid", "tenant_id", "role")} == {
        "iss": "open-outcry",
        "sub": "ann",
        "uid": str(ANN.id),
        "sid": str(LOGIN),
        "tenant_id": str(ANN.org_id),
        "role": "trader",
    }
    assert said["iat"] == said["nbf"] == int(at.timestamp()) and said["exp"] - said["iat"] == 1800
    assert (
        len(said["jti"]) == 32
        and said["jti"] != jwt.decode(SIGNER.for_user(ANN, LOGIN, at), HS, algorithms=["HS256"])["jti"]
    )
    read = SIGNER.read(text)
    assert read is not None
    assert (read.kind, read.subject, read.login) == ("user", ANN.id, LOGIN)
    assert (read.issued_at, read.expires_at) == (said["iat"], said["exp"])


def test_a_programs_token_says_which_for_an_hour() -> None:
    at = now()
    text = SIGNER.for_client(BOT, CLIENT_SCOPE, "https://floor.example", at)
    said = jwt.decode(text, KEY.public_key(), algorithms=["RS256"], audience="bot-1")
    wanted = {
        "iss": "https://floor.example",
        "sub": "bot-1",
        "aud": "bot-1",
        "client_id": "bot-1",
        "cid": str(BOT.id),
        "token_use": "access",
        "scope": "tradai/api",
        "version": 2,
    }
    assert {name: said[name] for name in wanted} == wanted and said["exp"] - said["iat"] == 3600
    published = SIGNER.jwks()["keys"][0]
    assert jwt.get_unverified_header(text) == {"alg": "RS256", "typ": "JWT", "kid": published["kid"]}
    assert (published["use"], published["alg"], published["kty"], len(published["kid"])) == (
        "sig",
        "RS256",
        "RSA",
        16,
    )
    assert "d" not in published
    read = SIGNER.read(text)
    assert read is not None and (read.kind, read.subject, read.login) == ("client", BOT.id, None)


def test_a_signer_made_later_of_the_same_secret_is_the_same() -> None:
    again = Signer(ROOT, KEY, frozenset({"floor.example"}))
    assert again.jwks() == SIGNER.jwks() and again.cursor_key == SIGNER.cursor_key
    for text in (SIGNER.for_user(ANN, LOGIN, now()), bot(), bot({"iss": "https://floor.example"})):
        assert again.read(text) == SIGNER.read(text) is not None
    assert SIGNER.read(again.for_client(BOT, CLIENT_SCOPE, "open-outcry", now())) is not None


def test_keys_are_another_floors_none() -> None:
    other = Signer(b"s" * 32, KEY)
    assert other.read(SIGNER.for_user(ANN, LOGIN, now())) is None
    assert other.cursor_key != SIGNER.cursor_key and SIGNER.cursor_key == derive_key(ROOT, "cursors")
    assert Signer(ROOT, generate_private_key(public_exponent=65537, key_size=2048)).read(bot()) is None


@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "iss", "sub", "jti", "uid", "sid"])
def test_a_persons_token_without_a_claim_is_none(name: str) -> None:
    assert SIGNER.read(user()) is not None and SIGNER.read(user({name: None})) is None


@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "iss", "sub", "jti", "aud", "cid", "client_id"])
def test_a_programs_token_without_a_claim_is_none(name: str) -> None:
    assert SIGNER.read(bot()) is not None and SIGNER.read(bot({name: None})) is None


def test_times_are_looked_at_with_five_seconds_for_clocks() -> None:
    for shift, good in ((0, True), (2, True), (30, False)):
        at = int(now().timestamp())
        assert (SIGNER.read(user({"nbf": at + shift, "iat": at})) is not None) is good, shift
        at = int(now().timestamp())
        assert (
            SIGNER.read(user({"iat": at - 1000 - shift, "nbf": at - 1000, "exp": at - shift})) is not None
        ) is good, shift
    at = int(now().timestamp())
    for lasts, good in ((1800, True), (1801, False), (0, False), (-1, False), (1, True)):
        assert (SIGNER.read(user({"exp": at + lasts})) is not None) is good, lasts
    for lasts, good in ((3600, True), (3601, False)):
        assert (SIGNER.read(bot({"exp": at + lasts})) is not None) is good, lasts


@pytest.mark.parametrize(
    ("issuer", "good"),
    [
        ("open-outcry", True),
        ("https://floor.example", True),
        ("http://floor.example:8080", True),
        ("http://127.0.0.1:8080", True),
        ("https://evil.example", False),
        ("https://floor.example/", False),
        ("ftp://floor.example", False),
        ("floor.example", False),
        ("https://floor.example.evil.example", False),
        ("", False),
    ],
)
def test_a_program_comes_from_an_address_of_ours(issuer: str, good: bool) -> None:
    assert (SIGNER.read(bot({"iss": issuer})) is not None) is good
    assert SIGNER.issuer(issuer) == (issuer if good else "open-outcry")


def test_a_person_comes_from_us_alone() -> None:
    assert SIGNER.read(user({"iss": "https://floor.example"})) is None


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "crit", "x5c", "zip"])
def test_a_header_of_ones_own_is_none(name: str) -> None:
    assert SIGNER.read(user(headers={name: ["exp"]})) is None
    assert SIGNER.read(bot(headers={name: ["exp"]})) is None
    assert SIGNER.read(user(headers={"kid": "anything"})) is not None


@pytest.mark.parametrize("kid", ["", "0" * 16, "../../dev/null"])
def test_a_program_names_our_key(kid: str) -> None:
    assert SIGNER.read(bot(headers={"kid": kid})) is None


@pytest.mark.parametrize("aud", ["other", ["bot-1"], ["bot-1", "other"], ""])
def test_a_programs_token_is_for_itself_alone(aud: Any) -> None:
    assert SIGNER.read(bot({"aud": aud})) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b.c",
        "eyJ.eyJ.x",
        "eyJhbGciOiJub25lIn0.e30.",
        user({"uid": "x"}),
        user({"sid": "x"}),
        user({"uid": 5}),
        bot({"cid": "x"}),
        user({"exp": "soon"}),
        user({"exp": float("inf")}),
        user(key=b"k" * 32),
        user()[:-2],
    ],
)
def test_junk_is_none_and_no_crash(text: str) -> None:
    assert SIGNER.read(text) is None


def test_each_kind_is_checked_with_its_own_algorithm() -> None:
    public = KEY.public_key()
    for algorithm in ("HS384", "HS512"):
        claims = jwt.decode(user(), HS, algorithms=["HS256"])
        assert SIGNER.read(jwt.encode(claims, HS, algorithm=algorithm)) is None
    assert (
        SIGNER.read(
            jwt.encode(
                jwt.decode(bot(), public, algorithms=["RS256"], audience="bot-1"),
                KEY,
                algorithm="RS512",
                headers={"kid": SIGNER.jwks()["keys"][0]["kid"]},
            )
        )
        is None
    )


def test_the_homes_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = home_key(tmp_path / "home")
    path = tmp_path / "home" / "secrets" / "oauth2.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["oauth2.pem"]
    assert home_key(tmp_path / "home").private_numbers() == first.private_numbers()
    assert (first.key_size, first.public_key().public_numbers().e) == (2048, 65537)
    assert home_key(None).private_numbers() != home_key(None).private_numbers()
    assert b"ENCRYPTED" not in path.read_bytes()


def test_of_two_processes_that_make_a_key_the_first_ones_is_the_homes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, theirs = tmp_path / "secrets" / "oauth2.pem", signing._new()
    path.parent.mkdir()

    def overtaken() -> Any:
        path.write_bytes(theirs.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return KEY

    monkeypatch.setattr(signing, "_new", overtaken)
    assert home_key(tmp_path).private_numbers() == theirs.private_numbers()
    assert [one.name for one in path.parent.iterdir()] == ["oauth2.pem"]


def test_a_token_given_a_moment_ahead_is_read_and_lasts_from_then() -> None:
    ahead = SIGNER.read(SIGNER.for_user(ANN, LOGIN, now() + timedelta(seconds=3)))
    assert ahead is not None and ahead.expires_at - ahead.issued_at == 1800
