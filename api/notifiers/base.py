"""What a notifier is."""

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Protocol

import httpx2

from db.alerting.raised import Raised

TIMEOUT_S = 10.0


class Notifier(Protocol):
    """One way of telling."""

    async def tell(self, alert: Raised) -> None:
        """Tell once. Raises OSError, Undelivered or httpx2.HTTPError when it did not arrive."""
        ...


class Undelivered(Exception):
    """The other side did not take it; the text is safe to show."""


async def post(url: str, content: bytes, headers: Mapping[str, str]) -> None:
    """POST JSON; raises Undelivered for anything but a 2xx. No redirect is followed, no proxy asked."""
    sent = {"Content-Type": "application/json", **headers}
    async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=_trust()) as client:
        answer = await client.post(url, content=content, headers=sent)
    if not answer.is_success:
        raise Undelivered(f"HTTP {answer.status_code}")


@cache
def _trust() -> ssl.SSLContext:
    """Read once: the certificates of all authorities take a while."""
    return httpx2.create_ssl_context(trust_env=False)


def line(alert: Raised) -> str:
    """An alert as one line of text."""
    return f"[{alert.severity.upper()}] {alert.title}: {alert.message}"
