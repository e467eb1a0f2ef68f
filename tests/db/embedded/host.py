"""A process that owns an embedded server: starts it, prints its URL and pid, ends it when stdin ends."""

import json
import sys
from pathlib import Path

from db.embedded import EmbeddedPostgres, EmbeddedPostgresError


def main() -> None:
    server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
    try:
        url = server.start()
    except EmbeddedPostgresError as refused:
        print(json.dumps({"error": str(refused)}), flush=True)
        sys.exit(3)
    print(json.dumps({"url": url, "pid": server.pid}), flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
