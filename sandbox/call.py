"""One request, whichever way it came (REST or WebSocket API), and the table that answers it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sandbox.accounts import Account
from sandbox.exchange import Exchange
from sandbox.limits import Limits
from sandbox.placing import CLIENT_ID
from sandbox.refusal import Refusal, illegal, mandatory
from sandbox.tape import INTERVALS

Security = Literal["none", "key", "signed"]
ALWAYS = {"timestamp", "recvWindow", "signature", "apiKey"}


@dataclass(frozen=True)
class Call:
    """Parameters as text; ``account`` is there for every endpoint but the public ones, ``limits`` are what all have used."""

    params: dict[str, str]
    now: int
    user: Account | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def account(self) -> Account:
        if self.user is None:
            raise Refusal(-2014, "API-key format invalid.", 401)
        return self.user

    def text(self, name: str) -> str:
        value = self.params.get(name)
        if not value:
            raise mandatory(name)
        return value

    def integer(
        self, name: str, otherwise: int | None = None, *, low: int = 0, high: int = 2**63 - 1
    ) -> int | None:
        value = self.params.get(name)
        if value is None or value == "":
            return otherwise
        if not value.isascii() or not value.isdigit() or len(value) > 19:
            raise illegal(name)
        if not low <= int(value) <= high:
            raise Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")
        return int(value)

    def limit(self, otherwise: int, most: int) -> int:
        """The ``limit``, cut to what the endpoint gives at most."""
        return min(self.integer("limit", otherwise, low=1) or otherwise, most)

    def client_id(self, name: str) -> str | None:
        value = self.params.get(name)
        if value is not None and CLIENT_ID.match(value) is None:
            raise illegal(name)
        return value

    def interval(self) -> str:
        value = self.text("interval")
        if value not in INTERVALS:
            raise Refusal(-1120, "Invalid interval.")
        return value


Handler = Callable[[Exchange, Call], object]


@dataclass(frozen=True)
class Endpoint:
    """``reads`` names every parameter; others are refused (-1104). ``orders``: how many new orders it counts as."""

    method: str
    path: str
    handler: Handler
    reads: frozenset[str]
    weight: int = 1
    security: Security = "none"
    orders: int = 0
    venue: str = "spot"
    api: str = ""


@dataclass
class Table:
    """Endpoints by method and path, in the order in which they were written down."""

    venue: str
    rows: list[Endpoint] = field(default_factory=list)

    def add(
        self, line: str, handler: Handler, reads: str = "", weight: int = 1, security: Security = "none", *,
        orders: int = 0, api: str = "",
    ) -> None:  # fmt: skip
        """``line`` is ``GET /path``; ``reads`` names parameters, by spaces; ``api`` is its WebSocket API method."""
        method, path = line.split(" ")
        names = frozenset(reads.split()) | ALWAYS
        self.rows.append(Endpoint(method, path, handler, names, weight, security, orders, self.venue, api))


def check_names(endpoint: Endpoint, params: dict[str, str]) -> None:
    """Refuse parameters that the endpoint would not read."""
    unread = set(params) - endpoint.reads
    if unread:
        read, sent = len(params) - len(unread), len(params)
        raise Refusal(
            -1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'."
        )
