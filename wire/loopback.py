"""A practice exchange on this machine in place of the real one: where it is named, and ccxt's addresses moved there."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

URL_ENV = "OUTCRY_CCXT_URL"
"""Every process that looks at a market looks here: ``outcry up --exchange-url`` and tests put a loopback server into it."""


def moved(urls: Any, base: str) -> Any:
    """The same nested addresses with scheme and host of ``base``, their paths kept."""
    if isinstance(urls, Mapping):
        return {name: moved(url, base) for name, url in urls.items()}
    if not isinstance(urls, str):
        return urls
    scheme, host = urlsplit(base)[:2]
    return urlunsplit((scheme, host, *urlsplit(urls)[2:]))
