"""``python -m api``: the REST and WebSocket API and the live page, on one port."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from openoutcry.errors import OpenOutcryError
from wire import logs
from wire.config import DEFAULT_PORTS, ProcessConfig, from_environment


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line and serve. Exits with 1 and one line when it must not start."""
    parser = argparse.ArgumentParser(
        prog="python -m api", description="Open Outcry's REST and WebSocket API."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORTS["api"], help="port (default 8080)")
    parser.add_argument("--home", help="folder of candles, logs and secrets (default ~/.openoutcry)")
    parser.add_argument("--database-url", help="Postgres (default OUTCRY_DATABASE_URL, else the home's own)")
    args = parser.parse_args(argv)

    from api.server import face_from_environment, run_until_stopped, serve  # --help need not wait for these

    logs.configure("api")
    try:
        config = _found(from_environment("api", home=args.home, database_url=args.database_url, role="api"))
        run_until_stopped(serve(config, args.port, replace(face_from_environment(), host=args.host)))
    except OpenOutcryError as error:
        sys.exit(f"api: {error}")


def _found(config: ProcessConfig) -> ProcessConfig:
    """The configuration with the home's embedded database when one runs and none was named."""
    from db.embedded import running_url

    if config.database_url is not None:
        return config
    return config.model_copy(update={"database_url": running_url(config.home)})


if __name__ == "__main__":
    main()
