"""Keys without a database: what is looked up for what is shown, and what is stored of what is made."""

import re
from typing import Any
from uuid import UUID

import pytest

from db import keys
from db.identity.holder import Holder
from openoutcry.canonical import derived_id
from openoutcry.errors import BadInput
from tests.api.auth.fakes import Pool
from tests.api.auth.people import BORN, KEY, ORG, key_row, sha


@pytest.mark.parametrize(
    ("row", "text", "let_in"),
    [
        (key_row(), KEY, True),
        (key_row(valid=False), KEY, False),
        (key_row(), KEY[:-1] + "3", False),
        (None, KEY, False),
        (None, "no such key", False),
    ],
)
async def test_a_key_opens_when_it_is_the_one_and_valid(row: Any, text: str, let_in: bool) -> None:
    pool = Pool({keys.FIND: row})
    found = await keys.authenticate(pool, text)  # type: ignore[arg-type]
    assert (found is not None) is let_in
    if found is not None:
        assert found == Holder(UUID(int=5), ORG, "mine", "trader", "key", None, "pro")


async def test_a_key_is_looked_up_by_its_public_part_or_its_digest() -> None:
    pool = Pool({})
    for text, prefix in (
        (KEY, "abcdefgh"),
        (KEY[:-1], f"own_{sha(KEY[:-1]).hex()[:16]}"),
        ("my own key", f"own_{sha('my own key').hex()[:16]}"),
        ("\ud800", None),
    ):
        assert await keys.authenticate(pool, text) is None  # type: ignore[arg-type]
        asked = pool.arguments(keys.FIND)[-1]
        assert (prefix is None or asked[0] == prefix) and asked[1] == "60 seconds"


async def test_use_is_noted_once_a_minute_and_scopes_come_along() -> None:
    stale, fresh = Pool({keys.FIND: key_row(stale=True, scopes=["a"])}), Pool({keys.FIND: key_row()})
    found = await keys.authenticate(stale, KEY)  # type: ignore[arg-type]
    assert found is not None and found.scopes == frozenset({"a"})
    await keys.authenticate(fresh, KEY)  # type: ignore[arg-type]
    assert (len(stale.asked), len(fresh.asked)) == (2, 1) and stale.asked[1][1] == (UUID(int=5),)


async def test_a_new_key_is_shown_once_and_stored_as_a_digest() -> None:
    made: list[tuple[Any, ...]] = []

    def created(*given: Any) -> dict[str, Any]:
        made.append(given)
        names = ("id", "org_id", "name", "prefix", "hash", "role", "expires_at", "scopes")
        row = dict(zip(names, given, strict=True)) | {
            "created_at": BORN,
            "revoked_at": None,
            "last_used_at": None,
        }
        del row["hash"]
        return row

    pool: Any = Pool({keys.CREATE: created})
    new = await keys.create(
        pool, " mine ", "viewer", org_id=ORG, expires_at=BORN, scopes=("view_trades", "view_trades")
    )
    assert re.fullmatch(r"oo_[a-z2-7]{40}", new.text) and new.text not in repr(new)
    (given,) = made
    assert given[0] == derived_id(keys.DEFAULT_ORG, "api_key", sha(new.text).hex())
    assert given[1:] == (ORG, "mine", new.text[3:11], sha(new.text), "viewer", BORN, ["view_trades"])
    other = await keys.create(pool, "x" * 100, "viewer")
    assert (
        other.text != new.text
        and other.key.id != new.key.id
        and made[1][1] == keys.DEFAULT_ORG
        and made[1][7] is None
    )
    for name, role, field in (
        ("", "viewer", "name"),
        ("  ", "viewer", "name"),
        ("x" * 101, "viewer", "name"),
        ("a", "owner", "role"),
    ):
        with pytest.raises(BadInput) as refused:
            await keys.create(pool, name, role)  # type: ignore[arg-type]
        assert refused.value.field == field
    assert len(made) == 2


async def test_revoking_says_whether_there_was_one() -> None:
    for answer, wanted in ((UUID(int=5), True), (None, False)):
        pool = Pool({keys.REVOKE: answer})
        assert await keys.revoke(pool, "abcdefgh", ORG) is wanted  # type: ignore[arg-type]
        assert pool.arguments(keys.REVOKE) == [(ORG, "abcdefgh")]


@pytest.mark.parametrize(
    ("given", "stored", "shown"),
    [(None, True, True), (None, False, False), ("g" * 12 + "h" * 12, True, False)],
)
async def test_the_first_key_is_shown_only_when_it_was_made_here(
    given: str | None, stored: bool, shown: bool
) -> None:
    answer = UUID(int=1) if stored else None
    pool = Pool({keys.GIVEN: answer, keys.FIRST: answer})
    text = await keys.first_admin_key(pool, given and "a-good-key-" + given)  # type: ignore[arg-type]
    assert (text is not None) is shown
    assert pool.asked[0][0].startswith("LOCK TABLE api_keys "), (
        "two that start at once would make two first keys"
    )
    assert len(pool.arguments(keys.GIVEN)) == (given is not None) and len(pool.arguments(keys.FIRST)) == (
        given is None
    )
    if text is not None:
        (arguments,) = pool.arguments(keys.FIRST)
        assert arguments[1:] == (keys.DEFAULT_ORG, text[3:11], sha(text))


@pytest.mark.parametrize("weak", ["x" * 23, "0123456789abcdefghijklm", "change-me-change-me-change-me"])
async def test_a_weak_admin_key_is_refused_by_name(weak: str) -> None:
    with pytest.raises(BadInput) as refused:
        await keys.first_admin_key(Pool({}), weak)  # type: ignore[arg-type]
    assert refused.value.field == "OUTCRY_ADMIN_KEY" and weak not in str(refused.value)
    good = "0123456789abcdefghijklmn"
    assert len(good) == 24 and await keys.first_admin_key(Pool({}), good) is None  # type: ignore[arg-type]
