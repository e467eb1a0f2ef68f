"""Which servers an assistant is told of, and how it reaches them."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from openoutcry.errors import BadInput, DataUnavailable
from outcry import runfile
from outcry.mcp_clients import Client, asked, over_http, over_pipe
from outcry.tools import command_of, names, url_of
from wire.clock import WallClock
from wire.config import OPTIONAL_SCOPES, READ_SCOPES, floor_key, mint_tokens, votes

USUAL = ("market", "indicators", "risk")
"""Those that answer without a floor too."""


def entries_of(
    client: Client, servers: Sequence[str] | None, home: Path, *, http: bool, days: int
) -> dict[str, dict[str, Any]]:
    """By server. Raises BadInput for what cannot be reached so, DataUnavailable where no floor serves it."""
    named = asked(servers, names(), USUAL)
    if http:
        return {name: _served(client, name, home, days) for name in named}
    floor = runfile.running(home)
    env = {} if floor is None else {"OUTCRY_MARKET": floor.market}
    return {name: over_pipe(client, _started(name), home, env) for name in named}


def _started(name: str) -> str:
    if name == "execution":
        raise BadInput(
            "--server: execution's accounts are held by one process; use --http with a running floor",
            field="server",
        )
    return command_of(name)


def _served(client: Client, name: str, home: Path, days: int) -> dict[str, Any]:
    url = url_of(name, home)
    if url is None:
        raise DataUnavailable(f"no floor serves {name} in {home}: `outcry up` opens one")
    scopes = ("vote",) if votes(name) else {**READ_SCOPES, **OPTIONAL_SCOPES}[name]
    until = WallClock().now() + timedelta(days=days)
    return over_http(
        client, url, mint_tokens(floor_key(home), "client", {name: scopes}, expires_at=until)[name]
    )
