"""A practice exchange in Binance's dialect: an independent process with its own ledger. It imports nothing of the floor's."""
