"""Secrets that this process holds, kept out of every line it writes, whoever wrote it.

Where a secret is read it is named here once; credentials that the floor gives out are known by their form. Our own lines never
have one; what a library tells of requests, frames and headers when it is asked to tell everything (OUTCRY_LOG_LEVEL=DEBUG), or
an exception of its own, may.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

INSTEAD = "[secret]"
SHORTEST = 8
"""What is shorter is found in words that hide nothing."""
GIVEN_OUT = re.compile(
    r"\boo[rt]1\.[\w.-]+|\boo[rt]?_[\w-]{20,}|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+", re.ASCII
)
"""Tokens of callers and rounds, keys, refresh tokens and tickets, JWTs."""
_known: list[str] = []


def conceal(secrets: Iterable[str | None]) -> None:
    """Let none of these be written from now on, neither as they are nor as addresses and JSON have them."""
    for secret in secrets:
        if secret is not None and len(secret) >= SHORTEST and secret not in _known:
            _known.extend({secret, quote(secret, safe=""), json.dumps(secret)[1:-1]})
    _known.sort(key=len, reverse=True)


def concealed(text: str) -> str:
    """The text without them."""
    for secret in _known:
        if secret in text:
            text = text.replace(secret, INSTEAD)
    return GIVEN_OUT.sub(INSTEAD, text)


def password_of(url: str | None) -> str | None:
    """The password in an address; None without one."""
    try:
        return None if url is None else urlsplit(url).password
    except ValueError:
        return None
