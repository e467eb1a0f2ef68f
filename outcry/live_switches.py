"""What must all be true before a floor trades real money: two switches, the exact words, and a key."""

import os
import sys
from collections.abc import Callable, MutableMapping
from decimal import Decimal

from openoutcry.errors import StartupRefused
from openoutcry.settings import Settings
from openoutcry.types.amounts import plain
from wire.venue_keys import VenueAccess, access_of, take

EXCHANGES = ("binance",)


def words(exchange: str, capital: Decimal) -> str:
    """What the operator types, exactly."""
    return f"trade live on {exchange} with {plain(capital)}"


def access(
    *,
    live: bool,
    market: str,
    exchange: str,
    url: str | None,
    typed: str | None,
    settings: Settings,
    env: MutableMapping[str, str] = os.environ,
    ask: Callable[[str], str] | None = None,
) -> VenueAccess | None:
    """The access to the exchange of a floor that may trade live, None for one on paper. Raises StartupRefused.

    The key leaves the environment either way. ``ask`` reads a line from the operator, None when nobody is there.
    """
    variables = take(env)
    switched = settings.trading.mode == "live"
    if not live:
        if switched:
            raise StartupRefused(
                "trading.mode is live: real orders also need `outcry up --live`; or set it to paper"
            )
        return None
    if not switched:
        raise StartupRefused("--live: real orders also need trading.mode: live in config.yaml")
    if market != "live":
        raise StartupRefused(
            "--live: needs --market live; orders on other prices than the exchange's make no sense"
        )
    if exchange not in EXCHANGES:
        raise StartupRefused(f"--live: orders are offered on {', '.join(EXCHANGES)}, not on {exchange}")
    found = access_of(variables, exchange, url)
    wanted = words(exchange, settings.trading.initial_capital)
    if typed is None and ask is not None:
        typed = ask(f"Real orders will be sent. Type: {wanted}\n> ")
    if typed is None or typed.strip() != wanted:
        raise StartupRefused(f"live trading was not confirmed; type, or give --confirm, exactly: {wanted}")
    return found


def operator() -> Callable[[str], str] | None:
    """Reads a line from the terminal, where there is one."""
    return input if sys.stdin.isatty() and sys.stdout.isatty() else None
