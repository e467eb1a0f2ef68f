"""Failed logins, counted by name and by address, shared by every API process."""

from datetime import timedelta

import asyncpg

WINDOW = timedelta(minutes=15)
LOCKED = timedelta(minutes=15)
BY_NAME = 5
BY_ADDRESS = 30
ATTEMPT = """
INSERT INTO login_failures AS f (subject, failures, since) VALUES ($1, 1, now())
ON CONFLICT (subject) DO UPDATE SET
    failures = CASE WHEN f.since < now() - $2::interval THEN 1 ELSE f.failures + 1 END,
    since = CASE WHEN f.since < now() - $2::interval THEN now() ELSE f.since END,
    locked_until = CASE
        WHEN f.locked_until > now() THEN f.locked_until
        WHEN f.since >= now() - $2::interval AND f.failures >= $3 THEN now() + $4::interval END
RETURNING coalesce(ceil(extract(epoch FROM locked_until - now())), 0)::int
"""
FORGET = "DELETE FROM login_failures WHERE subject = $1"
LESS = "UPDATE login_failures SET failures = failures - 1 WHERE subject = $1 AND failures > 0"
FORGET_OLD = "DELETE FROM login_failures WHERE since < now() - interval '1 day'"


async def attempt(pool: asyncpg.Pool, name: str, address: str) -> int:
    """Count an attempt as failed before it is checked, so that a burst gains nothing. Seconds to wait; 0 may try.

    After five in a quarter of an hour a name waits a quarter of an hour, after thirty an address.
    """
    waits = [
        await pool.fetchval(ATTEMPT, f"name:{name}", WINDOW, BY_NAME, LOCKED),
        await pool.fetchval(ATTEMPT, f"ip:{address}", WINDOW, BY_ADDRESS, LOCKED),
    ]
    await pool.execute(FORGET_OLD)
    return int(max(waits))


async def succeeded(pool: asyncpg.Pool, name: str, address: str) -> None:
    """The attempt was no failure. The name starts anew; the address does not, or one good login would buy many bad."""
    await pool.execute(FORGET, f"name:{name}")
    await pool.execute(LESS, f"ip:{address}")
