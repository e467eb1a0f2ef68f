"""Imported once in the fork server: every process of the floor shares this memory and skips these imports.

Only modules that start no thread, open no file and read no clock at import belong here.
"""

import asyncpg
import httpx2
import mcp
import mcp.client.streamable_http
import mcp.server
import structlog
import uvicorn
import uvloop

import mcp_servers.entry
import openoutcry.settings
import openoutcry.types.record
import wire.connect

__all__ = ["asyncpg", "httpx2", "mcp", "mcp_servers", "openoutcry", "structlog", "uvicorn", "uvloop", "wire"]
