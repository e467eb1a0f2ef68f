"""Asking one exchange for public data through ccxt: one budget, one pause when it says so, typed errors."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog

from mcp_servers.market.sources import ccxt_diet
from mcp_servers.market.sources.listing import Listing, listing_of
from openoutcry.errors import BadConfig, BadSymbol, DataUnavailable
from openoutcry.types.symbols import parse_symbol
from wire.budget import MachineClock, RequestBudget
from wire.clock import WallClock
from wire.exchange_pause import asked_pause
from wire.loopback import URL_ENV, moved

log = structlog.get_logger()
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
FIRST_ANSWER = 3.0
"""The first question loads the exchange's markets: several requests, each within the timeout."""
KINDS = ("spot", "swap", "linear")
NO_LIMIT = 500
"""Rows asked for at once where ccxt knows no limit of the exchange."""


class Unreachable(DataUnavailable):
    """The exchange gave no usable answer this time; asked again it may."""


class Paused(Unreachable):
    """The exchange asked to be left alone for ``seconds``."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class ExchangeClient:
    """Public data only: it has no key. Connects on first use; ``timeout_s`` bounds each request.

    ``budget`` may be shared with other processes; by default it is this client's own.
    """

    def __init__(
        self,
        exchange: str,
        *,
        url: str | None = None,
        timeout_s: float = 10.0,
        clock: MachineClock | None = None,
        budget: RequestBudget | None = None,
    ) -> None:
        if url is not None and urlsplit(url).hostname not in LOOPBACK:
            raise BadConfig(f"{URL_ENV}: must be a loopback address, it is for tests", field=URL_ENV)
        self.exchange = exchange
        self.url, self._timeout_s = url, timeout_s
        self._clock = clock or WallClock()
        self._budget = budget or RequestBudget(self._clock)
        self._client: Any = None
        self._opening = asyncio.Lock()

    async def ask(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        """The answer of one ccxt method. Raises Unreachable or DataUnavailable saying why there is none, or BadSymbol."""
        client = await self._connected()
        if not await self.offers(method):
            raise DataUnavailable(f"{self.exchange} does not offer {method.removeprefix('fetch_')}")
        return await self._answer(method, lambda: getattr(client, method)(*arguments, **keywords), arguments)

    @property
    def quiet_s(self) -> float:
        """Seconds for which the exchange still wants to be left alone."""
        return self._budget.quiet_s

    async def depth(self, symbol: str, limit: int) -> Any:
        """Binance's own answer for a book, with the number that joins it to the stream, which ccxt's leaves out."""
        client = await self._connected()
        pair = parse_symbol(symbol)
        ask = client.publicGetDepth if pair.kind == "spot" else client.fapiPublicGetDepth
        return await self._answer("depth", lambda: ask({"symbol": pair.joined, "limit": limit}), (symbol,))

    async def offers(self, method: str) -> bool:
        """Whether the exchange has what a ccxt method asks for."""
        return bool((await self._connected()).has.get(_feature(method)))

    async def listing(self, *, again: bool = False) -> Listing:
        """What the exchange lists, asked for once, or ``again``. Raises as ``ask`` does."""
        client = await self._loaded(again=again)
        found = listing_of(client.markets, client.timeframes)
        if not found.symbols:
            raise Unreachable(f"{self.exchange} lists no market that could be used")
        return found

    async def page_rows(self, symbol: str, method: str) -> int:
        """Most rows the exchange gives at once, as ccxt has it. Asks for the markets first."""
        client = await self._loaded()
        limit = client.feature_value(symbol, _feature(method), "limit")
        return limit if isinstance(limit, int) and limit > 0 else NO_LIMIT

    async def takes_until(self, method: str) -> bool:
        """Whether the method can be told where to end: ccxt says so in its documentation and nowhere else."""
        return "params.until" in (getattr(await self._connected(), method).__doc__ or "")

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _loaded(self, *, again: bool = False) -> Any:
        """ccxt with its markets, asked for again when an earlier answer held none."""
        client = await self._connected()
        await self._answer("load_markets", lambda: client.load_markets(again or not client.markets), ())
        return client

    async def _answer(
        self, method: str, ask: Callable[[], Awaitable[Any]], arguments: tuple[Any, ...]
    ) -> Any:
        self._refuse_while_quiet()
        known = ccxt_diet.errors()
        try:
            async with asyncio.timeout(FIRST_ANSWER * self._timeout_s):
                return await ask()
        except known.BadSymbol as error:
            raise BadSymbol(
                f"symbol: {self.exchange} does not list {arguments[0]}", field="symbol"
            ) from error
        except (known.DDoSProtection, known.RateLimitExceeded) as error:
            seconds = self._pause(self._client.last_response_headers)
            raise Paused(f"{self.exchange} refuses for now: too many requests", seconds) from error
        except TimeoutError as error:
            raise Unreachable(f"{self.exchange} did not answer in time") from error
        except known.BaseError as error:
            # a body cut off arrives as a plain ExchangeError; its subclasses are about the question
            again = isinstance(error, known.OperationFailed) or type(error) is known.ExchangeError
            raise (Unreachable if again else DataUnavailable)(
                f"{self.exchange}: {type(error).__name__}: {str(error)[:200]}"
            ) from error
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            # ccxt trusts the shape of answers; one that is not JSON of that shape ends inside its parsers
            raise Unreachable(f"{self.exchange} answered nonsense to {method}: {error!r}") from error

    async def _slot(self, cost: float | None = None) -> None:
        """In place of ccxt's own throttle: before every single request."""
        await self._budget.take(self._client.rateLimit * (1.0 if cost is None else cost))
        self._refuse_while_quiet()

    def _whole(self, status: int, _: str, url: str, *rest: Any) -> Any:
        """In place of ccxt's hook on every answer: what is plainly no JSON it would take for an empty one."""
        text = str(rest[2]).strip()
        ends = {"[": "]", "{": "}"}.get(text[:1])
        if 200 <= status < 300 and (not text or text[0] == "<" or (ends and text[-1] != ends)):
            raise Unreachable(f"{self.exchange} answered {urlsplit(url).path} with something that is no JSON")
        return text

    def _refuse_while_quiet(self) -> None:
        if (left := self._budget.quiet_s) > 0:
            raise Paused(f"{self.exchange} asked for a pause; {left:.0f} s are left of it", left)

    def _pause(self, headers: Mapping[str, str] | None) -> float:
        seconds = asked_pause(headers, self._clock.now())
        self._budget.pause(seconds)
        log.warning("exchange_pause", exchange=self.exchange, seconds=seconds)
        return seconds

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                kind = await asyncio.to_thread(ccxt_diet.exchange_class, self.exchange)
                self._client = self._made(kind)
        return self._client

    def _made(self, kind: Any) -> Any:
        client = kind({"enableRateLimit": True, "timeout": int(self._timeout_s * 1000)})
        client.throttle = self._slot
        client.on_rest_response = self._whole
        client.timeout_on_exit = 0
        client.options["maxRetriesOnFailure"] = 0
        client.options["fetchCurrencies"] = False
        client.has["fetchCurrencies"] = False
        client.options["fetchMargins"] = False
        markets = client.options.get("fetchMarkets")
        if isinstance(markets, dict) and "types" in markets:  # options and dated futures cannot be named here
            markets["types"] = [kind for kind in markets["types"] if kind in KINDS]
        if self.url is not None:
            client.urls["api"] = moved(client.urls["api"], self.url)
        else:
            client.aiohttp_trust_env = True  # the proxy of the machine's owner
        return client


def _feature(method: str) -> str:
    """ccxt's name of what a method needs: ``fetch_order_book`` → ``fetchOrderBook``."""
    first, *rest = method.split("_")
    return first + "".join("OHLCV" if word == "ohlcv" else word.capitalize() for word in rest)
