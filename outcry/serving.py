"""A practice server in the foreground: one JSON line once its port is open, then service until it is told to stop."""

import json
import os
from pathlib import Path

import typer
from aiohttp import web

from openoutcry.errors import BadInput
from wire.stopping import stop_event


async def served(app: web.Application, port: int, ready: dict[str, object], copy: Path | None) -> None:
    """Serve on 127.0.0.1. ``copy`` gets the ready line too, readable by its owner alone. Raises BadInput for a taken port."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError as error:
        await runner.cleanup()
        raise BadInput(f"--port: {port} cannot be opened: {error.strerror}", field="port") from None
    line = json.dumps(ready)
    if copy is not None:
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(line + "\n")
    typer.echo(line)
    await stop_event().wait()
    await runner.cleanup()
