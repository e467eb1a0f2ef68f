"""Where a feed is read from: a file, or an address that was configured and leads to no private network.

An address is https, or http on this machine by its number. Its name is looked up once; every number found must be public;
the connection goes to the number that was checked, under the name. Nothing redirects, and no answer is longer than 1 MB.
"""

import asyncio
import ipaddress
import socket
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx2

from openoutcry.errors import BadConfig, DataUnavailable

LARGEST = 1_000_000
PATIENCE_S = 4.0
LOOPBACK = ("127.0.0.1", "::1")


def refuse_place(place: str, field: str) -> None:
    """Raise BadConfig for an address that is not https, or http on this machine, or that carries a password."""
    if "://" not in place:
        return
    parts = urlsplit(place)
    local = parts.hostname in LOOPBACK
    if not parts.hostname or parts.username or parts.scheme not in ("https", "http"):
        raise BadConfig(f"{field}: {parts.scheme}://… is not an https address", field=field)
    if parts.scheme == "http" and not local:
        raise BadConfig(f"{field}: http is for 127.0.0.1 alone; use https", field=field)


async def read_place(place: str, home: Path) -> bytes:
    """The bytes of a file in the home (or elsewhere by a whole path), or of an address. Raises DataUnavailable."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            if "://" in place:
                return await _fetched(place)
            return await asyncio.to_thread(_file, home / place)
    except (TimeoutError, OSError, httpx2.HTTPError) as error:
        raise DataUnavailable(f"the feed cannot be read: {type(error).__name__}") from None


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


async def _fetched(url: str) -> bytes:
    parts = urlsplit(url)
    host = parts.hostname or ""
    number = host if host in LOOPBACK else await _public(host, parts.port or 443)
    shown = f"[{number}]" if ":" in number else number
    where = urlunsplit(
        (parts.scheme, f"{shown}:{parts.port}" if parts.port else shown, parts.path, parts.query, "")
    )
    async with (
        httpx2.AsyncClient(timeout=PATIENCE_S, follow_redirects=False, trust_env=False) as client,
        client.stream(
            "GET", where, headers={"Host": parts.netloc}, extensions={"sni_hostname": host}
        ) as answer,
    ):
        if answer.status_code != 200:
            raise DataUnavailable(f"the feed answers {answer.status_code}")
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > LARGEST:
                raise DataUnavailable("the feed is longer than a feed may be")
        return bytes(body)


async def _public(host: str, port: int) -> str:
    """The number of a name that leads to public numbers only. Raises DataUnavailable."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    numbers = [str(entry[4][0]) for entry in found]
    if not numbers or not all(ipaddress.ip_address(number).is_global for number in numbers):
        raise DataUnavailable("the feed's address leads into a private network")
    return numbers[0]
