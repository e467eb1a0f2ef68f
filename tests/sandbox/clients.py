"""Unmodified ccxt clients pointed at the practice exchange by their addresses alone."""

from typing import Any

import ccxt.async_support
import ccxt.pro


def addressed(client: Any, url: str) -> Any:
    """The client with every Binance address replaced by the sandbox's."""
    ws = url.replace("http", "ws")
    hosts = {
        "https://api.binance.com": url, "https://fapi.binance.com": url, "https://dapi.binance.com": url,
        "https://eapi.binance.com": url, "https://papi.binance.com": url,
    }  # fmt: skip
    for name, address in client.urls["api"].items():
        if isinstance(address, str):
            host = next(host for host in hosts if address.startswith(host))
            client.urls["api"][name] = address.replace(host, hosts[host])
    client.urls["api"]["ws"] = {
        "spot": f"{ws}/stream/ws", "linear": f"{ws}/fstream/ws",
        "ws-api": {"spot": f"{ws}/ws-api/v3", "linear": f"{ws}/ws-fapi/v1"},
    }  # fmt: skip
    return client


def spot(ready: dict[str, Any], *, pro: bool = False) -> Any:
    kind = ccxt.pro.binance if pro else ccxt.async_support.binance
    return addressed(kind({"apiKey": ready["key"], "secret": ready["secret"]}), ready["url"])


def perpetual(ready: dict[str, Any], *, pro: bool = False) -> Any:
    kind = ccxt.pro.binanceusdm if pro else ccxt.async_support.binanceusdm
    return addressed(kind({"apiKey": ready["key"], "secret": ready["secret"]}), ready["url"])
