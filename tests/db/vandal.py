"""Someone with full rights on the database and no respect: edits, deletes, swaps and inserts rows."""

from random import Random

import asyncpg

VERIFIED = ("cycles", "decisions", "votes", "approvals", "orders", "fills", "positions", "equity")
SESSION_COLUMNS = (
    *("org_id", "mode", "symbol", "hedge_symbol", "exchange", "timeframe", "source", "seed"),
    *("initial_capital", "final_capital", "config", "config_digest", "stats"),
    *("head_seq", "head_hash", "head_seal", "as_of"),
)
OTHER = {
    "uuid": "'00000000-0000-0000-0000-00000000dead'::uuid",
    "int4": "{0} + 1",
    "int8": "{0} + 1",
    "float8": "{0} + 0.001",
    "numeric": "{0} + 0.00000001",
    "bool": "NOT {0}",
    "timestamptz": "{0} + interval '1 microsecond'",
    "text": "{0} || 'x'",
    "jsonb": """'{{"tampered": 1}}'::jsonb""",
    "vector": "(SELECT array_agg(0.125::real) FROM generate_series(1, vector_dims({0})))::vector",
}
"""Another value of a column's type, made from its own."""
LEGAL = {
    "mode": "'LIVE'",
    "source": "'live'",
    "side": "CASE {0} WHEN 'BUY' THEN 'SELL' WHEN 'SELL' THEN 'BUY' WHEN 'LONG' THEN 'SHORT' ELSE 'LONG' END",
    "outcome": "CASE {0} WHEN 'SUCCESS' THEN 'FAILURE' ELSE 'SUCCESS' END",
}
"""The same for columns that only take certain words."""
NEW = {
    "id": "gen_random_uuid()",
    "seq": "seq + 1000",
    "client_order_id": "client_order_id || 'x'",
    "trade_id": "trade_id || 'x'",
    "ordinal": "ordinal + 1000",
}
"""A new identity for a copied row."""


class Vandal:
    """Works on one session. Every deed returns the table and column it touched, or None when nobody could do it."""

    def __init__(self, connection: asyncpg.Connection, session_id) -> None:
        self.connection, self.session_id = connection, session_id
        self.kinds: dict[str, dict[str, str]] = {}

    async def learn(self) -> None:
        """Read the schema, and keep a copy of every row."""
        await self.connection.execute("CREATE SCHEMA kept")
        for table in (*VERIFIED, "sessions"):
            rows = await self.connection.fetch(
                "SELECT column_name, udt_name FROM information_schema.columns"
                " WHERE table_name = $1 AND table_schema = 'public' ORDER BY ordinal_position",
                table,
            )
            found = {row["column_name"]: row["udt_name"] for row in rows}
            # Which transaction made a row is no part of what the record says; a standing instruction is a signed approval whose
            # signature is checked at every look (tests/mcp_servers/execution/live/test_protecting.py).
            self.kinds[table] = {
                name: kind for name, kind in found.items() if kind != "xid8" and name != "standing"
            }
            await self.connection.execute(f"CREATE TABLE kept.{table} AS SELECT * FROM public.{table}")

    async def restore(self, table: str) -> None:
        """Put the rows of a table back."""
        await self.connection.execute(f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept.{table}")

    async def edit(self, rng: Random, table: str, column: str | None = None) -> str | None:
        """Change one column of one row."""
        column = column or rng.choice(SESSION_COLUMNS if table == "sessions" else tuple(self.kinds[table]))
        row = await self._some_row(rng, table, f"{column} IS NOT NULL")
        if row is None:  # an empty column is filled in
            row = await self._some_row(rng, table)
            kind = self.kinds[table][column]
            plain = {"text": "'x'", "numeric": "1", "float8": "1", "timestamptz": "now()"}
            value = plain.get(kind) or OTHER[kind].format(column)
        else:
            value = LEGAL.get(column, OTHER[self.kinds[table][column]]).format(column)
        await self.connection.execute(f"UPDATE {table} SET {column} = {value} WHERE ctid = '{row}'")
        return column

    async def delete(self, rng: Random, table: str) -> str:
        """Remove one row."""
        row = await self._some_row(rng, table)
        await self.connection.execute(f"DELETE FROM {table} WHERE ctid = '{row}'")
        return "*"

    async def insert(self, rng: Random, table: str) -> str:
        """Copy a row under a new identity."""
        names = self.kinds[table]
        values = ", ".join(NEW.get(name, name) for name in names)
        row = await self._some_row(rng, table)
        await self.connection.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} WHERE ctid = '{row}'"
        )
        return "*"

    async def swap(self, rng: Random, table: str) -> str | None:
        """Exchange what two rows hold, but for their keys: everything, or one column."""
        fixed = (
            {"id", "client_order_id", "trade_id", "ordinal"}
            if "id" in self.kinds[table]
            else {"session_id", "seq"}
        )
        names = [name for name in self.kinds[table] if name not in fixed]
        names = [rng.choice(names)] if rng.random() < 0.5 else names
        listed = ", ".join(names)
        one, two = await self._some_row(rng, table), await self._some_row(rng, table)
        same = await self.connection.fetchval(
            f"SELECT (SELECT ROW({listed}) FROM {table} WHERE ctid = '{one}')"
            f" IS NOT DISTINCT FROM (SELECT ROW({listed}) FROM {table} WHERE ctid = '{two}')"
        )
        if same:
            return None
        pairs = ", ".join(f"{name} = other.{name}" for name in names)
        await self.connection.execute(
            f"UPDATE {table} t SET {pairs} FROM {table} other WHERE (t.ctid, other.ctid) IN"
            f" (('{one}'::tid, '{two}'::tid), ('{two}'::tid, '{one}'::tid))"
        )
        return names[0] if len(names) == 1 else "*"

    async def cut(self, rng: Random, last: int | None = None) -> str:
        """Cut the tail off everywhere, ``last`` being the record that is left to be the head."""
        head = await self.connection.fetchval("SELECT head_seq FROM sessions WHERE id = $1", self.session_id)
        last = rng.randrange(1, head) if last is None else last
        for table in VERIFIED:
            if "seq" in self.kinds[table]:
                await self.connection.execute(
                    f"DELETE FROM {table} WHERE session_id = $1 AND seq > $2", self.session_id, last
                )
        await self.connection.execute(
            "UPDATE sessions s SET head_seq = c.seq, head_hash = c.hash, head_seal = c.seal, as_of = c.as_of"
            " FROM cycles c WHERE s.id = $1 AND c.session_id = $1 AND c.seq = $2",
            self.session_id,
            last,
        )
        return "*"

    async def _some_row(self, rng: Random, table: str, where: str = "true") -> str | None:
        key = "id" if table == "sessions" else "session_id"
        rows = await self.connection.fetch(
            f"SELECT ctid::text FROM {table} WHERE {key} = $1 AND {where} ORDER BY ctid", self.session_id
        )
        return rng.choice(rows)["ctid"] if rows else None
