"""Order books kept by a stream of differences, of the exchanges whose dialect is known; for any other there is none.

A hint, not the truth: a book that is not certain, or of which nothing was heard for a moment, is None, and the caller
asks over REST.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import structlog

from openoutcry.errors import BadInput, OpenOutcryError
from openoutcry.market.book import Book
from openoutcry.market.depth import DepthBook
from openoutcry.market.depth_messages import diff_of, snapshot_of
from openoutcry.types.symbols import parse_symbol
from wire.hints import Lost, Opened, Said, StreamUnavailable, hints

log = structlog.get_logger()
ADDRESSES = {"spot": "wss://stream.binance.com:9443/ws", "perp": "wss://fstream.binance.com/public/ws"}
LOOPBACK = {"spot": "/stream/ws", "perp": "/fstream/public/ws"}
"""Where the practice exchange has them."""
EXCHANGES = ("binance", "binanceusdm")
LIMIT = 1000
"""Levels of a snapshot."""
FRESH_S = 3.0
"""A book of which nothing was heard for longer is not shown."""
SNAPSHOT_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
SILENCE_S = 15.0
MOST_BOOKS = 20
"""Symbols kept at once; of more, the one asked for longest ago is given up."""


class Asks(Protocol):
    """Asks the exchange for the raw answer to its depth question, over REST."""

    def __call__(self, symbol: str, limit: int) -> Awaitable[Any]: ...


class LiveBooks:
    """The books of one exchange, each followed from the first time it is asked for.

    ``quiet_s`` says how long the exchange still wants to be left alone; until then no connection is tried either.
    """

    def __init__(
        self,
        exchange: str,
        ask: Asks,
        url: str | None = None,
        quiet_s: Callable[[], float] = lambda: 0.0,
        watch: Callable[[str, DepthBook], None] = lambda symbol, depth: None,
    ) -> None:
        """``watch`` is told of every difference that was applied, and of a book that is lost (not ready)."""
        self._watch = watch
        self._known = exchange in EXCHANGES
        self._ask, self._url, self._quiet_s = ask, url, quiet_s
        self._open: dict[str, FollowedBook] = {}

    def book(self, symbol: str, levels: int) -> Book | None:
        """The book as it stands; None until it is certain."""
        if not self._known:
            return None
        found = self._open.pop(symbol, None)
        if found is None:
            while len(self._open) >= MOST_BOOKS:
                self._open.pop(next(iter(self._open))).stop()
            found = FollowedBook(symbol, lambda: self._address(symbol), self._ask, self._watch)
        self._open[symbol] = found
        return found.book(levels)

    def health(self) -> dict[str, dict[str, Any]]:
        """What happened to each book: counts of differences, gaps, snapshots, breaks."""
        return {symbol: found.health() for symbol, found in self._open.items()}

    async def close(self) -> None:
        """Stop following."""
        open_, self._open = list(self._open.values()), {}
        for one in open_:
            one.stop()
        await asyncio.gather(*(one.task for one in open_), return_exceptions=True)

    def _address(self, symbol: str) -> str:
        if (left := self._quiet_s()) > 0:
            raise StreamUnavailable(f"the exchange asked for a pause; {left:.0f} s are left of it")
        pair = parse_symbol(symbol)
        kind, name = pair.kind, pair.joined.lower()
        if self._url is None:
            return f"{ADDRESSES[kind]}/{name}@depth@100ms"
        scheme, host = urlsplit(self._url)[:2]
        path = f"{LOOPBACK[kind]}/{name}@depth@100ms"
        return urlunsplit(("wss" if scheme == "https" else "ws", host, path, "", ""))


class FollowedBook:
    """One symbol's book and the tasks that keep it."""

    def __init__(
        self,
        symbol: str,
        address: Callable[[], str],
        ask: Asks,
        watch: Callable[[str, DepthBook], None],
    ) -> None:
        self._watch = watch
        self._symbol, self._address, self._ask = symbol, address, ask
        self._depth = DepthBook()
        self._heard = float("-inf")
        self._breaks = 0
        self._fetching: asyncio.Task[None] | None = None
        self.task = asyncio.create_task(self._follow(), name=f"depth-{symbol}")

    def book(self, levels: int) -> Book | None:
        """The best levels; None when they are not certain and fresh."""
        if asyncio.get_running_loop().time() - self._heard > FRESH_S:
            return None
        shown = self._depth.book(levels)
        if self._depth.thin(levels):
            self._renew("the price left what the snapshot reached")
        return shown

    def health(self) -> dict[str, Any]:
        """Counts of what happened."""
        counts = {name: getattr(self._depth.health, name) for name in self._depth.health.__slots__}
        return {**counts, "breaks": self._breaks, "ready": self._depth.ready}

    def stop(self) -> None:
        """Follow no more."""
        self.task.cancel()
        if self._fetching is not None:
            self._fetching.cancel()

    async def _follow(self) -> None:
        async def address() -> str:
            return self._address()

        async with aclosing(hints(address, silence_s=SILENCE_S)) as stream:
            async for hint in stream:
                match hint:
                    case Opened():
                        self._renew("opened")
                    case Said(body):
                        self._take(body)
                    case Lost(reason):
                        self._breaks += 1
                        self._depth.lose()
                        log.info("depth_lost", symbol=self._symbol, reason=reason)

    def _take(self, body: Any) -> None:
        try:
            diff = diff_of(body)
        except BadInput as error:
            self._renew(f"a message that is none: {error}")
            return
        if diff.symbol != parse_symbol(self._symbol).joined:
            self._renew(f"a message of {diff.symbol!r}")
            return
        self._heard = asyncio.get_running_loop().time()
        outcome = self._depth.take(diff)
        if outcome in ("gap", "crossed"):
            log.info("depth_gap", symbol=self._symbol, outcome=outcome, at=diff.first)
        self._watch(self._symbol, self._depth)
        if not self._depth.ready:
            self._fetch()

    def _renew(self, reason: str) -> None:
        """Start the book anew from a snapshot that is asked for from now on."""
        log.info("depth_anew", symbol=self._symbol, reason=reason)
        self._depth.lose()
        self._fetch()

    def _fetch(self) -> None:
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._snapshot(), name=f"depth-snapshot-{self._symbol}")

    async def _snapshot(self) -> None:
        """Ask until a snapshot joins what the stream said."""
        wait = SNAPSHOT_WAIT_S
        while not self._depth.ready:
            try:
                if self._depth.start(snapshot_of(await self._ask(self._symbol, LIMIT)), LIMIT):
                    return
            except OpenOutcryError as error:
                log.warning("depth_unavailable", symbol=self._symbol, error=str(error))
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
