"""The exchange account's key: taken out of the environment once, handed to the execution server alone.

OUTCRY_EXCHANGE_KEY, OUTCRY_EXCHANGE_SECRET            the key itself, or
OUTCRY_EXCHANGE_KEY_FILE, OUTCRY_EXCHANGE_SECRET_FILE  a file that holds it, readable for its owner alone
"""

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from openoutcry.errors import StartupRefused
from openoutcry.types.frozen import Frozen
from wire.concealing import conceal
from wire.withdrawing import withdraw

KEY, SECRET = "OUTCRY_EXCHANGE_KEY", "OUTCRY_EXCHANGE_SECRET"
VARIABLES = (KEY, SECRET, f"{KEY}_FILE", f"{SECRET}_FILE")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class VenueAccess(Frozen):
    """``url`` replaces the exchange's addresses, for the practice exchange."""

    exchange: str
    key: SecretStr = Field(repr=False)
    secret: SecretStr = Field(repr=False)
    url: str | None = None


def take(env: MutableMapping[str, str]) -> dict[str, str]:
    """The variables that are set, removed from the environment: no process started later inherits them."""
    return withdraw(env, VARIABLES)


def access_of(variables: Mapping[str, str], exchange: str, url: str | None) -> VenueAccess:
    """The access they describe. Raises StartupRefused saying what is missing, never what is there."""
    return VenueAccess(
        exchange=exchange,
        key=SecretStr(_secret(variables, KEY)),
        secret=SecretStr(_secret(variables, SECRET)),
        url=loopback(url),
    )


def loopback(url: str | None) -> str | None:
    """The address, if it is one of this machine or none. Raises StartupRefused."""
    if url is not None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK or parts.username is not None:
            raise StartupRefused(
                "--exchange-url: must be http://127.0.0.1:PORT; a real exchange is asked at its own address"
            )
    return url


def _secret(variables: Mapping[str, str], name: str) -> str:
    text = variables.get(name, "")
    if not text and (file := variables.get(f"{name}_FILE")):
        path = Path(file)
        try:
            if path.stat().st_mode & 0o077:
                raise StartupRefused(f"{name}_FILE: others may read the file; chmod 600 it")
            text = path.read_text().strip()
        except OSError as error:
            raise StartupRefused(f"{name}_FILE: cannot be read: {error.strerror}") from error
    if not (8 <= len(text) <= 4096 and text.isascii() and text.isprintable()):
        raise StartupRefused(f"{name}: live trading needs the exchange's API key; set {name} or {name}_FILE")
    conceal((text,))
    return text
