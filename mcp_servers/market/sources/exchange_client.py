"""Asking one exchange for public data through ccxt: one budget, one pause when it says so, typed errors."""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import structlog

from mcp_servers.market.sources import ccxt_diet
from openoutcry.errors import BadConfig, BadSymbol, DataUnavailable

log = structlog.get_logger()
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
FIRST_ANSWER = 3.0
"""The first question loads the exchange's markets: several requests, each within the timeout."""
PAUSE_S = 30.0
"""How long to leave an exchange alone that says "too many requests" without saying for how long."""
LONGEST_PAUSE_S = 3600.0
URL_ENV = "OUTCRY_CCXT_URL"
"""Tests put a loopback server here that speaks the exchange's dialect."""


class ExchangeClient:
    """Public data only: it has no key. Connects on first use; ``timeout_s`` bounds each request."""

    def __init__(self, exchange: str, *, url: str | None = None, timeout_s: float = 10.0) -> None:
        if url is not None and urlsplit(url).hostname not in LOOPBACK:
            raise BadConfig(f"{URL_ENV}: must be a loopback address, it is for tests", field=URL_ENV)
        self.exchange = exchange
        self._url, self._timeout_s = url, timeout_s
        self._client: Any = None
        self._opening = asyncio.Lock()
        self._quiet_until = 0.0

    async def ask(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        """The answer of one ccxt method. Raises DataUnavailable saying why there is none, or BadSymbol."""
        client = await self._connected()
        if not await self.offers(method):
            raise DataUnavailable(f"{self.exchange} does not offer {method.removeprefix('fetch_')}")
        self._refuse_while_quiet()
        known = ccxt_diet.errors()
        try:
            async with asyncio.timeout(FIRST_ANSWER * self._timeout_s):
                return await getattr(client, method)(*arguments, **keywords)
        except known.BadSymbol as error:
            raise BadSymbol(
                f"symbol: {self.exchange} does not list {arguments[0]}", field="symbol"
            ) from error
        except (known.DDoSProtection, known.RateLimitExceeded) as error:
            self._pause(client.last_response_headers)
            raise DataUnavailable(f"{self.exchange} refuses for now: too many requests") from error
        except TimeoutError as error:
            raise DataUnavailable(f"{self.exchange} did not answer in time") from error
        except known.BaseError as error:
            raise DataUnavailable(f"{self.exchange}: {type(error).__name__}: {str(error)[:200]}") from error
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            # ccxt trusts the shape of answers; one that is not JSON of that shape ends inside its parsers
            raise DataUnavailable(f"{self.exchange} answered nonsense to {method}: {error!r}") from error

    async def offers(self, method: str) -> bool:
        """Whether the exchange has what a ccxt method asks for."""
        return bool((await self._connected()).has.get(_feature(method)))

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    def _refuse_while_quiet(self) -> None:
        if (left := self._quiet_until - monotonic()) > 0:
            raise DataUnavailable(f"{self.exchange} asked for a pause; {left:.0f} s are left of it")

    def _pause(self, headers: Mapping[str, str] | None) -> None:
        given = {name.lower(): value for name, value in (headers or {}).items()}.get("retry-after", "")
        wait = min(float(given), LONGEST_PAUSE_S) if given.isdigit() else PAUSE_S
        self._quiet_until = max(self._quiet_until, monotonic() + wait)
        log.warning("exchange_pause", exchange=self.exchange, seconds=wait)

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                kind = await asyncio.to_thread(ccxt_diet.exchange_class, self.exchange)
                self._client = self._made(kind)
        return self._client

    def _made(self, kind: Any) -> Any:
        client = kind({"enableRateLimit": True, "timeout": int(self._timeout_s * 1000)})
        client.timeout_on_exit = 0
        client.options["maxRetriesOnFailure"] = 0
        client.options["fetchCurrencies"] = False
        client.has["fetchCurrencies"] = False
        if self.exchange.startswith("binance"):
            client.options["fetchMarkets"] = {"types": ["spot", "linear"]}
            client.options["fetchMargins"] = False
        if self._url is not None:
            client.urls["api"] = _moved(client.urls["api"], self._url)
        else:
            client.aiohttp_trust_env = True  # the proxy of the machine's owner
        return client


def _feature(method: str) -> str:
    """ccxt's name of what a method needs: ``fetch_order_book`` → ``fetchOrderBook``."""
    first, *rest = method.split("_")
    return first + "".join("OHLCV" if word == "ohlcv" else word.capitalize() for word in rest)


def _moved(urls: Any, base: str) -> Any:
    """The same nested URLs with scheme and host of ``base``, their paths kept."""
    if isinstance(urls, Mapping):
        return {name: _moved(url, base) for name, url in urls.items()}
    if not isinstance(urls, str):
        return urls
    scheme, host = urlsplit(base)[:2]
    return urlunsplit((scheme, host, *urlsplit(urls)[2:]))
