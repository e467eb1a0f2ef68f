"""``python -m api``: the REST and WebSocket API and the live page, on one port."""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from wire import logs
from wire.config import DEFAULT_PORTS


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m api", description="Open Outcry's REST and WebSocket API."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORTS["api"], help="port (default 8080)")
    parser.add_argument(
        "--home", help="folder of candles, logs and secrets (default OUTCRY_HOME or ~/.openoutcry)"
    )
    parser.add_argument(
        "--database-url", help="Postgres URL (default OUTCRY_DATABASE_URL, else the home's own)"
    )
    args = parser.parse_args(argv)

    from api.server import face_from_environment, serve  # --help answers without loading the server
    from wire.config import from_environment
    from wire.host import run

    config = from_environment("api", home=args.home, database_url=args.database_url, role="api")
    logs.configure("api")
    run(serve(config, args.port, replace(face_from_environment(), host=args.host)))


if __name__ == "__main__":
    main()
