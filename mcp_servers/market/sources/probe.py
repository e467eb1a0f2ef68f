"""Does an exchange answer? ``python -m mcp_servers.market.sources.probe --exchange binance`` exits 0 when it does."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from time import perf_counter

from mcp_servers.market.sources.exchange_client import ExchangeClient
from openoutcry.errors import OpenOutcryError
from wire.loopback import URL_ENV

TIMEOUT_S = 3.0


async def probe(exchange: str, timeout_s: float = TIMEOUT_S) -> bool:
    """True when the exchange's public data answers within ``timeout_s``, the time to load ccxt included."""
    return await _reason(exchange, timeout_s) is None


async def _reason(exchange: str, timeout_s: float) -> str | None:
    """Why it does not answer; None when it does."""
    try:
        client = ExchangeClient(exchange, url=os.environ.get(URL_ENV), timeout_s=timeout_s)
        async with asyncio.timeout(timeout_s):
            try:
                await client.ask("fetch_time" if await client.offers("fetch_time") else "fetch_markets")
            finally:
                await client.close()
    except OpenOutcryError as error:
        return str(error)
    except TimeoutError:
        return f"{exchange} did not answer within {timeout_s:g} s"
    return None


def main(argv: Sequence[str] | None = None) -> int:
    """Probe and print one line of JSON. Exit 0 when it answers, 1 when not."""
    parser = argparse.ArgumentParser(description="Does an exchange's public data answer?")
    parser.add_argument("--exchange", default="binance", help="ccxt's id of the exchange (default binance)")
    parser.add_argument("--timeout", type=float, default=TIMEOUT_S, help="seconds in all (default 3)")
    args = parser.parse_args(argv)
    began = perf_counter()
    # not asyncio.run: it would wait for a name lookup that hangs in a thread
    reason = asyncio.new_event_loop().run_until_complete(_reason(args.exchange, args.timeout))
    seconds = round(perf_counter() - began, 2)
    answer = {"exchange": args.exchange, "answers": reason is None, "reason": reason, "seconds": seconds}
    print(json.dumps(answer), flush=True)
    return 0 if reason is None else 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # nor must that lookup keep the process
