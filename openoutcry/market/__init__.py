"""Market data as values: candles, their faults, and a synthetic market with known truth."""
