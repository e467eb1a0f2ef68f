"""The indicators server: what the candle store says, measured. Reads only, cut at ``as_of``."""
