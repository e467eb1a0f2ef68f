"""Storage: the schema and its migrations, the ledger, reads, commands, candles, and the embedded Postgres server."""
