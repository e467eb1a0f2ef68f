"""Hosting one MCP server as a process: streamable HTTP with bearer tokens, or stdio."""

import asyncio
import contextlib
import os
import socket
from typing import Any

import structlog
from mcp.server import MCPServer
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openoutcry.version import VERSION

log = structlog.get_logger()
BODY_LIMIT = 1024 * 1024


def resource_url(port: int) -> str:
    """The name a server goes by as an OAuth resource."""
    return f"http://127.0.0.1:{port}/mcp"


def auth_settings(port: int) -> AuthSettings:
    """Resource-server settings of a loopback MCP server; tokens come from the floor itself."""
    url = AnyHttpUrl(resource_url(port))
    return AuthSettings(
        issuer_url=url, resource_server_url=url, required_scopes=[], validate_token_resource=True
    )


def http_app(server: MCPServer[Any], *, name: str, host: str, port: int) -> Starlette:
    """The ASGI app of a server: ``/mcp`` and an unauthenticated ``/health`` that names process and version."""

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "name": name, "version": VERSION, "pid": os.getpid()})

    server.custom_route("/health", methods=["GET"])(health)
    names = {"127.0.0.1", "localhost", host, name, socket.gethostname()}
    return server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        max_request_body_size=BODY_LIMIT,
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=[f"{n}:{port}" for n in sorted(names)] + sorted(names),
            allowed_origins=[f"http://{n}:{port}" for n in sorted(names)],
        ),
    )


async def serve_http(server: MCPServer[Any], *, name: str, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    import uvicorn  # not needed by stdio processes

    app = http_app(server, name=name, host=host, port=port)
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, loop="uvloop", http="httptools",
        timeout_graceful_shutdown=3, timeout_keep_alive=75, lifespan="on",
    )  # fmt: skip
    log.info("server_listening", server=name, port=port)
    await uvicorn.Server(config).serve()


def run(main: Any) -> None:
    """Run an async main on uvloop; Ctrl-C ends quietly."""
    import uvloop

    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop.run(main)
