"""Where market data comes from: the candle store, a generator, or an exchange's public data."""
