"""``healthy.py PORT``: exit 0 when this container's process answers its health check."""

import sys
import urllib.error
import urllib.request

TIMEOUT_S = 2.5


def main(port: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=TIMEOUT_S) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as failed:
        print(f"not healthy: {failed}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
