"""Filling the candle store from an exchange: what is missing, page by page, whatever the exchange does."""
