"""``python -m orchestrator``: the orchestrator by itself, as compose runs it."""

import argparse
import os

from orchestrator.run import run
from wire import logs
from wire.config import from_environment
from wire.namesakes import refuse_namesakes

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m orchestrator", description="Open Outcry's orchestrator.")
    parser.add_argument("--home", help="folder of logs and secrets (default OUTCRY_HOME or ~/.openoutcry)")
    parser.add_argument("--database-url", help="Postgres URL (default OUTCRY_DATABASE_URL)")
    args = parser.parse_args()
    refuse_namesakes()
    logs.configure("orchestrator")
    run(
        from_environment(
            "orchestrator",
            home=args.home,
            database_url=args.database_url or os.environ.get("OUTCRY_DATABASE_URL"),
            role="orchestrator",
        )
    )
