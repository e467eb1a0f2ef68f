"""An exchange that is open: with its limits, faults, listeners, and the token of its control API."""

import secrets

from sandbox.exchange import Exchange
from sandbox.faults import Faults
from sandbox.limits import Limits
from sandbox.streams import Hub

KEPT_REQUESTS = 10_000


class Running:
    """What the network side and the control API share. ``requests``: (ms, method, path, status) of the newest ones."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.faults = Faults()
        self.limits = Limits()
        self.hub = Hub(exchange, self.faults)
        self.token = secrets.token_urlsafe(32)
        self.requests: list[tuple[int, str, str, int]] = []

    def note(self, method: str, path: str, status: int) -> None:
        self.requests.append((self.exchange.clock.now(), method, path, status))
        del self.requests[:-KEPT_REQUESTS]
