"""Keys and addresses of model vendors: taken out of the environment once, handed to the agents that need them alone."""

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from urllib.parse import urlsplit

from openoutcry.errors import BadConfig
from wire.concealing import conceal
from wire.withdrawing import withdraw

VENDORS = ("anthropic", "openai", "compatible")
VARIABLES = tuple(
    f"{vendor.upper()}{ending}" for vendor in VENDORS for ending in ("_API_KEY", "_API_KEY_FILE", "_BASE_URL")
)
SWITCH = "ALLOW_MODEL_REQUESTS"
"""Set to 0, no model is asked but on this machine: what tests run under."""


def take(env: MutableMapping[str, str]) -> dict[str, str]:
    """The variables that are set, the keys and addresses removed: no process started later inherits them."""
    found = withdraw(env, VARIABLES)
    return {**found, SWITCH: env[SWITCH]} if env.get(SWITCH) else found


def speaks(mind: str) -> bool:
    """Whether a mind is a vendor's model."""
    return mind.partition(":")[0] in VENDORS


def of_mind(mind: str, keys: Mapping[str, str]) -> dict[str, str]:
    """What a mind needs of them: those of the vendors it names."""
    named = [vendor for vendor in VENDORS if f"{vendor}:" in mind]
    return {
        name: value
        for name, value in keys.items()
        if (name == SWITCH and named) or any(name.startswith(f"{vendor.upper()}_") for vendor in named)
    }


def read_key(variable: str, env: Mapping[str, str]) -> str | None:
    """The key from its variable or the file that a variable names. Raises BadConfig naming the variable, never its value."""
    given, file = env.get(variable), env.get(f"{variable}_FILE")
    if given and file:
        raise BadConfig(f"{variable} and {variable}_FILE are both set; unset one", field=variable)
    if file:
        try:
            given = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise BadConfig(
                f"{variable}_FILE names a file that cannot be read", field=f"{variable}_FILE"
            ) from None
    if given and (not given.isascii() or not given.isprintable() or " " in given):
        raise BadConfig(f"{variable} holds characters that no key has", field=variable)
    conceal((given,))
    return given or None


def refuse_address(url: str, field: str, whose: str) -> None:
    """Raise BadConfig for what can be no server's address. It is named and not shown: it may hold a password."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port out of range, half an IPv6 address
        fits = False
    else:
        fits = fits and parts.username is None and parts.password is None
    if not fits or not url.isprintable() or " " in url:
        raise BadConfig(f"{whose} is not http or https with a host and without a password", field=field)


def refuse_remote(name: str, address: str | None, env: Mapping[str, str]) -> None:
    """Raises BadConfig for a model beyond this machine while none of those may be asked. None: the vendor's own address."""
    if env.get(SWITCH) == "0" and not local(address):
        raise BadConfig(f"{SWITCH} is 0: {name} is not on this machine and may not be asked", field=SWITCH)


def local(url: str | None) -> bool:
    """Whether an address is on this machine."""
    return url is not None and urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")
