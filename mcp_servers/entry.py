"""The one command line of every MCP server: ``python -m mcp_servers.<name> [--stdio] [--port N] [--home DIR]``."""

import argparse
import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from db.embedded import running_url
from mcp_servers.toolkit import Hosting, Present
from openoutcry.errors import DataUnavailable
from wire import logs
from wire.config import DEFAULT_PORTS, OPTIONAL_PORTS, ProcessConfig, from_environment
from wire.host import run, serve_http
from wire.server import FloorServer

Opened = Callable[[ProcessConfig, int | None], AbstractAsyncContextManager[FloorServer]]
"""Opens a server's dependencies and yields it; the port is None for stdio and in-memory use."""


async def serve(opened: Opened, config: ProcessConfig, *, host: str, port: int) -> None:
    """Open the server and serve it over HTTP until told to stop."""
    async with opened(config, port) as server:
        await serve_http(server, name=config.name, host=host, port=port)


async def serve_stdio(opened: Opened, config: ProcessConfig) -> None:
    """Open the server and speak MCP on stdin and stdout until EOF."""
    async with opened(config, None) as server:
        await server.run_stdio_async()


def opener(name: str) -> Opened:
    """How the server of this name is opened."""
    opened: Opened = importlib.import_module(f"mcp_servers.{name}.server").opened
    return opened


def unopened(name: str) -> FloorServer:
    """The server of this name with nothing behind it: it tells what it offers, and answers no call."""
    module = importlib.import_module(f"mcp_servers.{name}.server")
    server: FloorServer = module.build(Hosting(deps=None, present=_never, key=b"", local_scopes=()))
    return server


async def _never() -> Present:
    raise DataUnavailable("this server was not opened")


def child(config: ProcessConfig, port: int | None) -> None:
    """Serve ``mcp_servers.<config.name>`` over HTTP; how a supervisor starts it."""
    if port is None:
        raise ValueError("port: a supervised server listens over HTTP")
    run(serve(opener(config.name), config, host="127.0.0.1", port=port))


def main(name: str, opened: Opened, argv: Sequence[str] | None = None) -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        prog=f"python -m mcp_servers.{name}", description=f"Open Outcry's {name} MCP server."
    )
    usual = {**DEFAULT_PORTS, **OPTIONAL_PORTS}[name]
    parser.add_argument("--stdio", action="store_true", help="speak MCP on stdin/stdout instead of HTTP")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=usual, help=f"port (default {usual})")
    parser.add_argument(
        "--home", help="folder of candles, logs and secrets (default OUTCRY_HOME or ~/.openoutcry)"
    )
    parser.add_argument("--database-url", help="Postgres URL (default OUTCRY_DATABASE_URL)")
    args = parser.parse_args(argv)
    config = from_environment(name, home=args.home, database_url=args.database_url)
    if config.database_url is None:  # the floor that runs in this home, if one does
        config = config.model_copy(update={"database_url": running_url(config.home)})
    logs.configure(name, Path(config.home) / "logs" if args.stdio else None)
    if args.stdio:
        run(serve_stdio(opened, config))
    else:
        run(serve(opened, config, host=args.host, port=args.port))
